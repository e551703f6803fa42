#include "measure/compare/trials.h"

#include "measure/compare/float_twin.h"

namespace quern {

std::vector<Trial> trials_for(const Sides& sides, const std::vector<Layer>& layers, size_t index) {
  std::vector<Trial> trials;
  if (layers[index].tied) return trials;
  add_input_trials(sides, layers[index], trials);
  add_range_trials(sides, layers, index, trials);
  add_weight_trials(sides, layers[index], trials);
  return trials;
}

Result<Tensor> stored_with(const Sides& sides, const Layer& layer, std::vector<const Tensor*> inputs) {
  const Op& op = sides.twin->ops[static_cast<size_t>(layer.op)];
  auto results = run_operator(*sides.twin, op, inputs, *sides.pool);
  if (!results.ok()) return results.status();
  const Value& value = sides.candidate->value(layer.value);
  return rounded_to((*results)[layer.slot], value.dtype, value.quantization);
}

}  // namespace quern
