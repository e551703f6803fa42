// The layers of a plan, as the estimate wants them.
#include <algorithm>
#include <map>

#include "targets/sim/estimate.h"

namespace quern {

namespace {

int64_t product(const Shape& shape, size_t begin, size_t end) {
  int64_t count = 1;
  for (size_t i = begin; i < end; ++i) count *= shape[i];
  return count;
}

/// Whether the step costs nothing of its own: it says where bytes stand.
bool stays_in_place(OpKind kind) {
  constexpr OpKind kMoves[] = {OpKind::Concat,  OpKind::Split,   OpKind::Slice,     OpKind::Reshape,
                               OpKind::Flatten, OpKind::Squeeze, OpKind::Unsqueeze, OpKind::Identity};
  return std::ranges::find(kMoves, kind) != std::end(kMoves) || info(kind).family == OpFamily::shape;
}

class LayerMaker {
 public:
  explicit LayerMaker(const Plan& plan) : plan_(plan) {
    for (const PlanStep& step : plan.steps) {
      for (const int input : step.inputs) {
        if (input >= 0) ++readers_[input];
      }
    }
    for (const int output : plan.outputs) ++readers_[output];
  }

  std::vector<EstimateLayer> run() {
    for (const PlanStep& step : plan_.steps) {
      const int host = host_of(step);
      if (host >= 0) {
        layers_[static_cast<size_t>(host)].activation = step.kind;
        remember(step.outputs[0], host);
      } else {
        add(step);
      }
    }
    return std::move(layers_);
  }

 private:
  const PlanValue& value(int index) const { return plan_.values[static_cast<size_t>(index)]; }
  bool is_constant(int index) const { return index >= 0 && value(index).constant >= 0; }

  /// The convolution that carries this element-wise step out with itself, or -1.
  int host_of(const PlanStep& step) const {
    if (info(step.kind).family != OpFamily::unary || step.inputs.empty() || readers_.at(step.inputs[0]) != 1) return -1;
    const int producer = producer_of(step.inputs[0]);
    if (producer < 0) return -1;
    const EstimateLayer& layer = layers_[static_cast<size_t>(producer)];
    const bool convolves = layer.kind == WorkKind::conv || layer.kind == WorkKind::depthwise;
    return convolves && !layer.activation ? producer : -1;
  }

  /// The layer that made a value, or -1. A view of a value is another value in the same place.
  int producer_of(int index) const {
    if (const auto made = makers_.find(index); made != makers_.end()) return made->second;
    const auto place = places_.find(value(index).offset);
    const bool from_outside = std::ranges::find(plan_.inputs, index) != plan_.inputs.end();
    return place == places_.end() || from_outside ? -1 : place->second;
  }

  void remember(int index, int layer) {
    makers_[index] = layer;
    if (value(index).offset >= 0) places_[value(index).offset] = layer;
  }

  void add(const PlanStep& step) {
    EstimateLayer layer;
    layer.name = step.name;
    for (const int input : step.inputs) {
      if (input < 0) continue;
      if (is_constant(input)) {
        layer.weight_bytes += value(input).bytes;
      } else {
        layer.operands.push_back({producer_of(input), value(input).bytes});
      }
    }
    for (const int output : step.outputs) layer.output_bytes += value(output).bytes;
    const DType type = step.inputs.empty() || step.inputs[0] < 0 ? DType::int8 : value(step.inputs[0]).dtype;
    layer.wide = type == DType::int16 || type == DType::uint16;
    describe(step, layer);
    layers_.push_back(std::move(layer));
    for (const int output : step.outputs) remember(output, static_cast<int>(layers_.size()) - 1);
  }

  void describe(const PlanStep& step, EstimateLayer& layer) const {
    if (step.kind == OpKind::Conv || step.kind == OpKind::ConvTranspose) return describe_conv(step, layer);
    if (step.kind == OpKind::FullyConnected) return describe_fully_connected(step, layer);
    if (step.kind == OpKind::MatMul) return describe_matmul(step, layer);
    const bool joins = (step.kind == OpKind::Add || step.kind == OpKind::Mul) && layer.operands.size() == 2;
    layer.kind = joins ? WorkKind::join : WorkKind::vector;
    if (stays_in_place(step.kind)) layer.kind = WorkKind::move;
  }

  void describe_conv(const PlanStep& step, EstimateLayer& layer) const {
    const bool transposed = step.kind == OpKind::ConvTranspose;
    const Shape& weights = value(step.inputs[1]).shape;  // O KH KW I
    const Shape& in = value(step.inputs[0]).shape;
    const Shape& out = value(step.outputs[0]).shape;
    layer.groups =
        transposed ? std::get<ConvTransposeAttrs>(step.attrs).groups : std::get<ConvAttrs>(step.attrs).groups;
    layer.cin = in.back();
    layer.cout = out.back();
    layer.kernel = {product(weights, 1, weights.size() - 2), weights[weights.size() - 2]};
    const Shape& counted = transposed ? in : out;
    layer.pixels = product(counted, 0, counted.size() - 1);
    layer.kind = layer.groups > 1 && layer.groups == layer.cin ? WorkKind::depthwise : WorkKind::conv;
  }

  void describe_fully_connected(const PlanStep& step, EstimateLayer& layer) const {
    const Shape& in = value(step.inputs[0]).shape;
    layer.kind = WorkKind::conv;
    layer.cin = in.back();
    layer.cout = value(step.outputs[0]).shape.back();
    layer.pixels = product(in, 0, in.size() - 1);
  }

  /// A [..., M, K] times [..., K, N] is a 1x1 convolution of M positions a product of the leading extents.
  void describe_matmul(const PlanStep& step, EstimateLayer& layer) const {
    const Shape& left = value(step.inputs[0]).shape;
    const Shape& out = value(step.outputs[0]).shape;
    const bool transposed = std::get<MatMulAttrs>(step.attrs).transpose_a;
    const int64_t in_count = left.empty() ? 1 : left[left.size() - (transposed && left.size() > 1 ? 2 : 1)];
    layer.kind = WorkKind::conv;
    layer.cin = in_count;
    layer.cout = out.empty() ? 1 : out.back();
    layer.pixels = product(out, 0, out.empty() ? 0 : out.size() - 1);
  }

  const Plan& plan_;
  std::map<int, int> readers_;     ///< of each value, outputs of the model among them
  std::map<int, int> makers_;      ///< value to layer
  std::map<int64_t, int> places_;  ///< offset in the arena to the layer that wrote there last
  std::vector<EstimateLayer> layers_;
};

}  // namespace

std::vector<EstimateLayer> layers_of(const Plan& plan) {
  return LayerMaker(plan).run();
}

}  // namespace quern
