// The driver of quantization: what is tried, in which order, and what is kept.
#include "quern/quantize.h"

#include <algorithm>

#include "base/error.h"
#include "graph/infer.h"
#include "graph/verify.h"
#include "measure/calibrate/joins.h"
#include "measure/calibrate/search.h"
#include "prepare/prepare.h"
#include "quantize/full_integer.h"
#include "quantize/rules.h"
#include "quantize/table.h"
#include "quern/compile.h"
#include "quern/measure.h"

namespace quern {

namespace {

/// Samples held in memory while layers are made; more would change little and cost much.
constexpr int64_t kMaxLayerSamples = 32;

Result<std::vector<std::regex>> patterns(const std::vector<std::string>& texts) {
  std::vector<std::regex> compiled;
  for (const std::string& text : texts) {
    try {
      compiled.emplace_back(text);
    } catch (const std::regex_error&) {
      return fail(ErrorCode::invalid_argument, "'{}' is not a regular expression", text);
    }
  }
  return compiled;
}

/// Values whose numbers are made rather than moved: the others of a group show nothing new.
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

class Quantizer {
 public:
  Quantizer(const Model& model, const CalibrationData& data, const QuantizeOptions& options)
      : model_(model), data_(data), options_(options) {
    if (options_.table) options_.equalize = false;  // its lines say how channels are balanced
  }

  Result<QuantizeResult> run() {
    QUERN_TRY(QuantizeResult result, make());
    if (options_.full_integer) QUERN_CHECK(close_edges(result));
    return result;
  }

 private:
  Result<QuantizeResult> make() {
    QUERN_CHECK(check());
    QUERN_CHECK(prepare_graph());
    if (options_.table && first_unpinned(assignment_).empty()) return finish_pinned();
    QUERN_CHECK(check_samples());
    QUERN_CHECK(read_layer_samples());
    QUERN_CHECK(observe_layer_samples());
    recipe_ = standing_recipe(options_);
    if (samples_.inputs.size() >= SearchGround::kFewest) {
      QUERN_TRY(found_, search({assignment_, parts_, samples_, options_, *pool_}));
      recipe_ = found_.recipe;
    }
    return finish();
  }

  Status check() const {
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
    return {};
  }

  Status check_int16() const {
    if (options_.int16.empty() || std::ranges::find(assignment_.wide, true) != assignment_.wide.end()) return {};
    return fail(ErrorCode::invalid_argument,
                "--int16 {}: no value that is stored has such a name, and no operator that gives one such a name or "
                "kind; quern inspect --ops lists them",
                fmt::join(options_.int16, " "));
  }

  Status check_samples() const {
    if (data_.count > 0) return {};
    if (!options_.table) return fail(ErrorCode::invalid_argument, "there are no samples to calibrate with");
    return fail(
        ErrorCode::invalid_argument,
        "the table '{}' has no line for '{}', and there are no samples to find it from; add the line, or --data",
        options_.table->file, first_unpinned(assignment_));
  }

  Status prepare_graph() {
    QUERN_TRY(const Model ready, prepared(model_));
    QUERN_TRY(auto keep, patterns(options_.keep_float));
    QUERN_TRY(auto names, kept_by_rules(ready.graph(), options_.rules));
    QUERN_TRY(auto int16, patterns(options_.int16));
    AssignOptions how{options_.activations, std::move(keep), std::move(int16), std::move(names), {},
                      options_.full_integer};
    for (const TableRow& row : options_.table ? options_.table->rows : std::vector<TableRow>{}) {
      if (row.kind == TableRow::Kind::keep_float) how.keep_float_names.push_back(row.name);
      if (row.kind == TableRow::Kind::value && row.dtype == DType::int16) how.int16_names.push_back(row.name);
    }
    pool_ = make_pool(options_.threads);
    QUERN_TRY(assignment_, assign(ready.graph(), how));
    if (options_.full_integer && data_.count > 0) QUERN_CHECK(loosen_joins(ready.graph(), how));
    QUERN_CHECK(check_int16());
    if (options_.table) QUERN_CHECK(pin_by_table(assignment_, *options_.table, options_.activations));
    QUERN_CHECK(apply_rules(assignment_, options_.rules, options_.activations, options_.symmetric));
    QUERN_TRY(GraphRunner runner, GraphRunner::create(std::make_shared<const Graph>(assignment_.graph), pool_));
    runner_ = std::make_unique<GraphRunner>(std::move(runner));
    return {};
  }

  /// Assigns anew when joins at the model's end would suffer from one scale.
  Status loosen_joins(const Graph& graph, AssignOptions how) {
    QUERN_TRY(const GraphRunner runner, GraphRunner::create(std::make_shared<const Graph>(assignment_.graph), pool_));
    const SampleSource few{std::min(data_.count, kMaxLayerSamples), data_.read};
    QUERN_TRY(const auto joins, wide_joins(assignment_, runner, few));
    for (const WideJoin& join : joins) how.loose.push_back(join.op), notes_.push_back(sentence_of(join));
    if (!joins.empty()) {
      QUERN_TRY(assignment_, assign(graph, how));
    }
    know_input_ranges();
    return {};
  }

  /// Of a known range every number has its code: of pictures, each byte one of its own.
  void know_input_ranges() {
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

  void tell(const std::string& what, double share) const {
    if (options_.progress) options_.progress(what, share);
  }

  /// Evenly spread over the data.
  Status read_layer_samples() {
    const int64_t count = std::min(data_.count, kMaxLayerSamples);
    for (int64_t i = 0; i < count; ++i) {
      tell("looking closely", static_cast<double>(i) / static_cast<double>(count));
      QUERN_TRY(auto sample, data_.read(i * data_.count / count));
      samples_.inputs.push_back(std::move(sample));
    }
    return {};
  }

  Status observe_layer_samples() {
    const SampleSource source{static_cast<int64_t>(samples_.inputs.size()),
                              [&](int64_t i) { return samples_.inputs[static_cast<size_t>(i)]; }};
    QUERN_TRY(parts_, observe(*runner_, made_values(assignment_), source, true, SearchGround::kFolds));
    QUERN_TRY(samples_.reference, run_reference(assignment_, *runner_, samples_.inputs));
    return {};
  }

  /// The chosen recipe once more, with every sample.
  Result<QuantizeResult> finish() {
    int64_t reads = 0;
    const SampleSource all{data_.count, [&](int64_t i) {
                             tell("observing", static_cast<double>(reads++) / static_cast<double>(2 * data_.count));
                             return data_.read(i);
                           }};
    QUERN_TRY(const auto seen, observe(*runner_, made_values(assignment_), all, true, 1));
    QUERN_TRY(const Scaled scaled, apply_scales(assignment_, seen[0], recipe_));
    Roles roles;
    for (size_t i = 0; i < samples_.inputs.size(); ++i) roles.fitted.push_back(i);
    // Where nothing was kept back, the error is that of the samples that made the model.
    if (found_.judged.samples() == 0) roles.judges = roles.fitted;
    QUERN_TRY(LayerResult last, quantize_layers(scaled, options_.activations, recipe_, samples_, roles, *pool_));
    if (found_.judged.samples() == 0) found_.judged.add(std::move(last.errors));
    const ChannelFactors& factors = options_.table ? assignment_.pins.factors : scaled.factors;
    return give(scaled.assignment, factors, std::move(last.graph), output_rows());
  }

  /// Everything stands in the table: samples only judge.
  Result<QuantizeResult> finish_pinned() {
    QUERN_TRY(Graph graph, pinned_graph(assignment_, options_.activations));
    QUERN_TRY(QuantizeResult result, give(assignment_, assignment_.pins.factors, std::move(graph), {}));
    if (data_.count < 1) return result;
    const CompareData pairs{data_.count, [&](int64_t i) -> Result<ComparePair> {
                              QUERN_TRY(const std::vector<Tensor> sample, data_.read(i));
                              return ComparePair{sample, sample};
                            }};
    CompareOptions outputs_only;
    outputs_only.layers = false;
    outputs_only.threads = options_.threads;
    QUERN_TRY(const Comparison judged, compare(model_, result.model, pairs, outputs_only));
    for (const auto& [name, distance] : judged.outputs)
      result.outputs.push_back({name, distance.cosine, distance.sqnr_db, distance.relative_l2});
    return result;
  }

  /// `assignment` is the one that the graph was made from, balanced by `factors`.
  Result<QuantizeResult> give(const Assignment& assignment, const ChannelFactors& factors, Graph graph,
                              std::vector<OutputRow> outputs) {
    QUERN_TRY(QuantizationTable table, table_of(assignment, factors, graph));
    ModelInfo info = model_.info();
    info.format = "quern";
    return QuantizeResult{Model(std::move(graph), std::move(info)),
                          data_.count,
                          found_.methods,
                          std::move(outputs),
                          {},
                          std::move(table),
                          {}};
  }

  /// A full-integer model's own edges: int8, channels last. Until here they were float, so that samples could judge.
  Status close_edges(QuantizeResult& result) {
    Graph graph = result.model.graph();
    QUERN_TRY([[maybe_unused]] const bool folded, fold_constants(graph));
    make_edges_integer(graph, notes_);
    make_edges_channels_last(graph, notes_);
    QUERN_CHECK(infer(graph));
    QUERN_CHECK(verify(graph));
    result.model = Model(std::move(graph), result.model.info());
    result.notes = notes_;
    return {};
  }

  std::vector<OutputRow> output_rows() const {
    std::vector<OutputRow> rows;
    const std::vector<ErrorSum> sums = found_.judged.outputs();
    size_t next = 0;
    for (ValueId id : assignment_.graph.outputs) {
      const Value& value = assignment_.graph.value(id);
      if (value.dtype != DType::float32 || next >= sums.size()) continue;
      const ErrorSum& sum = sums[next++];
      rows.push_back({value.name, sum.cosine(), sum.sqnr_db(), sum.relative_l2()});
    }
    return rows;
  }

  const Model& model_;
  const CalibrationData& data_;
  QuantizeOptions options_;
  Assignment assignment_;
  std::unique_ptr<GraphRunner> runner_;  ///< of the assignment's graph
  std::shared_ptr<ThreadPool> pool_;
  LayerSamples samples_;
  std::vector<Observations> parts_;
  Recipe recipe_;
  SearchResult found_;
  std::vector<std::string> notes_;
};

}  // namespace

Result<QuantizeResult> quantize(const Model& model, const CalibrationData& data, const QuantizeOptions& options) {
  return Quantizer(model, data, options).run();
}

}  // namespace quern
