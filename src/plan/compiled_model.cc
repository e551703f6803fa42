#include "quern/compile.h"

#include "plan/plan.h"

namespace quern {

namespace {

std::vector<ValueInfo> describe(const Plan& plan, const std::vector<int>& ids) {
  std::vector<ValueInfo> infos;
  for (int id : ids) {
    const PlanValue& value = plan.values[static_cast<size_t>(id)];
    infos.push_back({value.name, value.dtype, value.shape, true, value.quantization, value.constant >= 0, {}});
  }
  return infos;
}

}  // namespace

CompiledModel::CompiledModel(Plan plan, Placement placement)
    : plan_(std::make_shared<const Plan>(std::move(plan))), placement_(std::move(placement)) {}

std::vector<ValueInfo> CompiledModel::inputs() const {
  return describe(*plan_, plan_->inputs);
}
std::vector<ValueInfo> CompiledModel::outputs() const {
  return describe(*plan_, plan_->outputs);
}
int64_t CompiledModel::arena_bytes() const {
  return plan_->arena_bytes;
}

}  // namespace quern
