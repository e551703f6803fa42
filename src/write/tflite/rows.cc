#include "write/tflite/rows.h"

#include <algorithm>
#include <cmath>

namespace quern::tflite_writer {

const Row* find_row(OpKind kind) {
  using Rows = std::span<const Row> (*)();
  constexpr Rows kFamilies[] = {spatial_rows, linear_rows, elementwise_rows, reduce_rows, move_rows, resize_rows};
  for (const Rows rows : kFamilies) {
    for (const Row& row : rows()) {
      if (row.kind == kind) return &row;
    }
  }
  return nullptr;
}

namespace {

bool is_quantized(const Graph& graph, const Op& op) {
  const auto quantized = [&](ValueId id) { return id != kNoValue && !graph.value(id).quantization.empty(); };
  return std::ranges::any_of(op.inputs, quantized) || std::ranges::any_of(op.outputs, quantized);
}

/// A bound as its code: where a kernel clamps, by docs/quantization.md ("Bounds") under the fixed rule.
int64_t code_of(const FileTensor& tensor, float real) {
  const auto steps = std::round(real / tensor.quantization.scales[0]);
  const int64_t least = tensor.dtype == DType::int8 ? -128 : 0;
  if (std::isinf(steps)) return steps < 0 ? least : least + 255;
  return std::clamp(tensor.quantization.zero_points[0] + static_cast<int64_t>(steps), least, least + 255);
}

/// The activation that does the same to this tensor, if there is one.
std::optional<schema::Activation> activation_of(const Clamp& clamp, const FileTensor& tensor) {
  using A = schema::Activation;
  struct Known {
    A activation;
    Clamp clamp;
  };
  constexpr float kOpen = std::numeric_limits<float>::infinity();
  constexpr Known kKnown[] = {{A::NONE, {}}, {A::RELU, {0, kOpen}}, {A::RELU6, {0, 6}}, {A::RELU_N1_TO_1, {-1, 1}}};
  for (const Known& known : kKnown) {
    if (known.clamp == clamp) return known.activation;
  }
  if (tensor.quantization.empty()) return std::nullopt;
  for (const Known& known : kKnown) {
    if (code_of(tensor, known.clamp.low) == code_of(tensor, clamp.low) &&
        code_of(tensor, known.clamp.high) == code_of(tensor, clamp.high))
      return known.activation;
  }
  return std::nullopt;
}

}  // namespace

Call::Call(Context& context, const Op& operation, const Row& of_row)
    : cx(context),
      op(operation),
      row(of_row),
      quantized_(is_quantized(context.graph, operation)),
      integer_(quantized_ && of_row.integer != nullptr && of_row.integer(context.graph, operation)) {}

int Call::read(size_t i) {
  if (!has_input(i)) return kNone;
  const int tensor = cx.value(op.inputs[i]);
  return quantized_ && !integer_ ? cx.real(tensor) : tensor;
}

int Call::give(size_t i) {
  const int tensor = cx.value(op.outputs[i]);
  if (tensor == kNone || !quantized_ || integer_ || cx.tensor(tensor).quantization.empty()) return tensor;
  const int real = cx.add(cx.tensor(tensor).name + "_real", DType::float32, cx.tensor(tensor).shape);
  behind_.push_back({B::QUANTIZE, {real}, tensor});
  return real;
}

int Call::give_coded(int from, size_t i) {
  const int tensor = give(i);
  const FileTensor have = cx.tensor(from);
  const FileTensor want = cx.tensor(tensor);
  if (have.quantization == want.quantization && have.dtype == want.dtype) return tensor;
  const int coded = cx.add(want.name + "_coded", have.dtype, want.shape, have.quantization);
  behind_.push_back({B::QUANTIZE, {coded}, tensor});
  return coded;
}

int Call::bound(int like, float real, const char* suffix) {
  const FileTensor tensor = cx.tensor(like);
  Tensor number = Tensor::of<float>({}, {real});
  if (!tensor.quantization.empty()) {
    const int64_t code = code_of(tensor, real);
    number = tensor.dtype == DType::int8 ? Tensor::of<int8_t>({}, {static_cast<int8_t>(code)})
                                         : Tensor::of<uint8_t>({}, {static_cast<uint8_t>(code)});
    number.quantization = tensor.quantization;
  }
  return cx.constant(tensor.name + suffix, number);
}

void Call::clamp_behind(const Clamp& clamp, int& tensor) {
  const auto step = [&](B code, float real, const char* suffix) {
    if (std::isinf(real)) return;
    const int before = like(tensor, suffix);
    behind_.push_back({code, {before, bound(tensor, real, suffix)}, tensor});
    tensor = before;
  };
  step(B::MINIMUM, clamp.high, "_high");
  step(B::MAXIMUM, clamp.low, "_low");
}

Call::Clamped Call::give_clamped(const Clamp& clamp) {
  int tensor = give();
  if (const auto fused = activation_of(clamp, cx.tensor(tensor))) return {tensor, *fused};
  clamp_behind(clamp, tensor);
  return {tensor, schema::Activation::NONE};
}

int Call::give_clamped_behind(const Clamp& clamp) {
  using A = schema::Activation;
  int tensor = give();
  const auto fused = activation_of(clamp, cx.tensor(tensor));
  if (!fused) {
    clamp_behind(clamp, tensor);
    return tensor;
  }
  if (*fused == A::NONE) return tensor;
  const int before = like(tensor, "_linear");
  const B code = *fused == A::RELU ? B::RELU : *fused == A::RELU6 ? B::RELU6 : B::RELU_N1_TO_1;
  behind_.push_back({code, {before}, tensor});
  return before;
}

int Call::requantized(int x) {
  const FileTensor want = cx.tensor(cx.value(op.outputs[0]));
  const FileTensor have = cx.tensor(x);
  if (!integer() || (have.quantization == want.quantization && have.dtype == want.dtype)) return x;
  const int out = cx.add(have.name + "_requantized", want.dtype, have.shape, want.quantization);
  cx.op(B::QUANTIZE, {x}, {out});
  return out;
}

int Call::like(int x, const char* suffix) {
  return like(x, suffix, Shape(cx.tensor(x).shape));
}

int Call::like(int x, const char* suffix, const Shape& shape) {
  const FileTensor from = cx.tensor(x);
  return cx.add(name() + suffix, from.dtype, shape, from.quantization);
}

void Call::settle() {
  for (size_t i = behind_.size(); i-- > 0;) cx.op(behind_[i].code, behind_[i].inputs, {behind_[i].output});
  behind_.clear();
}

Error Call::refuse(ErrorCode code, const std::string& sentence) const {
  const std::string kind(info(op.kind).name);
  return Error{code, fmt::format("{} '{}': {}", kind, op.name, sentence), "", op.name, kind};
}

Status write_plain(Call& call) {
  Indices inputs;
  Indices outputs;
  for (size_t i = 0; i < call.op.inputs.size(); ++i) inputs.push_back(call.read(i));
  for (size_t i = 0; i < call.op.outputs.size(); ++i) outputs.push_back(call.give(i));
  call.cx.op(call.row.code, inputs, outputs);
  return {};
}

}  // namespace quern::tflite_writer
