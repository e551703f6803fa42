// The driver of quantization: what is tried, in which order, and what is kept.
#include "quern/quantize.h"

#include <algorithm>

#include "base/error.h"
#include "graph/infer.h"
#include "graph/verify.h"
#include "measure/calibrate/ground.h"
#include "measure/calibrate/search.h"
#include "measure/drop/drop.h"
#include "prepare/prepare.h"
#include "quantize/full_integer.h"
#include "quantize/table.h"
#include "quern/compile.h"
#include "quern/measure.h"

namespace quern {

namespace {

class Quantizer {
 public:
  Quantizer(const Model& model, const CalibrationData& data, const QuantizeOptions& options)
      : model_(model), data_(data), options_(options), ground_(model_, data_, options_) {
    if (options_.table) options_.equalize = options_.absorb = false;  // its lines say what channels are divided by
  }

  Result<QuantizeResult> run() {
    QUERN_CHECK(ground_.prepare());
    if (options_.table && first_unpinned(ground_.assignment()).empty()) {
      QUERN_TRY(QuantizeResult pinned, finish_pinned());
      return closed(std::move(pinned));
    }
    std::optional<Ledger> ledger;  // what does not fit is refused before anything is searched
    if (options_.max_drop) {
      QUERN_TRY(ledger, open_ledger(ground_));
    }
    QUERN_CHECK(ground_.take_samples());
    recipe_ = standing_recipe(options_);
    if (here().can_keep_back()) {
      QUERN_TRY(found_, search(here()));
      recipe_ = found_.recipe;
    }
    std::optional<DropReport> drop;
    if (ledger) {
      QUERN_TRY(drop, held_limit(*std::move(ledger)));
    }
    QUERN_TRY(QuantizeResult result, finish());
    result.drop = std::move(drop);
    return result;
  }

 private:
  SearchGround here() const {
    return {ground_.assignment(), ground_.parts(), ground_.samples(), options_, ground_.pool()};
  }

  /// Chooses what is kept, and judges it.
  Result<DropReport> held_limit(Ledger ledger) {
    const auto make = [&]() -> Result<Model> {
      QUERN_TRY(const QuantizeResult made, finish());
      return made.model;
    };
    QUERN_TRY(DropFound held, hold_limit({ground_, recipe_, make}, std::move(ledger)));
    if (here().can_keep_back()) {
      QUERN_TRY(found_.judged, judge(here(), recipe_));
    }
    return std::move(held.report);
  }

  /// The chosen recipe once more, with every sample.
  Result<QuantizeResult> finish() {
    QUERN_TRY(const Observations seen, ground_.observe_all());
    QUERN_TRY(const Scaled scaled, apply_scales(ground_.assignment(), seen, recipe_));
    Roles roles;
    for (size_t i = 0; i < ground_.samples().inputs.size(); ++i) roles.fitted.push_back(i);
    // Where nothing was kept back, the error is that of the samples that made the model.
    const bool judged = found_.judged.samples() > 0;
    if (!judged) roles.judges = roles.fitted;
    QUERN_TRY(LayerResult last,
              quantize_layers(scaled, options_.activations, recipe_, ground_.samples(), roles, ground_.pool()));
    Judgement own;
    if (!judged) own.add(std::move(last.errors));
    const Changes changes = options_.table ? by_table() : Changes{scaled.factors, scaled.offsets};
    QUERN_TRY(QuantizeResult result,
              give(scaled.assignment, changes, std::move(last.graph), output_rows(judged ? found_.judged : own)));
    result.recipe = told(recipe_);
    return closed(std::move(result));
  }

  /// Everything stands in the table: samples only judge.
  Result<QuantizeResult> finish_pinned() {
    QUERN_TRY(Graph graph, pinned_graph(ground_.assignment(), options_.activations));
    QUERN_TRY(QuantizeResult result, give(ground_.assignment(), by_table(), std::move(graph), {}));
    result.recipe = {{"integers", fmt::format("all from the table '{}'", options_.table->file)}};
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

  Changes by_table() const {
    const Pins& pins = ground_.assignment().pins;
    return {pins.factors, pins.offsets};
  }

  /// `assignment` is the one that the graph was made from, with `changes` in it.
  Result<QuantizeResult> give(const Assignment& assignment, const Changes& changes, Graph graph,
                              std::vector<OutputRow> outputs) {
    QUERN_TRY(QuantizationTable table, table_of(assignment, changes, graph));
    ModelInfo info = model_.info();
    info.format = "quern";
    return QuantizeResult{Model(std::move(graph), std::move(info)),
                          data_.count,
                          found_.methods,
                          std::move(outputs),
                          kept_float_names(assignment),
                          kept_int16_names(assignment),
                          {},
                          std::move(table),
                          {}};
  }

  /// A full-integer model's own edges: int8, channels last. Until here they were float, so that samples could judge.
  Result<QuantizeResult> closed(QuantizeResult result) const {
    if (!options_.full_integer) return result;
    Graph graph = result.model.graph();
    std::vector<std::string> notes = ground_.notes();
    QUERN_TRY([[maybe_unused]] const bool folded, fold_constants(graph));
    make_edges_integer(graph, notes);
    make_edges_channels_last(graph, notes);
    QUERN_CHECK(infer(graph));
    QUERN_CHECK(verify(graph));
    result.model = Model(std::move(graph), result.model.info());
    result.notes = std::move(notes);
    return result;
  }

  std::vector<OutputRow> output_rows(const Judgement& judged) const {
    std::vector<OutputRow> rows;
    const std::vector<ErrorSum> sums = judged.outputs();
    size_t next = 0;
    const Graph& graph = ground_.assignment().graph;
    for (ValueId id : graph.outputs) {
      const Value& value = graph.value(id);
      if (value.dtype != DType::float32 || next >= sums.size()) continue;
      const ErrorSum& sum = sums[next++];
      rows.push_back({value.name, sum.cosine(), sum.sqnr_db(), sum.relative_l2()});
    }
    return rows;
  }

  const Model& model_;
  const CalibrationData& data_;
  QuantizeOptions options_;
  Ground ground_;
  Recipe recipe_;
  SearchResult found_;
};

}  // namespace

Result<QuantizeResult> quantize(const Model& model, const CalibrationData& data, const QuantizeOptions& options) {
  return Quantizer(model, data, options).run();
}

}  // namespace quern
