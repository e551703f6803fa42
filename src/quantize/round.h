// Weights rounded so that their errors cancel against each other in what they meet, rather than each to its nearest.
#pragma once

#include <span>
#include <vector>

namespace quern {

/// Taps of one row whose inputs go together.
struct RoundBlock {
  std::vector<size_t> taps;  ///< places in the row
  std::vector<double> with;  ///< taps x taps, symmetric: E[x_i x_j]; its diagonal above 0
};

/// Codes of a row: the nearest ones, then one weight after the other goes to the neighbouring code on the other side of
/// its real value wherever that lowers the sum of e' E[x x'] e over blocks, e the row's rounding errors; until none
/// does, or kSweeps times. Never worse than the nearest by that sum. Weights without a block are rounded to the
/// nearest.
std::vector<float> rounded_row(std::span<const float> row, float scale, std::span<const RoundBlock> blocks);

}  // namespace quern
