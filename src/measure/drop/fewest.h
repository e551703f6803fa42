// The fewest operators that must be kept for a limit to hold. Knows models only as what a trial says of them.
#pragma once

#include <functional>
#include <vector>

#include "measure/drop/steps.h"

namespace quern {

/// The drop of the model with this kept, in the limit's terms.
using TryKept = std::function<Result<double>(const std::vector<DropStep>& kept)>;

/// Steps with the greatest burden an operator come first; the least number of them that meets the limit is found by
/// halving. Then each is taken back, the least burden first, where the limit holds without it, so that none of those
/// left can be missed. All steps, when even they do not meet the limit.
Result<std::vector<DropStep>> fewest_kept(std::vector<DropStep> steps, double most, const TryKept& drop_with);

}  // namespace quern
