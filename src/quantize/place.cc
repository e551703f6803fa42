#include "quantize/place.h"

namespace quern {

void place_product(Graph& graph, const Graph& real, size_t index, Tensor weights, Tensor bias) {
  const Op& from = real.ops[index];
  const auto put = [&](size_t slot, const std::string& wish, Tensor tensor) {
    Op& op = graph.ops[index];
    if (op.inputs.size() <= slot) op.inputs.resize(slot + 1, kNoValue);
    const bool placed = op.inputs[slot] != kNoValue && static_cast<size_t>(op.inputs[slot]) >= real.values.size();
    if (placed) {
      Value& value = graph.value(op.inputs[slot]);
      value.quantization = tensor.quantization;
      value.constant = std::move(tensor);
      return;
    }
    const ValueId id = graph.add_constant(graph.fresh_name(wish), std::move(tensor));
    graph.ops[index].inputs[slot] = id;
  };
  put(1, real.value(from.inputs[1]).name + "_quantized", std::move(weights));
  const bool named = from.inputs.size() > 2 && from.inputs[2] != kNoValue;
  put(2, (named ? real.value(from.inputs[2]).name : from.name + "_bias") + "_quantized", std::move(bias));
}

}  // namespace quern
