// Simulated targets for people: the rows of `quern targets`, and one of them in full (describe_target of
// quern/compile.h).
#pragma once

#include <string>
#include <vector>

#include "quern/compile.h"
#include "targets/sim/profile.h"

namespace quern {

/// The shipped profiles as "sim:NAME", in the order of their names.
std::vector<TargetInfo> simulated_targets();

/// A rule's limits, each in words; the same words say in a refusal what is allowed.
std::vector<std::string> limits_of(const OperatorRule& rule);

}  // namespace quern
