#include "compile/npu/random_network.h"

#include <algorithm>
#include <cmath>

#include "graph/infer.h"

namespace quern {

namespace {

int64_t low_of(DType type) {
  return type == DType::int8 ? -128 : type == DType::int16 ? -32768 : 0;
}
int64_t high_of(DType type) {
  return type == DType::int8 ? 127 : type == DType::uint8 ? 255 : type == DType::int16 ? 32767 : 65535;
}

}  // namespace

float RandomNetwork::scale() {
  return static_cast<float>(std::exp2(static_cast<double>(pick(-70, -10)) / 10.0));
}

Quantization RandomNetwork::quantization(DType type) {
  const bool wide = type == DType::int16 || type == DType::uint16;
  const int64_t zero = wide ? (type == DType::int16 ? 0 : 32768) : pick(low_of(type), high_of(type));
  return {{wide ? scale() / 256 : scale()}, {static_cast<int32_t>(zero)}, 0};
}

Tensor RandomNetwork::codes(DType type, const Shape& shape) {
  Tensor tensor = *Tensor::make(type, shape);
  auto* bytes = static_cast<uint8_t*>(tensor.mutable_raw());
  for (int64_t i = 0; i < tensor.bytes(); ++i) bytes[i] = static_cast<uint8_t>(random_());
  return tensor;
}

ValueId RandomNetwork::input(const Shape& shape, DType type) {
  const ValueId id =
      graph_.add_value({"in" + std::to_string(graph_.values.size()), type, shape, true, quantization(type), {}});
  graph_.inputs.push_back(id);
  made_.push_back(id);
  return id;
}

ValueId RandomNetwork::result(DType type) {
  return graph_.add_value({"v" + std::to_string(graph_.values.size()), type, {}, false, quantization(type), {}});
}

ValueId RandomNetwork::weights(const Shape& shape, DType type, bool per_axis) {
  Tensor tensor = codes(type, shape);
  const int64_t count = per_axis ? shape[0] : 1;
  for (int64_t i = 0; i < count; ++i) {
    tensor.quantization.scales.push_back(scale() / 16);
    tensor.quantization.zero_points.push_back(type == DType::uint8 ? static_cast<int32_t>(pick(100, 150)) : 0);
  }
  return graph_.add_constant("w" + std::to_string(graph_.values.size()), std::move(tensor));
}

void RandomNetwork::add_bias(Op& op, ValueId x, ValueId w, int64_t count) {
  if (chance(25)) return;
  const bool wide = size_of(graph_.value(x).dtype) == 2;
  Tensor bias = *Tensor::make(wide && chance(50) ? DType::int64 : DType::int32, {count});
  for (int64_t i = 0; i < count; ++i) {
    const int64_t b = pick(-3000, 3000);
    if (bias.dtype() == DType::int64) bias.mutable_data<int64_t>()[static_cast<size_t>(i)] = b;
    if (bias.dtype() == DType::int32) bias.mutable_data<int32_t>()[static_cast<size_t>(i)] = static_cast<int32_t>(b);
  }
  for (float s : graph_.value(w).quantization.scales) {
    bias.quantization.scales.push_back(s * graph_.value(x).quantization.scales[0]);
    bias.quantization.zero_points.push_back(0);
  }
  op.inputs.push_back(graph_.add_constant("b" + std::to_string(graph_.values.size()), std::move(bias)));
}

/// Infers the operator; one that does not fit is taken away again.
bool RandomNetwork::finish(Op op) {
  op.name = "op" + std::to_string(graph_.ops.size());
  const std::vector<ValueId> outputs = op.outputs;
  if (!infer_op(graph_, op).ok()) return false;
  for (ValueId id : outputs) {
    int64_t size = 1;
    for (int64_t extent : graph_.value(id).shape) size *= extent;
    if (size == 0 || size > 200000) return false;
  }
  graph_.ops.push_back(std::move(op));
  made_.insert(made_.end(), outputs.begin(), outputs.end());
  return true;
}

bool RandomNetwork::add_conv(ValueId x) {
  const Shape in = graph_.value(x).shape;
  if (in.size() != 4) return false;
  ConvAttrs a;
  a.strides = {pick(1, 3), pick(1, 3)};
  a.dilations = {chance(20) ? 2 : 1, chance(20) ? 2 : 1};
  const int64_t kh = pick(1, 5);
  const int64_t kw = pick(1, 5);
  a.pads = {pick(0, kh - 1), pick(0, kw - 1), pick(0, kh - 1), pick(0, kw - 1)};
  a.groups = chance(30) ? in[3] : (in[3] % 2 == 0 && chance(20)) ? 2 : 1;
  if (chance(30)) a.clamp = {0, 6};
  const int64_t out = a.groups * pick(1, a.groups == 1 ? 40 : 2);
  const DType type = graph_.value(x).dtype;
  const ValueId w = weights({out, kh, kw, in[3] / a.groups}, chance(80) ? DType::int8 : DType::uint8, chance(60));
  Op op{OpKind::Conv, "", {x, w}, {}, a};
  add_bias(op, x, w, out);
  op.outputs = {result(type)};
  return finish(op);
}

bool RandomNetwork::add_conv_transpose(ValueId x) {
  const Shape in = graph_.value(x).shape;
  if (in.size() != 4) return false;
  ConvTransposeAttrs a;
  a.strides = {pick(1, 3), pick(1, 3)};
  const int64_t kh = pick(1, 4);
  const int64_t kw = pick(1, 4);
  a.pads = {pick(0, kh - 1), pick(0, kw - 1), pick(0, kh - 1), pick(0, kw - 1)};
  a.groups = chance(20) ? in[3] : 1;
  const int64_t out = a.groups * pick(1, a.groups == 1 ? 20 : 2);
  const ValueId w = weights({out, kh, kw, in[3] / a.groups}, DType::int8, chance(60));
  Op op{OpKind::ConvTranspose, "", {x, w}, {}, a};
  add_bias(op, x, w, out);
  op.outputs = {result(graph_.value(x).dtype)};
  return finish(op);
}

bool RandomNetwork::add_fully_connected(ValueId x) {
  const Shape in = graph_.value(x).shape;
  const int64_t out = pick(1, 60);
  const ValueId w = weights({out, in.back()}, DType::int8, chance(50));
  Op op{OpKind::FullyConnected, "", {x, w}, {}, ClampAttrs{}};
  add_bias(op, x, w, out);
  op.outputs = {result(graph_.value(x).dtype)};
  return finish(op);
}

bool RandomNetwork::add_matmul(ValueId x) {
  const Shape in = graph_.value(x).shape;
  if (in.size() < 2) return false;
  MatMulAttrs a;
  a.transpose_b = chance(50);
  Shape b = in;
  const int64_t columns = pick(1, 30);
  b[b.size() - 2] = a.transpose_b ? columns : in.back();
  b[b.size() - 1] = a.transpose_b ? in.back() : columns;
  const ValueId y = input(b, graph_.value(x).dtype);
  return finish({OpKind::MatMul, "", {x, y}, {result(graph_.value(x).dtype)}, a});
}

bool RandomNetwork::add_pool(ValueId x) {
  if (graph_.value(x).shape.size() != 4) return false;
  PoolAttrs a;
  a.kernel = {pick(1, 4), pick(1, 4)};
  a.strides = {pick(1, 3), pick(1, 3)};
  a.pads = {pick(0, a.kernel[0] - 1), pick(0, a.kernel[1] - 1), pick(0, a.kernel[0] - 1), pick(0, a.kernel[1] - 1)};
  a.ceil_mode = chance(30);
  a.count_include_pad = chance(20);
  const OpKind kind = chance(50) ? OpKind::MaxPool : OpKind::AveragePool;
  const ValueId y = result(graph_.value(x).dtype);
  if (chance(70)) graph_.value(y).quantization = graph_.value(x).quantization;
  return finish({kind, "", {x}, {y}, a});
}

/// Another value that broadcasts with x: one of the same shape, or one with extents of 1, or a constant.
ValueId RandomNetwork::value_like(ValueId x) {
  const DType type = graph_.value(x).dtype;
  const Shape shape = graph_.value(x).shape;
  if (chance(50)) {
    for (ValueId id : made_) {
      if (id != x && graph_.value(id).shape == shape && graph_.value(id).dtype == type) return id;
    }
  }
  Shape other = shape;
  if (chance(40)) {
    for (int64_t& extent : other) extent = chance(50) ? 1 : extent;
  }
  if (chance(60)) return input(other, type);
  Tensor constant = codes(type, other);
  constant.quantization = quantization(type);
  return graph_.add_constant("c" + std::to_string(graph_.values.size()), std::move(constant));
}

bool RandomNetwork::add_binary(ValueId x, ValueId y) {
  constexpr OpKind kKinds[] = {OpKind::Add, OpKind::Sub,   OpKind::Mul, OpKind::Max,
                               OpKind::Min, OpKind::PRelu, OpKind::Add};
  const OpKind kind = kKinds[pick(0, 6)];
  const bool turned = kind != OpKind::PRelu && chance(30);
  Op op{kind, "", {turned ? y : x, turned ? x : y}, {result(graph_.value(x).dtype)}, default_attrs(kind)};
  if (kind == OpKind::Add && chance(30)) std::get<ClampAttrs>(op.attrs).clamp = {0, 6};
  return finish(std::move(op));
}

bool RandomNetwork::add_unary(ValueId x) {
  constexpr OpKind kKinds[] = {OpKind::Relu,      OpKind::Sigmoid, OpKind::Tanh, OpKind::HardSwish,
                               OpKind::LeakyRelu, OpKind::Abs,     OpKind::Clip};
  const OpKind kind = kKinds[pick(0, 6)];
  Op op{kind, "", {x}, {result(graph_.value(x).dtype)}, default_attrs(kind)};
  if (kind == OpKind::LeakyRelu) std::get<UnaryAttrs>(op.attrs).alpha = 0.1;
  if (kind == OpKind::Clip) op.attrs = UnaryAttrs{-1, 3};
  return finish(std::move(op));
}

bool RandomNetwork::add_along(ValueId x) {
  const DType type = graph_.value(x).dtype;
  const ValueId y = result(type);
  const bool is_signed = type == DType::int8;
  if (is_signed || type == DType::uint8) graph_.value(y).quantization = {{1.0f / 256}, {is_signed ? -128 : 0}, 0};
  if (chance(60))
    return finish({OpKind::Softmax,
                   "",
                   {x},
                   {y},
                   SoftmaxAttrs{pick(0, static_cast<int64_t>(graph_.value(x).shape.size()) - 1), 1}});
  graph_.value(y).quantization = {{1.0f / 128}, {is_signed ? 0 : 128}, 0};
  return finish({OpKind::LpNorm, "", {x}, {y}, LpNormAttrs{-1, 2}});
}

bool RandomNetwork::add_reduce(ValueId x) {
  constexpr OpKind kKinds[] = {OpKind::ReduceMean, OpKind::ReduceMax, OpKind::ReduceSum, OpKind::ReduceMin};
  ReduceAttrs a;
  const auto rank = static_cast<int64_t>(graph_.value(x).shape.size());
  for (int64_t axis = 0; axis < rank; ++axis) {
    if (chance(50)) a.axes.push_back(axis);
  }
  if (a.axes.empty()) a.axes.push_back(rank - 1);
  a.keep_dims = chance(60);
  return finish({kKinds[pick(0, 3)], "", {x}, {result(graph_.value(x).dtype)}, a});
}

bool RandomNetwork::add_concat(ValueId x) {
  const DType type = graph_.value(x).dtype;
  const Shape shape = graph_.value(x).shape;
  const int64_t axis = pick(0, static_cast<int64_t>(shape.size()) - 1);
  Op op{OpKind::Concat, "", {x}, {}, AxisAttrs{axis}};
  const bool same = chance(60);
  for (int64_t i = pick(1, 3); i > 0; --i) {
    Shape other = shape;
    other[static_cast<size_t>(axis)] = pick(1, 9);
    ValueId y = kNoValue;
    for (ValueId id : made_) {
      if (id != x && graph_.value(id).shape.size() == shape.size() && graph_.value(id).dtype == type && chance(50))
        y = id;
    }
    if (y == kNoValue) y = input(other, type);
    op.inputs.push_back(y);
  }
  op.outputs = {result(type)};
  if (same) {
    graph_.value(op.outputs[0]).quantization = graph_.value(x).quantization;
  }
  return finish(std::move(op));
}

bool RandomNetwork::add_split(ValueId x) {
  const Shape shape = graph_.value(x).shape;
  const int64_t axis = pick(0, static_cast<int64_t>(shape.size()) - 1);
  const int64_t extent = shape[static_cast<size_t>(axis)];
  if (extent < 2) return false;
  const int64_t first = pick(1, extent - 1);
  SplitAttrs a{axis, {first, extent - first}};
  const ValueId y = result(graph_.value(x).dtype);
  const ValueId z = result(graph_.value(x).dtype);
  graph_.value(y).quantization = graph_.value(x).quantization;
  if (chance(80)) graph_.value(z).quantization = graph_.value(x).quantization;
  return finish({OpKind::Split, "", {x}, {y, z}, a});
}

bool RandomNetwork::add_slice(ValueId x) {
  const Shape shape = graph_.value(x).shape;
  SliceAttrs a;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (chance(40)) continue;
    const int64_t start = pick(0, shape[axis] - 1);
    const bool back = chance(15);
    a.axes.push_back(static_cast<int64_t>(axis));
    a.starts.push_back(start);
    a.ends.push_back(back ? -shape[axis] - 1 : pick(start + 1, shape[axis]));
    a.steps.push_back(back ? -pick(1, 2) : chance(60) ? 1 : pick(1, 3));
  }
  const ValueId y = result(graph_.value(x).dtype);
  graph_.value(y).quantization = graph_.value(x).quantization;
  return finish({OpKind::Slice, "", {x}, {y}, a});
}

bool RandomNetwork::add_pad(ValueId x) {
  const size_t rank = graph_.value(x).shape.size();
  PadAttrs a;
  a.pads.resize(2 * rank, 0);
  for (size_t i = 0; i < 2 * rank; ++i) a.pads[i] = chance(30) ? pick(0, 3) : 0;
  if (chance(20)) a.mode = PadMode::edge;
  const ValueId y = result(graph_.value(x).dtype);
  graph_.value(y).quantization = graph_.value(x).quantization;
  return finish({OpKind::Pad, "", {x}, {y}, a});
}

bool RandomNetwork::add_transpose(ValueId x) {
  const size_t rank = graph_.value(x).shape.size();
  TransposeAttrs a;
  for (size_t i = 0; i < rank; ++i) a.perm.push_back(static_cast<int64_t>(i));
  std::shuffle(a.perm.begin(), a.perm.end(), random_);
  const ValueId y = result(graph_.value(x).dtype);
  graph_.value(y).quantization = graph_.value(x).quantization;
  return finish({OpKind::Transpose, "", {x}, {y}, a});
}

bool RandomNetwork::add_resize(ValueId x) {
  const Shape shape = graph_.value(x).shape;
  if (shape.size() != 4) return false;
  ResizeAttrs a;
  a.mode = chance(50) ? ResizeMode::nearest : ResizeMode::linear;
  constexpr Coordinates kKinds[] = {Coordinates::half_pixel, Coordinates::asymmetric, Coordinates::align_corners,
                                    Coordinates::pytorch_half_pixel};
  a.coordinates = kKinds[pick(0, 3)];
  a.nearest = chance(50) ? NearestMode::floor : NearestMode::round_prefer_floor;
  if (chance(60)) {
    const auto factor = static_cast<float>(chance(70) ? 2 : 4);
    a.scales = {1, factor, chance(80) ? factor : 1, 1};
  } else {
    a.sizes = {shape[0], pick(1, 20), pick(1, 20), shape[3]};
  }
  const ValueId y = result(graph_.value(x).dtype);
  graph_.value(y).quantization = graph_.value(x).quantization;
  return finish({OpKind::Resize, "", {x}, {y}, a});
}

bool RandomNetwork::add_block(ValueId x) {
  if (graph_.value(x).shape.size() != 4) return false;
  const OpKind kind = chance(50) ? OpKind::DepthToSpace : OpKind::SpaceToDepth;
  const ValueId y = result(graph_.value(x).dtype);
  graph_.value(y).quantization = graph_.value(x).quantization;
  return finish({kind,
                 "",
                 {x},
                 {y},
                 BlockAttrs{2, chance(50)                     ? DepthOrder::dcr
                               : kind == OpKind::DepthToSpace ? DepthOrder::crd
                                                              : DepthOrder::dcr}});
}

bool RandomNetwork::add_requantize(ValueId x) {
  constexpr DType kTypes[] = {DType::int8, DType::uint8, DType::int16};
  return finish({OpKind::Quantize, "", {x}, {result(kTypes[pick(0, 2)])}, NoAttrs{}});
}

bool RandomNetwork::add_any(ValueId x) {
  if (graph_.value(x).shape.empty()) return chance(50) ? add_unary(x) : add_requantize(x);
  switch (pick(0, 21)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return add_conv(x);
    case 4:
      return add_conv_transpose(x);
    case 5:
      return add_fully_connected(x);
    case 6:
      return add_matmul(x);
    case 7:
    case 8:
      return add_pool(x);
    case 9:
    case 10:
      return add_binary(x, value_like(x));
    case 11:
    case 12:
      return add_unary(x);
    case 13:
      return add_along(x);
    case 14:
      return add_reduce(x);
    case 15:
      return add_concat(x);
    case 16:
      return add_split(x);
    case 17:
      return add_slice(x);
    case 18:
      return add_pad(x);
    case 19:
      return add_transpose(x);
    case 20:
      return chance(70) ? add_resize(x) : add_block(x);
    default:
      return add_requantize(x);
  }
}

Graph RandomNetwork::layer() {
  constexpr DType kTypes[] = {DType::int8, DType::int8, DType::uint8, DType::int16};
  while (true) {
    graph_ = {};
    made_.clear();
    Shape shape{chance(80) ? 1 : 2, pick(1, 20), pick(1, 20), pick(1, 40)};
    if (chance(15)) shape.erase(shape.begin());
    const ValueId x = input(shape, kTypes[pick(0, 3)]);
    if (!add_any(x)) continue;
    graph_.outputs = graph_.ops.back().outputs;
    return graph_;
  }
}

Graph RandomNetwork::network() {
  graph_ = {};
  made_.clear();
  input({1, pick(4, 20), pick(4, 20), pick(2, 24)}, chance(80) ? DType::int8 : DType::uint8);
  const int64_t wanted = pick(3, 12);
  for (int tries = 0; tries < 60 && static_cast<int64_t>(graph_.ops.size()) < wanted; ++tries) {
    const auto recent = static_cast<size_t>(
        pick(std::max<int64_t>(0, static_cast<int64_t>(made_.size()) - 3), static_cast<int64_t>(made_.size()) - 1));
    add_any(made_[recent]);
  }
  const Uses uses(graph_);
  for (const Op& op : graph_.ops) {
    for (ValueId id : op.outputs) {
      if (uses.consumers[static_cast<size_t>(id)].empty() || chance(10)) graph_.outputs.push_back(id);
    }
  }
  return graph_;
}

}  // namespace quern
