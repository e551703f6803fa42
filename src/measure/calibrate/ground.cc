#include "measure/calibrate/ground.h"

#include <algorithm>

#include "base/error.h"
#include "measure/calibrate/close_samples.h"
#include "measure/calibrate/joins.h"
#include "measure/calibrate/search.h"
#include "measure/patterns.h"
#include "prepare/prepare.h"
#include "quantize/rules.h"
#include "quantize/table.h"

namespace quern {

namespace {

/// Samples that show whether joins suffer.
constexpr int64_t kJoinSamples = 32;

}  // namespace

std::vector<bool> made_values(const Assignment& assignment) {
  std::vector<bool> made = assignment.stored;
  for (const Op& op : assignment.graph.ops) {
    for (ValueId output : op.outputs) {
      if (output == kNoValue || !assignment.stored[static_cast<size_t>(output)]) continue;
      const auto moved = [&](ValueId input) {
        return input != kNoValue && assignment.stored[static_cast<size_t>(input)] &&
               assignment.group[static_cast<size_t>(input)] == assignment.group[static_cast<size_t>(output)];
      };
      if (std::ranges::any_of(op.inputs, moved)) made[static_cast<size_t>(output)] = false;
    }
  }
  return made;
}

Status Ground::check() const {
  if (!is_8bit(options_.activations))
    return fail(ErrorCode::invalid_argument, "activations can be int8 or uint8, not {}",
                to_string(options_.activations));
  if (options_.full_integer && options_.activations != DType::int8)
    return fail(ErrorCode::invalid_argument,
                "full-integer models have int8 activations, not {}: TFLite's kernels take "
                "no other type with int8 weights",
                to_string(options_.activations));
  if (options_.full_integer && !options_.int16.empty())
    return fail(
        ErrorCode::invalid_argument,
        "--int16 {}: full-integer models have 8 bits throughout; TFLite has no kernels for 16-bit values beside "
        "8-bit ones, so write .onnx",
        fmt::join(options_.int16, " "));
  if (options_.max_drop && options_.table)
    return fail(ErrorCode::invalid_argument,
                "--max-drop and --table '{}' contradict: the table decides what is kept in 16 bits or float; edit it, "
                "or leave it out",
                options_.table->file);
  return {};
}

Status Ground::check_int16() const {
  if (options_.int16.empty() || std::ranges::find(assignment_.wide, true) != assignment_.wide.end()) return {};
  return fail(ErrorCode::invalid_argument,
              "--int16 {}: no value that is stored has such a name, and no operator that gives one such a name or "
              "kind; quern inspect --ops lists them",
              fmt::join(options_.int16, " "));
}

Status Ground::check_samples() const {
  if (data_.count > 0) return {};
  if (!options_.table) return fail(ErrorCode::invalid_argument, "there are no samples to calibrate with");
  return fail(ErrorCode::invalid_argument,
              "the table '{}' has no line for '{}', and there are no samples to find it from; add the line, or --data",
              options_.table->file, first_unpinned(assignment_));
}

Status Ground::prepare() {
  QUERN_CHECK(check());
  QUERN_TRY(ready_, prepared(model_));
  QUERN_TRY(auto keep_float, patterns(options_.keep_float));
  QUERN_TRY(auto names, kept_by_rules(ready_->graph(), options_.rules));
  QUERN_TRY(auto int16, patterns(options_.int16));
  how_ = {
      options_.activations, std::move(keep_float), std::move(int16), std::move(names), {}, options_.full_integer, {}};
  for (const TableRow& row : options_.table ? options_.table->rows : std::vector<TableRow>{}) {
    if (row.kind == TableRow::Kind::keep_float) how_.keep_float_names.push_back(row.name);
    if (row.kind == TableRow::Kind::value && row.dtype == DType::int16) how_.int16_names.push_back(row.name);
  }
  pool_ = make_pool(options_.threads);
  QUERN_TRY(assignment_, assign(ready_->graph(), how_));
  if (options_.full_integer && data_.count > 0) QUERN_CHECK(loosen_joins());
  QUERN_CHECK(check_int16());
  return settle();
}

/// Pins, choices and a runner for the assignment as it is now.
Status Ground::settle() {
  if (options_.full_integer) know_input_ranges();
  if (options_.table) QUERN_CHECK(pin_by_table(assignment_, *options_.table, options_.activations));
  // What is kept beside the options may leave a rule nothing to change.
  const bool nothing_kept = kept_ == Kept{};
  QUERN_CHECK(apply_rules(assignment_, options_.rules,
                          {options_.activations, options_.symmetric,
                           nothing_kept ? RuleCheck::must_change_something : RuleCheck::may_change_nothing}));
  QUERN_TRY(GraphRunner runner, GraphRunner::create(std::make_shared<const Graph>(assignment_.graph), pool_));
  runner_ = std::make_unique<GraphRunner>(std::move(runner));
  return {};
}

/// Assigns anew when joins at the model's end would suffer from one scale.
Status Ground::loosen_joins() {
  QUERN_TRY(const GraphRunner runner, GraphRunner::create(std::make_shared<const Graph>(assignment_.graph), pool_));
  const SampleSource few{std::min(data_.count, kJoinSamples), data_.read};
  QUERN_TRY(const auto joins, wide_joins(assignment_, runner, few));
  for (const WideJoin& join : joins) how_.loose.push_back(join.op), notes_.push_back(sentence_of(join));
  if (!joins.empty()) {
    QUERN_TRY(assignment_, assign(ready_->graph(), how_));
  }
  return {};
}

/// Of a known range every number has its code: of pictures, each byte one of its own.
void Ground::know_input_ranges() {
  const Graph& graph = assignment_.graph;
  const Uses uses(graph);
  for (size_t i = 0; i < std::min(graph.inputs.size(), data_.ranges.size()); ++i) {
    if (!data_.ranges[i].known) continue;
    for (int reader : uses.consumers[static_cast<size_t>(graph.inputs[i])]) {
      const Op& op = graph.ops[static_cast<size_t>(reader)];
      if (op.kind == OpKind::Quantize)
        assignment_.possible[op.outputs[0]] = {data_.ranges[i].low, data_.ranges[i].high};
    }
  }
}

Status Ground::take_samples() {
  QUERN_CHECK(check_samples());
  QUERN_CHECK(read_close_samples());
  return observe_close_samples();
}

/// Evenly spread over the data.
Status Ground::read_close_samples() {
  const int64_t count = close_samples(assignment_, data_.count);
  for (int64_t i = 0; i < count; ++i) {
    tell("looking closely", static_cast<double>(i) / static_cast<double>(count));
    QUERN_TRY(auto sample, data_.read(i * data_.count / count));
    samples_.inputs.push_back(std::move(sample));
  }
  return {};
}

Status Ground::observe_close_samples() {
  const SampleSource source{static_cast<int64_t>(samples_.inputs.size()),
                            [&](int64_t i) { return samples_.inputs[static_cast<size_t>(i)]; }};
  QUERN_TRY(parts_, observed(source, SearchGround::kFolds, known_parts_));
  QUERN_TRY(samples_.reference, run_reference(assignment_, *runner_, samples_.inputs));
  if (options_.round) {
    QUERN_TRY(samples_.moments, take_moments(assignment_, samples_.inputs, SearchGround::kFolds, pool_));
  }
  return {};
}

Status Ground::keep(const Kept& kept) {
  const bool same_graph = kept.floats == kept_.floats;
  if (kept == kept_) return {};
  AssignOptions how = how_;
  how.int16_names.insert(how.int16_names.end(), kept.wide.begin(), kept.wide.end());
  how.keep_float_names.insert(how.keep_float_names.end(), kept.floats.begin(), kept.floats.end());
  QUERN_TRY(assignment_, assign(ready_->graph(), how));
  kept_ = kept;
  QUERN_CHECK(settle());
  return same_graph ? Status{} : observe_close_samples();
}

Result<Observations> Ground::observe_all() {
  int64_t reads = 0;
  const SampleSource all{data_.count, [&](int64_t i) {
                           tell("observing", static_cast<double>(reads++) / static_cast<double>(2 * data_.count));
                           return data_.read(i);
                         }};
  QUERN_TRY(auto seen, observed(all, 1, known_all_));
  return std::move(seen[0]);
}

/// Remembers only where assignments will change.
Result<std::vector<Observations>> Ground::observed(const SampleSource& source, size_t parts, Known& known) const {
  const std::vector<bool> wanted = made_values(assignment_);
  const auto& values = assignment_.graph.values;
  if (!options_.max_drop) return observe(*runner_, wanted, source, true, parts);
  known.resize(parts);
  bool all_known = true;
  for (size_t id = 0; id < values.size(); ++id) all_known &= !wanted[id] || known[0].contains(values[id].name);
  std::vector<Observations> seen(parts, Observations(values.size()));
  if (!all_known) {
    QUERN_TRY(seen, observe(*runner_, wanted, source, true, parts));
  }
  for (size_t part = 0; part < parts; ++part) {
    for (size_t id = 0; id < values.size(); ++id) {
      if (!wanted[id]) continue;
      if (all_known) seen[part][id] = known[part].at(values[id].name);
      if (!all_known) known[part].insert_or_assign(values[id].name, seen[part][id]);
    }
  }
  return seen;
}

}  // namespace quern
