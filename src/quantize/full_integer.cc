#include "quantize/full_integer.h"

#include <algorithm>

#include "base/error.h"
#include "graph/infer.h"
#include "quantize/assign.h"

namespace quern {

namespace {

/// TFLite's coordinate systems; any other is computed in float.
bool has_integer_resize(const ResizeAttrs& attrs) {
  if (attrs.mode == ResizeMode::nearest) return true;
  return attrs.mode == ResizeMode::linear && !attrs.antialias &&
         (attrs.coordinates == Coordinates::half_pixel || attrs.coordinates == Coordinates::align_corners ||
          attrs.coordinates == Coordinates::asymmetric || attrs.coordinates == Coordinates::pytorch_half_pixel);
}

bool reduces_last_axis(const Graph& graph, const Op& op, int64_t axis) {
  return axis == static_cast<int64_t>(graph.value(op.inputs[0]).shape.size()) - 1;
}

Quantization of(float scale, int32_t zero_point) {
  return {{scale}, {zero_point}, 0};
}

}  // namespace

bool has_integer_kernel(const Graph& graph, const Op& op) {
  switch (op.kind) {
    case OpKind::Conv:
    case OpKind::ConvTranspose:
    case OpKind::FullyConnected:
      return has_constant_weights(graph, op);
    case OpKind::MatMul:
    case OpKind::MaxPool:
    case OpKind::AveragePool:
    case OpKind::SpaceToDepth:
    case OpKind::DepthToSpace:
    case OpKind::Add:
    case OpKind::Sub:
    case OpKind::Mul:
    case OpKind::Max:
    case OpKind::Min:
    case OpKind::PRelu:
    case OpKind::Where:
    case OpKind::Relu:
    case OpKind::Clip:
    case OpKind::LeakyRelu:
    case OpKind::HardSwish:
    case OpKind::Sigmoid:
    case OpKind::Tanh:
    case OpKind::Abs:
    case OpKind::Softmax:
    case OpKind::LogSoftmax:
    case OpKind::ReduceMean:
    case OpKind::ReduceMax:
    case OpKind::ReduceMin:
    case OpKind::ArgMax:
    case OpKind::ArgMin:
      return true;
    case OpKind::LpNorm:
      return std::get<LpNormAttrs>(op.attrs).p == 2 &&
             reduces_last_axis(graph, op, std::get<LpNormAttrs>(op.attrs).axis);
    case OpKind::Resize:
      return has_integer_resize(std::get<ResizeAttrs>(op.attrs));
    case OpKind::OneHot:
    case OpKind::GatherElements:
      return false;
    default:
      return info(op.kind).family == OpFamily::move;
  }
}

bool needs_one_scale(const Op& op) {
  switch (op.kind) {
    case OpKind::MaxPool:
    case OpKind::AveragePool:
    case OpKind::DepthToSpace:
    case OpKind::SpaceToDepth:
    case OpKind::Max:
    case OpKind::Min:
    case OpKind::Where:
    case OpKind::ReduceMax:
    case OpKind::ReduceMin:
      return true;
    default:
      return info(op.kind).family == OpFamily::move && op.kind != OpKind::OneHot;
  }
}

Quantization demanded_quantization(const Op& op) {
  switch (op.kind) {
    case OpKind::Sigmoid:
    case OpKind::Softmax:
      return of(1.0F / 256, -128);
    case OpKind::LogSoftmax:
      return of(16.0F / 256, 127);
    case OpKind::Tanh:
    case OpKind::LpNorm:
      return of(1.0F / 128, 0);
    default:
      return {};
  }
}

namespace {

/// The pieces that stand for one operator of the graph, in order; the last gives what it gave.
class Speller {
 public:
  explicit Speller(Graph& graph) : graph_(graph) {}

  void run() {
    std::vector<Op> ops = std::move(graph_.ops);
    graph_.ops.clear();
    for (Op& op : ops) {
      if (op.kind == OpKind::Swish) {
        swish(op);
      } else if (op.kind == OpKind::HardSigmoid && std::get<UnaryAttrs>(op.attrs).alpha > 0) {
        hard_sigmoid(op);
      } else {
        graph_.ops.push_back(std::move(op));
      }
    }
  }

 private:
  ValueId value_like(ValueId id, const char* suffix) {
    Value value = graph_.value(id);
    value.name = graph_.fresh_name(value.name + suffix);
    value.symbols.clear();
    return graph_.add_value(std::move(value));
  }

  ValueId number(ValueId like, const char* suffix, double value) {
    return graph_.add_constant(graph_.fresh_name(graph_.value(like).name + suffix),
                               Tensor::of<float>({}, {static_cast<float>(value)}));
  }

  void add(OpKind kind, const std::string& name, std::vector<ValueId> inputs, ValueId output, Attrs attrs) {
    graph_.ops.push_back({kind, name, std::move(inputs), {output}, std::move(attrs), {}});
  }

  /// x * sigmoid(alpha * x)
  void swish(const Op& op) {
    const double alpha = std::get<UnaryAttrs>(op.attrs).alpha;
    const ValueId x = op.inputs[0];
    const ValueId y = op.outputs[0];
    ValueId scaled = x;
    if (alpha != 1) {
      scaled = value_like(y, "_scaled");
      add(OpKind::Mul, op.name + "_scale", {x, number(y, "_alpha", alpha)}, scaled, ClampAttrs{});
    }
    const ValueId gate = value_like(y, "_gate");
    add(OpKind::Sigmoid, op.name + "_gate", {scaled}, gate, NoAttrs{});
    add(OpKind::Mul, op.name, {x, gate}, y, ClampAttrs{});
  }

  /// clamp(x + beta / alpha, 0, 1 / alpha) * alpha: with alpha 1/6 the clamp is that of a ReLU6.
  void hard_sigmoid(const Op& op) {
    const auto [alpha, beta] = std::get<UnaryAttrs>(op.attrs);
    const ValueId y = op.outputs[0];
    const ValueId moved = value_like(y, "_moved");
    // 1 / alpha of a float alpha is a whole number only nearly.
    const float high = std::abs(1 / alpha - std::round(1 / alpha)) < 1e-4 ? static_cast<float>(std::round(1 / alpha))
                                                                          : static_cast<float>(1 / alpha);
    add(OpKind::Add, op.name + "_move", {op.inputs[0], number(y, "_shift", beta / alpha)}, moved,
        ClampAttrs{.clamp = {0, high}});
    add(OpKind::Mul, op.name, {moved, number(y, "_alpha", alpha)}, y, ClampAttrs{});
  }

  Graph& graph_;
};

}  // namespace

Status spell_out(Graph& graph) {
  Speller(graph).run();
  return infer(graph);
}

}  // namespace quern
