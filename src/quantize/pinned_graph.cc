// From pins to an integer graph: nothing is measured.
#include <algorithm>

#include "base/error.h"
#include "graph/infer.h"
#include "graph/verify.h"
#include "quantize/place.h"
#include "quantize/table.h"
#include "quantize/weights.h"

namespace quern {

namespace {

std::vector<float> own_bias(const Graph& graph, const Op& op, size_t channels) {
  if (op.inputs.size() < 3 || op.inputs[2] == kNoValue) return std::vector<float>(channels, 0);
  const auto values = graph.value(op.inputs[2]).constant->data<float>();
  if (values.size() == 1) return std::vector<float>(channels, values[0]);
  return {values.begin(), values.end()};
}

/// Takes weights out of their nearest codes. Requires elements within the tensor.
void round_otherwise(Tensor& weights, const std::vector<RoundedWeight>& rounded) {
  auto codes = weights.mutable_data<int8_t>();
  for (const RoundedWeight& weight : rounded) {
    int8_t& code = codes[static_cast<size_t>(weight.element)];
    code = static_cast<int8_t>(std::clamp(code + weight.step, -128, 127));
  }
}

bool is_used(const Uses& uses, size_t id) {
  return !uses.consumers[id].empty() || uses.is_output[id];
}

}  // namespace

std::string first_unpinned(const Assignment& assignment) {
  const Graph& graph = assignment.graph;
  const Uses uses(graph);
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    if (assignment.integer[i] && assignment.pins.product(i) == nullptr) return graph.value(graph.ops[i].inputs[1]).name;
    for (ValueId id : graph.ops[i].outputs) {
      const auto at = static_cast<size_t>(id);
      if (id == kNoValue || !assignment.stored[at] || !is_used(uses, at)) continue;
      if (assignment.pins.value(at) == nullptr) return graph.value(id).name;
    }
  }
  return "";
}

Result<ProductTensors> pinned_product(const Assignment& assignment, size_t index, float input_scale) {
  const Graph& graph = assignment.graph;
  const Op& op = graph.ops[index];
  const ProductPin& pin = *assignment.pins.product(index);
  ProductTensors made;
  QUERN_TRY(made.weights, quantize_weights(*graph.value(op.inputs[1]).constant, pin.scales));
  round_otherwise(made.weights, pin.rounded);
  const std::vector<float> bias = pin.bias.empty() ? own_bias(graph, op, pin.scales.size()) : pin.bias;
  // Sums of 16-bit inputs have 64 bits; in 32 bits half is left for the products.
  const double most = assignment.wide[static_cast<size_t>(op.inputs[0])] ? 2147483647.0 : 1 << 30;
  for (size_t c = 0; c < bias.size(); ++c) {
    if (std::abs(double{bias[c]}) <= most * double{input_scale} * double{pin.scales[c]}) continue;
    return fail(ErrorCode::invalid_file,
                "the scale {} of channel {} of weights '{}' is too small: the bias {} does not fit 32 bits",
                pin.scales[c], c, graph.value(op.inputs[1]).name, bias[c]);
  }
  QUERN_TRY(made.bias, quantize_bias(bias, input_scale, pin.scales));
  return made;
}

Result<Graph> pinned_graph(const Assignment& assignment, DType type) {
  Graph graph = assignment.graph;
  for (size_t id = 0; id < assignment.stored.size(); ++id) {
    const Quantization* pin = assignment.pins.value(id);
    if (!assignment.stored[id] || pin == nullptr) continue;
    graph.values[id].dtype = assignment.wide[id] ? DType::int16 : type;
    graph.values[id].quantization = *pin;
  }
  for (size_t i = 0; i < assignment.graph.ops.size(); ++i) {
    if (!assignment.integer[i]) continue;
    const Quantization& input = graph.value(graph.ops[i].inputs[0]).quantization;
    QUERN_TRY(ProductTensors made, pinned_product(assignment, i, input.scales[0]));
    place_product(graph, assignment.graph, i, std::move(made.weights), std::move(made.bias));
  }
  compact(graph);
  QUERN_CHECK(infer(graph));
  QUERN_CHECK(verify(graph));
  return graph;
}

}  // namespace quern
