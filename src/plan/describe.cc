#include "plan/describe.h"

namespace quern {

std::vector<ValueInfo> describe(const Plan& plan, const std::vector<int>& ids) {
  std::vector<ValueInfo> infos;
  for (int id : ids) {
    const PlanValue& value = plan.values[static_cast<size_t>(id)];
    infos.push_back({value.name, value.dtype, value.shape, true, value.quantization, value.constant >= 0, {}});
  }
  return infos;
}

}  // namespace quern
