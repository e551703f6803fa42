// How long a network takes on a target, by formulas, without running anything. docs/npu_targets.md derives them; the
// figures are fitted with the same formulas (scripts/npu_estimate.py). Free of graph: a compiler makes the list of
// layers from its own graph, `layers_of` makes one from a plan.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/op.h"
#include "plan/plan.h"
#include "targets/sim/profile.h"

namespace quern {

enum class WorkKind : uint8_t {
  conv,       ///< convolution, fully connected, matrix product
  depthwise,  ///< convolution of each channel by itself
  join,       ///< sum or product of two activations: free behind a convolution where the profile fuses it
  vector,     ///< pooling, resizing, other element-wise work
  move,       ///< concatenation, slices: where the producer writes, or the consumer reads, decides; free
};

/// An array that a layer reads.
struct EstimateOperand {
  int producer = -1;  ///< index of the layer that makes it, before this one; -1: it comes from outside
  int64_t bytes = 0;  ///< of it that are read
};

/// One layer: what it asks of the machine.
struct EstimateLayer {
  std::string name;
  WorkKind kind = WorkKind::vector;
  int64_t groups = 1, cin = 0, cout = 0;  ///< conv, depthwise: channels of the whole layer
  Pair kernel{1, 1};
  int64_t pixels = 0;  ///< output positions, of all the batch; input positions of a transposed convolution
  bool wide = false;   ///< 16-bit activations
  std::vector<EstimateOperand> operands;
  int64_t output_bytes = 0;
  int64_t weight_bytes = 0;               ///< weights and biases, and other constants
  std::optional<OpKind> activation;       ///< carried out with the layer; costs a pass where the profile says so
  std::optional<int64_t> crossing_bytes;  ///< activations to and from DRAM, where the caller knows them
};

/// What a layer's time is made of mostly.
enum class BoundBy : uint8_t { nothing, compute, depthwise, vector, dma, overhead };
const char* to_string(BoundBy bound);

struct LayerEstimate {
  double compute_ms = 0;   ///< conv, depthwise and vector engines, one after the other
  double dma_ms = 0;       ///< its own transfers: activations that cross, and weights that were not loaded ahead
  double overhead_ms = 0;  ///< charged to it
  double total_ms = 0;     ///< the larger of compute + overhead and dma
  BoundBy bound_by = BoundBy::nothing;
  bool fused = false;
  int level = 0;  ///< layers from the model's inputs
  int64_t crossing_bytes = 0;
  int64_t padded_macs = 0;  ///< with channels rounded up to the granules
};

struct Estimate {
  std::vector<LayerEstimate> layers;  ///< as given
  double run_ms = 0;                  ///< starting the machine
  double total_ms = 0;
};

/// Layers in the order of execution. Requires: producers come before, counts are not negative, groups divide channels.
Estimate estimate(const std::vector<EstimateLayer>& layers, const TargetProfile& profile);

/// The layers of a quantized plan, every step on the target. Activations behind a convolution that nobody else reads go
/// with it, additions and multiplications of two activations are joins; what stays in place is a move.
std::vector<EstimateLayer> layers_of(const Plan& plan);

}  // namespace quern
