#include "measure/compare/sides.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "measure/compare/float_twin.h"

namespace quern {

namespace {

Result<std::shared_ptr<const Graph>> prepared_graph(const Model& model) {
  QUERN_TRY(const Model ready, prepared(model));
  return std::make_shared<const Graph>(ready.graph());
}

/// The model with values of these names among its outputs, where it computes them in float.
Model keeping(const Model& model, const std::set<std::string>& names) {
  Graph graph = model.graph();
  for (const Op& op : graph.ops) {
    for (ValueId id : op.outputs) {
      if (id == kNoValue || graph.is_constant(id) || !is_float(graph.value(id).dtype)) continue;
      if (names.count(graph.value(id).name) == 0) continue;
      if (std::ranges::find(graph.outputs, id) == graph.outputs.end()) graph.outputs.push_back(id);
    }
  }
  return Model(std::move(graph), model.info());
}

/// File names of the candidate's values that nothing of the reference was found for.
std::set<std::string> lacking(const Graph& candidate, const Matching& matching) {
  std::set<std::string> names;
  for (const Op& op : candidate.ops) {
    for (ValueId id : op.outputs) {
      if (id == kNoValue || matching.values[static_cast<size_t>(id)]) continue;
      std::string name = file_name(candidate.value(id));
      for (const char* suffix : {"_QuantizeLinear_Output", "_quantized", "_q"}) {
        if (name.ends_with(suffix)) names.insert(name.substr(0, name.size() - std::string_view(suffix).size()));
      }
      names.insert(std::move(name));
    }
  }
  return names;
}

/// Prepares the reference again with the lacking values kept. The matching counts the model's own outputs only, which
/// come first. Leaves everything as it was when that does not work out.
void keep_lacking(const Model& reference, Sides& sides) {
  const std::set<std::string> names = lacking(*sides.candidate, sides.matching);
  if (names.empty()) return;
  const Model wider = keeping(reference, names);
  const size_t own = reference.graph().outputs.size();
  if (wider.graph().outputs.size() == own) return;
  auto graph = prepared_graph(wider);
  if (!graph.ok()) return;
  Graph narrow = **graph;
  narrow.outputs.resize(own);
  auto matching = match_values(narrow, *sides.candidate);
  if (!matching.ok()) return;
  sides.reference = std::make_shared<const Graph>(std::move(narrow));
  sides.matching = *std::move(matching);
}

Result<std::unique_ptr<GraphRunner>> runner(const std::shared_ptr<const Graph>& graph,
                                            const std::shared_ptr<ThreadPool>& pool) {
  QUERN_TRY(GraphRunner made, GraphRunner::create(graph, pool));
  return std::make_unique<GraphRunner>(std::move(made));
}

}  // namespace

bool is_all_float(const Graph& graph) {
  return std::ranges::none_of(graph.values, [](const Value& value) { return !value.quantization.empty(); });
}

Result<Tensor> Sides::in_reference_units(const Tensor& array, ValueId id) const {
  QUERN_TRY(const Tensor whole, raised(array, offset(id)));
  return divided(whole, factor(id));
}

Result<Sides> make_sides(const Model& reference, const Model& candidate, const CompareOptions& options) {
  Sides sides;
  QUERN_TRY(sides.reference, prepared_graph(reference));
  sides.plain = sides.reference;
  QUERN_TRY(sides.candidate, prepared_graph(candidate));
  QUERN_TRY(sides.matching, match_values(*sides.reference, *sides.candidate));
  if (options.layers) keep_lacking(reference, sides);
  sides.pool = make_pool(options.threads);
  QUERN_TRY(sides.run_reference, runner(sides.reference, sides.pool));
  QUERN_TRY(sides.run_candidate, runner(sides.candidate, sides.pool));
  if (!options.layers) return sides;
  QUERN_TRY(Graph twin, float_twin(*sides.candidate));
  sides.twin = std::make_shared<const Graph>(std::move(twin));
  QUERN_TRY(sides.factors, find_factors(*sides.reference, *sides.candidate, *sides.twin, sides.matching));
  QUERN_TRY(sides.absorbed,
            find_absorbed(*sides.reference, *sides.candidate, *sides.twin, sides.matching, sides.factors));
  QUERN_TRY(sides.run_twin, runner(sides.twin, sides.pool));
  return sides;
}

Result<SampleRun> run_sample(const Sides& sides, const ComparePair& pair) {
  SampleRun run;
  QUERN_TRY(run.reference, sides.run_reference->run(pair.reference));
  QUERN_TRY(run.candidate, sides.run_candidate->run(pair.candidate));
  for (Tensor& value : run.reference) {
    if (value.empty() || value.quantization.empty()) continue;
    QUERN_TRY(value, dequantize(value));
  }
  return run;
}

Result<std::optional<Tensor>> truth_for(const Sides& sides, const RunValues& reference, ValueId id) {
  const auto& match = sides.match(id);
  if (!match) return std::optional<Tensor>();
  const Tensor& value = reference[static_cast<size_t>(match->reference)];
  if (value.dtype() != DType::float32) return std::optional<Tensor>();
  QUERN_TRY(Tensor array, turned(value, *match, sides.candidate->value(id).shape));
  QUERN_TRY(const Tensor scaled, times(array, sides.factor(id)));
  QUERN_TRY(Tensor placed, lowered(scaled, sides.offset(id)));
  return std::optional<Tensor>(std::move(placed));
}

}  // namespace quern
