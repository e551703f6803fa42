#include "quantize/round.h"

#include <algorithm>
#include <cmath>

namespace quern {

namespace {

constexpr int kSweeps = 10;
constexpr float kMaxCode = 127;

/// One block of one row: errors in codes, and what the sum of squares answers to each of them.
class Balance {
 public:
  Balance(std::span<const float> row, float scale, const RoundBlock& block, std::vector<float>& codes)
      : block_(block), codes_(codes), errors_(block.taps.size()), pull_(block.taps.size(), 0) {
    for (size_t i = 0; i < errors_.size(); ++i)
      errors_[i] = double{codes[block.taps[i]]} - double{row[block.taps[i]]} / double{scale};
    for (size_t i = 0; i < errors_.size(); ++i) {
      for (size_t j = 0; j < errors_.size(); ++j) pull_[i] += with(i, j) * errors_[j];
    }
  }

  void run() {
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      bool moved = false;
      for (size_t i = 0; i < errors_.size(); ++i) moved |= try_other_side(i);
      if (!moved) return;
    }
  }

 private:
  double with(size_t i, size_t j) const { return block_.with[i * errors_.size() + j]; }

  /// With d the step, the sum changes by 2 d pull + d^2 E[x^2].
  bool try_other_side(size_t i) {
    if (errors_[i] == 0 || std::abs(errors_[i]) > 1) return false;  // exact, or clipped
    const double step = errors_[i] > 0 ? -1 : 1;
    float& code = codes_[block_.taps[i]];
    if (std::abs(double{code} + step) > kMaxCode) return false;
    if (2 * step * pull_[i] + with(i, i) >= -kLeast * with(i, i)) return false;
    code += static_cast<float>(step);
    errors_[i] += step;
    for (size_t j = 0; j < errors_.size(); ++j) pull_[j] += step * with(i, j);
    return true;
  }

  static constexpr double kLeast = 1e-9;  ///< gains below are the rounding of these sums themselves

  const RoundBlock& block_;
  std::vector<float>& codes_;
  std::vector<double> errors_;
  std::vector<double> pull_;
};

}  // namespace

std::vector<float> rounded_row(std::span<const float> row, float scale, std::span<const RoundBlock> blocks) {
  std::vector<float> codes(row.size());
  for (size_t i = 0; i < row.size(); ++i) codes[i] = std::clamp(std::nearbyint(row[i] / scale), -kMaxCode, kMaxCode);
  for (const RoundBlock& block : blocks) Balance(row, scale, block, codes).run();
  return codes;
}

}  // namespace quern
