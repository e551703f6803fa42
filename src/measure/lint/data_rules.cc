// Rules about what samples make of the model: wrong pre-processing above all.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "measure/lint/subject.h"
#include "quern/measure.h"

namespace quern {

namespace {

/// Of the expected width: this far beyond it is another form, not a rounding or a filter's overshoot.
constexpr double kBeyond = 0.1;
/// Narrower than this share of the expected width is another form: the difference of 0..1 and 0..255 is 1/255, a dull
/// picture uses a quarter.
constexpr double kNarrow = 1.0 / 16;
/// Numbers that share a scale with ones so many times as wide keep fewer than 8 of 255 codes.
constexpr double kWideConcat = 32;

std::string range_text(double low, double high) {
  return fmt::format("{:.4g} to {:.4g}", low, high);
}

std::string evidence_text(const InputEvidence& evidence) {
  if (evidence.norm) {
    return fmt::format(
        "the deviation that BatchNorm '{}' sees is {:.3g} times its running one, and the mean is {:.2g} "
        "deviations off",
        short_name(evidence.norm->op), evidence.norm->ratio, evidence.norm->shift);
  }
  return fmt::format(
      "the output of '{}' varies {:.3g} times as much as its bias, and in a trained network with batch "
      "normalization both are alike",
      short_name(evidence.bias->op), evidence.bias->first);
}

std::string where(const InputEvidence& evidence) {
  return evidence.norm ? evidence.norm->op : evidence.bias->op;
}

const Range* range_of(const LintSubject& subject, const Graph& graph, ValueId id) {
  const auto found = subject.seen->ranges.find(graph.value(id).name);
  return found == subject.seen->ranges.end() ? nullptr : &found->second;
}

}  // namespace

void find_input_mismatch(const LintSubject& subject, Findings& findings) {
  if (subject.seen == nullptr || !is_far_off(subject.seen->input)) return;
  const Seen& seen = *subject.seen;
  // Biases prove nothing by themselves: some networks have none to speak of. A form that fits is the proof.
  if (!seen.input.norm && !seen.better) return;
  std::string message = evidence_text(seen.input);
  if (seen.better) {
    const double ratio = seen.better->norm ? seen.better->norm->ratio : seen.better->bias->first;
    message += fmt::format("; with the input {} it would be {:.2g}", seen.better_form, ratio);
  }
  const double value = seen.input.norm ? seen.input.norm->ratio : seen.input.bias->first;
  findings.add(where(seen.input), fmt::format("{:.3g} times", value), std::move(message));
}

void find_input_range(const LintSubject& subject, Findings& findings) {
  if (subject.seen == nullptr || !subject.options.expected) return;
  const ExpectedInput& expected = *subject.options.expected;
  const double width = expected.high - expected.low;
  for (ValueId id : subject.read.inputs) {
    const Range* range = range_of(subject, subject.read, id);
    if (range == nullptr || subject.read.value(id).shape.size() < 3) continue;
    const bool beyond = range->low < expected.low - kBeyond * width || range->high > expected.high + kBeyond * width;
    const bool narrow = double{range->high} - range->low < kNarrow * width;
    if (!beyond && !narrow) continue;
    findings.add(subject.read.value(id).name, range_text(range->low, range->high),
                 fmt::format("the data reaches from {}; {} makes {} of pictures", range_text(range->low, range->high),
                             expected.source, range_text(expected.low, expected.high)));
  }
}

void find_same_samples(const LintSubject& subject, Findings& findings) {
  if (subject.seen == nullptr) return;
  if (subject.seen->all_equal) {
    findings.add("", fmt::format("{} samples", subject.seen->samples),
                 fmt::format("the {} samples that were looked at are all equal", subject.seen->samples));
  }
  for (ValueId id : subject.read.inputs) {
    const Range* range = range_of(subject, subject.read, id);
    if (range == nullptr || range->low != range->high || subject.read.value(id).shape.size() < 2) continue;
    findings.add(
        subject.read.value(id).name, fmt::format("{:.4g} only", range->low),
        fmt::format("input '{}' is {:.4g} everywhere in every sample", subject.read.value(id).name, range->low));
  }
}

void find_wide_concat(const LintSubject& subject, Findings& findings) {
  if (subject.seen == nullptr || subject.assignment == nullptr) return;
  const Graph& graph = subject.assignment->graph;
  for (const Op& op : graph.ops) {
    if (op.kind != OpKind::Concat || !subject.assignment->stored[static_cast<size_t>(op.outputs[0])]) continue;
    const Range *narrow = nullptr, *wide = nullptr;
    for (ValueId id : op.inputs) {
      const Range* range = range_of(subject, graph, id);
      if (range == nullptr || range->reach() <= 0) continue;
      if (narrow == nullptr || range->reach() < narrow->reach()) narrow = range;
      if (wide == nullptr || range->reach() > wide->reach()) wide = range;
    }
    if (wide == nullptr || wide->reach() <= kWideConcat * narrow->reach()) continue;
    const double times = double{wide->reach()} / narrow->reach();
    findings.add(op.name, fmt::format("1:{:.0f}", times),
                 fmt::format("Concat '{}' stores its inputs with one scale; one reaches {:.4g}, another {:.4g}, which "
                             "keeps {:.0f} of 255 codes",
                             short_name(op.name), wide->reach(), narrow->reach(), std::max(1.0, 255 / times)));
  }
}

}  // namespace quern
