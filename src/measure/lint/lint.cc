// The rules in their order, and the driver that shows each what it needs.
#include <algorithm>
#include <array>

#include "base/error.h"
#include "measure/lint/subject.h"
#include "measure/patterns.h"
#include "quern/compile.h"

namespace quern {

namespace {

using enum LintLevel;

struct Row {
  LintRule rule;
  void (*find)(const LintSubject& subject, Findings& findings);
};

constexpr Row kRows[] = {
    {{"not-a-float-model", error, false, "the model is quantized already, or has no matrix operator",
      "find the file as it was before quantization, or another model"},
     find_not_a_float_model},
    {{"dynamic-shape", error, false, "an extent of an input is not fixed, other than a batch that Quern takes as 1",
      "fix it by --shape NAME:DIMS; rules that need shapes are skipped until then"},
     find_dynamic_shape},
    {{"unused-input", warning, false, "nothing reads an input",
      "export the model again; the input may have been folded"},
     find_unused_input},
    {{"constant-output", warning, false, "an output does not depend on any input",
      "export the model again; tracing may have turned a branch into a constant"},
     find_constant_output},
    {{"not-finite-weights", error, false, "weights hold infinities or NaN",
      "repair or train the weights again: there is no range to quantize to"},
     find_not_finite_weights},
    {{"double-softmax", warning, false, "a Softmax or Sigmoid reads the output of another one",
      "take one out: often the model has one and the exporting wrapper adds one"},
     find_double_softmax},
    {{"activation-after-concat", warning, false,
      "an activation stands behind a Concat whose inputs are stored with one scale",
      "put the activation before the Concat, on each input: the numbers are the same, and it is computed by the "
      "operators before"},
     find_activation_after_concat},
    {{"joined-scores", warning, false, "a Concat joins scores in 0..1 with numbers of another range",
      "take the outputs before the Concat, or keep it in float (--keep-float)"},
     find_joined_scores},
    {{"wide-channel-weights", warning, false,
      "weights whose output channels differ in range by more than 1:1000 (a note with a scale a channel)",
      "use --weights per-channel and leave equalize among the --methods"},
     find_wide_channel_weights},
    {{"constant-channels", warning, false,
      "output channels give one number only: their weights are 0, or an activation cuts all of them (a note unless "
      "these are all)",
      "prune them; where these are all channels, look at the pre-processing and the weights"},
     find_constant_channels},
    {{"no-integer-kernel", note, false, "an operator between matrix operators has no 8-bit kernel",
      "nothing for accuracy; for speed replace it, or see the placement of quern inspect --target"},
     find_no_integer_kernel},
    {{"input-mismatch", warning, true,
      "what the first layers see is far from what they were trained on: running statistics of a BatchNorm, or biases",
      "check --preprocess (mean, std) and --task; colour order and a factor of two cannot be told from here"},
     find_input_mismatch},
    {{"input-range", warning, true,
      "the data reaches beyond what the task's record makes of pictures, or uses little of it",
      "prepare the arrays as the record does, or give pictures"},
     find_input_range},
    {{"same-samples", warning, true, "all samples are equal, or an input never changes",
      "give data like what the model will see"},
     find_same_samples},
    {{"wide-concat", warning, true, "inputs of a Concat that share one scale differ in range by more than 1:32",
      "keep the Concat and what follows in float (--keep-float), or take the outputs before it"},
     find_wide_concat},
    {{"huge-bias", note, true, "a bias is so great beside its weights that int32 does not hold it on their scale",
      "nothing: Quern widens the weights' scale; the channel is close to a constant, look at its training"},
     find_huge_bias},
};

constexpr auto kRules = [] {
  std::array<LintRule, std::size(kRows)> rules{};
  for (size_t i = 0; i < rules.size(); ++i) rules[i] = kRows[i].rule;
  return rules;
}();

/// What the stages make of a model with fixed shapes.
struct Stages {
  std::optional<Model> ready;
  std::optional<Assignment> assignment;
  std::string refusal;
  std::optional<Seen> seen;
};

Result<Stages> stages_of(const Model& model, const CalibrationData* data, const LintOptions& options) {
  Stages stages;
  if (!model.open_dims().empty()) return stages;
  QUERN_TRY(stages.ready, prepared(model));
  QUERN_TRY(auto keep, patterns(options.keep_float));
  auto assignment = assign(stages.ready->graph(), {DType::int8, std::move(keep)});
  if (!assignment.ok()) {
    stages.refusal = assignment.error().message;
    return stages;
  }
  stages.assignment = *std::move(assignment);
  if (data == nullptr || data->count < 1) return stages;
  SessionOptions session;
  session.threads = options.threads;
  QUERN_TRY(stages.seen, look_at_data(model, {data->count, data->read}, session));
  return stages;
}

}  // namespace

const char* to_string(LintLevel level) {
  return level == note ? "note" : level == warning ? "warning" : "error";
}

std::span<const LintRule> lint_rules() {
  return kRules;
}

Result<std::vector<LintFinding>> lint(const Model& model, const CalibrationData* data, const LintOptions& options) {
  QUERN_TRY(const Stages stages, stages_of(model, data, options));
  LintSubject subject{model.graph(), nullptr, nullptr, stages.refusal, nullptr, options};
  if (stages.ready) subject.ready = &stages.ready->graph();
  if (stages.assignment) subject.assignment = &*stages.assignment;
  if (stages.seen) subject.seen = &*stages.seen;
  std::vector<LintFinding> all;
  for (const Row& row : kRows) {
    Findings findings(row.rule, all);
    row.find(subject, findings);
  }
  return all;
}

}  // namespace quern
