// Whether a target's NPU takes an operator: one limit after the other, each a test and its sentence.
#pragma once

#include <optional>
#include <string>

#include "compile/lower.h"
#include "targets/sim/profile.h"

namespace quern::npu {

/// What limits ask about.
struct Facts {
  const Plan& plan;
  const PlanStep& step;
  const TargetProfile& profile;
  const PlanStep* before = nullptr;  ///< the step that makes input 0; null: none, or an input of the model
};

/// Nothing when the NPU takes the operator; else why not, with the value, the limit, and what would help.
std::optional<std::string> refusal(const Facts& facts);

/// One limit: `stated` says what a rule asks, for the page of supported operators ("" when it asks nothing), `broken`
/// what an operator breaks.
struct Limit {
  const char* name;
  std::string (*stated)(const OperatorRule& rule);
  std::optional<std::string> (*broken)(const OperatorRule& rule, const Facts& facts);
};
std::span<const Limit> limits();

}  // namespace quern::npu
