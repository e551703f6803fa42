#include "measure/compare/injection.h"

#include <algorithm>

#include "base/error.h"
#include "measure/compare/distances.h"

namespace quern {

namespace {

void add(const Tensor& reference, const Tensor& other, double& signal, double& noise) {
  DistanceSum sum;
  sum.add(reference.data<float>(), other.data<float>());
  signal += sum.signal();
  noise += sum.noise();
}

}  // namespace

Injection::Injection(const Sides& sides) : sides_(sides), possible_(is_all_float(*sides.reference)) {
  const size_t outputs = sides.reference->outputs.size();
  candidate_ = {std::vector<double>(outputs, 0), std::vector<double>(outputs, 0)};
}

Status Injection::inject(size_t layer, const SampleRun& run, ValueId value, const Tensor& stored) {
  const auto& match = sides_.match(value);
  if (!possible_ || !match) return {};
  const Graph& graph = *sides_.reference;
  const auto source = static_cast<size_t>(match->reference);
  QUERN_TRY(const Tensor real, sides_.in_reference_units(stored, value));
  QUERN_TRY(Tensor changed, turned_back(real, *match, graph.values[source].shape));
  RunValues values = run.reference;
  values[source] = std::move(changed);
  std::vector<bool> dirty(values.size(), false);
  dirty[source] = true;
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    const Op& op = graph.ops[i];
    const auto is_dirty = [&](ValueId id) { return id != kNoValue && dirty[static_cast<size_t>(id)]; };
    if (std::ranges::none_of(op.inputs, is_dirty) || std::ranges::any_of(op.outputs, is_dirty)) continue;
    QUERN_CHECK(sides_.run_reference->step(i, values));
    for (ValueId id : op.outputs) {
      if (id != kNoValue) dirty[static_cast<size_t>(id)] = true;
    }
  }
  Noise& sums = layers_[layer];
  sums.signal.resize(graph.outputs.size(), 0);
  sums.noise.resize(graph.outputs.size(), 0);
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    const auto id = static_cast<size_t>(graph.outputs[i]);
    if (values[id].dtype() == DType::float32) add(run.reference[id], values[id], sums.signal[i], sums.noise[i]);
  }
  return {};
}

Status Injection::add_candidate(const SampleRun& run) {
  for (size_t i = 0; i < sides_.reference->outputs.size(); ++i) {
    if (sides_.matching.outputs[i] >= sides_.candidate->outputs.size()) continue;
    const ValueId id = sides_.candidate->outputs[sides_.matching.outputs[i]];
    QUERN_TRY(const std::optional<Tensor> truth, truth_for(sides_, run.reference, id));
    if (!truth) continue;
    QUERN_TRY(const Tensor got, dequantize(run.candidate[static_cast<size_t>(id)]));
    add(*truth, got, candidate_.signal[i], candidate_.noise[i]);
  }
  return {};
}

double Injection::relative(const Noise& noise) const {
  double sum = 0;
  for (size_t i = 0; i < noise.signal.size(); ++i) {
    if (noise.signal[i] > 0) sum += noise.noise[i] / noise.signal[i];
  }
  return sum;
}

std::optional<double> Injection::share_pct(size_t layer) const {
  const auto found = layers_.find(layer);
  const double all = relative(candidate_);
  if (found == layers_.end() || all <= 0) return std::nullopt;
  return std::min(100.0, 100 * relative(found->second) / all);
}

}  // namespace quern
