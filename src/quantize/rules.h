// The user's rules, found in a graph.
#pragma once

#include <string>
#include <vector>

#include "quantize/assign.h"

namespace quern {

/// The names of operators whose arithmetic the rules keep float. Errors: invalid_file naming the rule that selects
/// nothing.
Result<std::vector<std::string>> kept_by_rules(const Graph& graph, const std::vector<QuantizeRule>& rules);

/// Whether a rule that nothing is left for is a mistake.
enum class RuleCheck : uint8_t { must_change_something, may_change_nothing };

struct RuleGround {
  DType type = DType::int8;  ///< of activations
  bool symmetric = false;
  RuleCheck check = RuleCheck::must_change_something;
};

/// Pins fixed ranges and notes the other choices in the assignment. Errors: invalid_file naming the rule: it selects
/// nothing, changes nothing, or contradicts another about values that are tied.
Status apply_rules(Assignment& assignment, const std::vector<QuantizeRule>& rules, const RuleGround& ground);

}  // namespace quern
