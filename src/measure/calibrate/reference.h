// What the float model makes of the samples that layers are fitted and judged with: run once, used by every trial.
#pragma once

#include <vector>

#include "measure/calibrate/observe.h"
#include "quantize/assign.h"

namespace quern {

/// An integer matrix operator's side of it, by sample.
struct ReferenceLayer {
  std::vector<std::vector<float>> sums;     ///< mean of each output channel before its bias; empty: cannot be summed
  std::vector<std::vector<float>> squares;  ///< mean square of each input channel; empty likewise
  std::vector<std::vector<float>> means;    ///< mean of each input channel over all taps; empty likewise
  std::vector<std::vector<float>> looked;   ///< the output's numbers that are looked at (`look`)
};

struct Reference {
  std::vector<ReferenceLayer> layers;        ///< by operator; empty where it is not an integer matrix operator
  std::vector<std::vector<Tensor>> outputs;  ///< by sample: the model's outputs, in order
  double looked_share = 1;                   ///< given to `look`: less, the more samples there are
};

/// Numbers of an array to judge a layer by, dequantized: of pixels spread evenly, all channels; `share` of as many as
/// would be looked at in a single sample. Arrays of one shape are looked at in the same places.
std::vector<float> look(const Tensor& value, double share);

/// `runner`: of the assignment's graph.
Result<Reference> run_reference(const Assignment& assignment, const GraphRunner& runner,
                                const std::vector<std::vector<Tensor>>& samples);

/// The bias of an operator, one number an output channel (0 where it has none).
std::vector<float> bias_of(const Graph& graph, const Op& op);

}  // namespace quern
