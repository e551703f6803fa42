// The driver: make both ready, run every sample through both, rank, look at the worst, say what came of it.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "measure/compare/diagnosis.h"
#include "measure/compare/float_twin.h"
#include "measure/compare/verdict.h"

namespace quern {

namespace {

/// Rows looked at for their low SQNR, beside those that lose most.
constexpr size_t kLowest = 4;

std::vector<NamedTensor> outputs_of(const Graph& graph, const RunValues& values) {
  std::vector<NamedTensor> outputs;
  for (ValueId id : graph.outputs) outputs.push_back({graph.value(id).name, values[static_cast<size_t>(id)]});
  return outputs;
}

/// Distances of the outputs, and everything of the first pass.
struct FirstPass {
  std::vector<DistanceSum> outputs;
  std::vector<Layer> layers;
};

Status add_outputs(const Sides& sides, const SampleRun& run, std::vector<DistanceSum>& sums) {
  for (size_t i = 0; i < sums.size(); ++i) {
    const size_t partner = sides.matching.outputs[i];
    if (partner >= sides.candidate->outputs.size()) continue;
    const ValueId id = sides.candidate->outputs[partner];
    const auto& match = sides.match(id);
    QUERN_TRY(const Tensor real, dequantize(run.reference[static_cast<size_t>(match->reference)]));
    QUERN_TRY(const Tensor truth, turned(real, *match, sides.candidate->value(id).shape));
    QUERN_TRY(const Tensor got, dequantize(run.candidate[static_cast<size_t>(id)]));
    sums[i].add(truth.data<float>(), got.data<float>());
  }
  return {};
}

Result<FirstPass> first_pass(const Sides& sides, const CompareData& data, const CompareOptions& options) {
  FirstPass pass;
  pass.outputs.resize(sides.reference->outputs.size());
  if (options.layers) pass.layers = find_layers(sides);
  for (int64_t i = 0; i < data.size; ++i) {
    QUERN_TRY(const ComparePair pair, data.read(i));
    QUERN_TRY(const SampleRun run, run_sample(sides, pair));
    QUERN_CHECK(add_outputs(sides, run, pass.outputs));
    if (options.layers) QUERN_CHECK(add_sample(sides, run, pass.layers));
    if (data.seen) {
      QUERN_CHECK(
          data.seen(i, outputs_of(*sides.reference, run.reference), outputs_of(*sides.candidate, run.candidate)));
    }
  }
  return pass;
}

LayerComparison row_of(const Sides& sides, const Layer& layer) {
  const Graph& graph = *sides.candidate;
  const Value& value = graph.value(layer.value);
  LayerComparison row;
  row.name = file_name(sides.reference->value(sides.match(layer.value)->reference));
  row.kind =
      layer.op == Layer::kInput ? "Input" : std::string(info(graph.ops[static_cast<size_t>(layer.op)].kind).name);
  row.op = layer.op == Layer::kInput ? value.name : graph.ops[static_cast<size_t>(layer.op)].name;
  row.dtype = to_string(value.dtype);
  if (layer.isolated.elements() > 0) row.isolated = layer.isolated.result();
  row.accumulated = layer.accumulated.result();
  row.ideal_db = layer.ideal_db(graph);
  row.lost_db = layer.lost_db(graph);
  row.tied = layer.tied;
  row.equalized = !sides.factor(layer.value).empty();
  row.clipped_pct = 100 * layer.beyond / static_cast<double>(std::max<int64_t>(1, layer.isolated.elements()));
  if (is_stored(value.dtype, value.quantization) && !value.quantization.per_axis()) {
    const StoredRange range = stored_range(value.dtype, value.quantization);
    const double codes = std::round((layer.code_high - layer.code_low) / value.quantization.scales[0]) + 1;
    row.used_pct = 100 * codes / static_cast<double>(range.codes);
  } else {
    row.used_pct = 100;
  }
  return row;
}

std::vector<size_t> ranked(const std::vector<LayerComparison>& rows) {
  std::vector<size_t> order;
  for (size_t i = 0; i < rows.size(); ++i) order.push_back(i);
  const auto db = [&](size_t i) { return rows[i].isolated ? rows[i].isolated->sqnr_db : Distance::kMaxDb; };
  std::ranges::stable_sort(order, [&](size_t a, size_t b) {
    return rows[a].lost_db != rows[b].lost_db ? rows[a].lost_db > rows[b].lost_db : db(a) < db(b);
  });
  return order;
}

/// The first of the ranking, those of the lowest isolated SQNR, and the readers of the model's input.
std::vector<size_t> worst_of(const Sides& sides, const Comparison& found, const std::vector<Layer>& layers,
                             size_t wanted) {
  std::vector<size_t> worst(found.ranking.begin(),
                            found.ranking.begin() + static_cast<std::ptrdiff_t>(std::min(wanted, layers.size())));
  std::vector<size_t> lowest;
  for (size_t i = 0; i < layers.size(); ++i) {
    if (!layers[i].tied && found.layers[i].isolated) lowest.push_back(i);
  }
  std::ranges::stable_sort(lowest, {}, [&](size_t i) { return found.layers[i].isolated->sqnr_db; });
  lowest.resize(std::min(kLowest, lowest.size()));
  worst.insert(worst.end(), lowest.begin(), lowest.end());
  for (size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].op != Layer::kInput &&
        reads_model_input(*sides.candidate, sides.candidate->ops[static_cast<size_t>(layers[i].op)]))
      worst.push_back(i);
  }
  std::ranges::sort(worst);
  worst.erase(std::unique(worst.begin(), worst.end()), worst.end());
  return worst;
}

Status look_closer(const Sides& sides, const CompareData& data, const CompareOptions& options,
                   const std::vector<Layer>& layers, Comparison& found) {
  const auto worst = worst_of(sides, found, layers, static_cast<size_t>(std::max<int64_t>(0, options.worst)));
  Diagnosis diagnosis(sides, layers, worst);
  const int64_t trials = std::min(options.trials, data.size);
  for (int64_t i = 0; i < trials; ++i) {
    QUERN_TRY(const ComparePair pair, data.read(i * data.size / trials));
    QUERN_TRY(const SampleRun run, run_sample(sides, pair));
    QUERN_CHECK(diagnosis.add(run));
  }
  for (size_t i : worst) {
    LayerComparison& row = found.layers[i];
    row.share_pct = diagnosis.share_pct(i);
    row.spread = diagnosis.spread(i);
    if (row.lost_db >= 1) row.cause = diagnosis.cause(i);
  }
  return {};
}

/// Which rows each row's operator reads.
class Readers {
 public:
  Readers(const Sides& sides, const std::vector<Layer>& layers) : graph_(*sides.candidate) {
    for (size_t i = 0; i < layers.size(); ++i) row_of_[layers[i].value] = i;
    for (size_t i = 0; i < graph_.ops.size(); ++i) {
      for (ValueId id : graph_.ops[i].outputs) producer_[id] = i;
    }
  }

  std::vector<size_t> of(const Layer& layer) {
    std::set<size_t> rows;
    if (layer.op != Layer::kInput) add_inputs(static_cast<size_t>(layer.op), rows);
    return {rows.begin(), rows.end()};
  }

 private:
  // Operators are in order, so this ends; what was seen is not walked again.
  void add_inputs(size_t op, std::set<size_t>& rows) {
    std::vector<size_t> open{op};
    std::set<size_t> seen{op};
    while (!open.empty()) {
      const Op& one = graph_.ops[open.back()];
      open.pop_back();
      for (ValueId id : one.inputs) {
        if (const auto row = row_of_.find(id); row != row_of_.end()) {
          rows.insert(row->second);
        } else if (const auto made = producer_.find(id); made != producer_.end() && seen.insert(made->second).second) {
          open.push_back(made->second);
        }
      }
    }
  }

  const Graph& graph_;
  std::map<ValueId, size_t> row_of_;
  std::map<ValueId, size_t> producer_;
};

std::vector<std::string> unmatched_names(const Sides& sides) {
  std::vector<std::string> names;
  for (const Op& op : sides.candidate->ops) {
    for (ValueId id : op.outputs) {
      if (id != kNoValue && !sides.match(id)) names.push_back(file_name(sides.candidate->value(id)));
    }
  }
  return names;
}

void name_outputs(const Sides& sides, const std::vector<DistanceSum>& sums, Comparison& found) {
  for (size_t i = 0; i < sums.size(); ++i) {
    const std::string name = file_name(sides.reference->value(sides.reference->outputs[i]));
    if (sums[i].elements() == 0) {
      found.notes.push_back(
          fmt::format("output '{}' of the reference has none in the candidate that corresponds", name));
      continue;
    }
    found.outputs.push_back({name, sums[i].result()});
  }
}

void note_lowered(const Sides& sides, const std::vector<Layer>& layers, Comparison& found) {
  const auto lowered =
      std::ranges::count_if(layers, [&](const Layer& layer) { return !sides.offset(layer.value).empty(); });
  if (lowered == 0) return;
  found.notes.push_back(
      fmt::format("{} value{} lower in the candidate by what their channels carry always, which stands in the biases "
                  "behind (bias absorption); errors are in the reference's units",
                  lowered, lowered == 1 ? " lies" : "s lie"));
}

void note_scaled(const Sides& sides, const std::vector<Layer>& layers, Comparison& found) {
  const auto scaled =
      std::ranges::count_if(layers, [&](const Layer& layer) { return !sides.factor(layer.value).empty(); });
  if (scaled == 0) return;
  found.notes.push_back(fmt::format(
      "the channels of {} value{} are scaled in the candidate and scaled back behind (equalization); errors "
      "are in the reference's units",
      scaled, scaled == 1 ? "" : "s"));
}

}  // namespace

Result<Comparison> compare(const Model& reference, const Model& candidate, const CompareData& data,
                           const CompareOptions& options) {
  if (data.size <= 0) return fail(ErrorCode::invalid_argument, "there is no data to compare on");
  QUERN_TRY(const Sides sides, make_sides(reference, candidate, options));
  QUERN_TRY(const FirstPass pass, first_pass(sides, data, options));
  Comparison found;
  found.samples = data.size;
  name_outputs(sides, pass.outputs, found);
  if (options.layers) {
    Readers readers(sides, pass.layers);
    for (const Layer& layer : pass.layers) {
      found.layers.push_back(row_of(sides, layer));
      found.layers.back().reads = readers.of(layer);
    }
    note_scaled(sides, pass.layers, found);
    note_lowered(sides, pass.layers, found);
    found.ranking = ranked(found.layers);
    found.unmatched = unmatched_names(sides);
    QUERN_CHECK(look_closer(sides, data, options, pass.layers, found));
    found.first_offender = first_offender(found.layers);
  }
  found.verdict = verdict(found);
  return found;
}

}  // namespace quern
