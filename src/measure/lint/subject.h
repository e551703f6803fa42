// What the rules of lint look at, and where they put what they find.
#pragma once

#include <optional>

#include "measure/lint/seen.h"
#include "quantize/assign.h"
#include "quern/quantize.h"

namespace quern {

/// One model, at every stage that a rule may ask for.
struct LintSubject {
  const Graph& read;                       ///< as the file has it
  const Graph* ready = nullptr;            ///< prepared; none while a shape is open
  const Assignment* assignment = nullptr;  ///< none when there is nothing to quantize
  std::string refusal;                     ///< why there is no assignment
  const Seen* seen = nullptr;              ///< none without data
  const LintOptions& options;
};

/// Collects what one rule finds.
class Findings {
 public:
  Findings(const LintRule& rule, std::vector<LintFinding>& all) : rule_(rule), all_(all) {}

  void add(std::string op, std::string value, std::string message, std::optional<LintLevel> level = {}) {
    all_.push_back(
        {rule_.name, level.value_or(rule_.level), std::move(op), std::move(value), std::move(message), rule_.advice});
  }

 private:
  const LintRule& rule_;
  std::vector<LintFinding>& all_;
};

// The rules, by the name in the table of lint.cc.

void find_not_a_float_model(const LintSubject& subject, Findings& findings);
void find_dynamic_shape(const LintSubject& subject, Findings& findings);
void find_unused_input(const LintSubject& subject, Findings& findings);
void find_constant_output(const LintSubject& subject, Findings& findings);
void find_double_softmax(const LintSubject& subject, Findings& findings);
void find_activation_after_concat(const LintSubject& subject, Findings& findings);
void find_joined_scores(const LintSubject& subject, Findings& findings);
void find_no_integer_kernel(const LintSubject& subject, Findings& findings);

void find_not_finite_weights(const LintSubject& subject, Findings& findings);
void find_wide_channel_weights(const LintSubject& subject, Findings& findings);
void find_constant_channels(const LintSubject& subject, Findings& findings);
void find_huge_bias(const LintSubject& subject, Findings& findings);

void find_input_mismatch(const LintSubject& subject, Findings& findings);
void find_input_range(const LintSubject& subject, Findings& findings);
void find_same_samples(const LintSubject& subject, Findings& findings);
void find_wide_concat(const LintSubject& subject, Findings& findings);

}  // namespace quern
