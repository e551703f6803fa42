#include "quern/compile.h"

#include "plan/describe.h"
#include "plan/plan.h"

namespace quern {

CompiledModel::CompiledModel(Plan plan, Placement placement)
    : plan_(std::make_shared<const Plan>(std::move(plan))), placement_(std::move(placement)) {}

Arithmetic CompiledModel::arithmetic() const {
  return plan_->arithmetic;
}
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
