// Values of a plan as the public face shows them.
#pragma once

#include <vector>

#include "plan/plan.h"
#include "quern/model.h"

namespace quern {

/// The values of these indices, in order.
std::vector<ValueInfo> describe(const Plan& plan, const std::vector<int>& ids);

}  // namespace quern
