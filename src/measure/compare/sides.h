// The two models of a comparison made ready: prepared graphs, their runners, and which value is which.
#pragma once

#include <memory>

#include "measure/compare/channel_offsets.h"
#include "measure/compare/match.h"
#include "measure/graph_runner.h"
#include "quern/measure.h"

namespace quern {

struct Sides {
  std::shared_ptr<const Graph> reference;
  std::shared_ptr<const Graph> plain;  ///< the reference as it would run: operators fused, weights folded
  std::shared_ptr<const Graph> candidate;
  std::shared_ptr<const Graph> twin;  ///< the candidate in float (float_twin.h)
  Matching matching;
  std::vector<Factors> factors;  ///< by value of the candidate; none for a comparison of outputs only
  AbsorbedChannels absorbed;     ///< likewise
  std::shared_ptr<ThreadPool> pool;
  std::unique_ptr<GraphRunner> run_reference;
  std::unique_ptr<GraphRunner> run_candidate;
  std::unique_ptr<GraphRunner> run_twin;

  const std::optional<Match>& match(ValueId candidate_value) const {
    return matching.values[static_cast<size_t>(candidate_value)];
  }
  /// What the candidate's numbers are multiplied by beside the reference's.
  const Factors& factor(ValueId candidate_value) const {
    static const Factors kNone;
    return factors.empty() ? kNone : factors[static_cast<size_t>(candidate_value)];
  }
  /// What they are lower by then.
  std::span<const float> offset(ValueId candidate_value) const {
    if (absorbed.offsets.empty()) return {};
    return absorbed.offsets[static_cast<size_t>(candidate_value)];
  }
  /// An array of a candidate's value as the reference would have it.
  Result<Tensor> in_reference_units(const Tensor& array, ValueId candidate_value) const;
};

/// True when nothing of the graph is stored in integers with a scale.
bool is_all_float(const Graph& graph);

/// Prepares both. Values of the candidate that preparation fused away in the reference (the input of a fused Relu) are
/// kept there, so that they can be compared. Errors: of preparing, matching and choosing kernels.
Result<Sides> make_sides(const Model& reference, const Model& candidate, const CompareOptions& options);

/// Both models on one sample.
struct SampleRun {
  RunValues reference;  ///< by the reference's ids, dequantized
  RunValues candidate;  ///< by the candidate's ids, as stored
};
Result<SampleRun> run_sample(const Sides& sides, const ComparePair& pair);

/// The reference's array for a matched value of the candidate, in its layout, scaled and lowered as its channels are;
/// empty when there is no match or the reference's array is of integers that are not quantized.
Result<std::optional<Tensor>> truth_for(const Sides& sides, const RunValues& reference, ValueId candidate_value);

}  // namespace quern
