// The core's measured limit, beside which kernels are held.
#include <algorithm>
#include <chrono>

#include "kernels/peak/peak.h"
#include "quern/measure.h"

namespace quern {

namespace {

/// The best of some pieces, since a clock that rises or a neighbour on the machine can only make one slower.
double measured(const PeakLoop& loop) {
  using Clock = std::chrono::steady_clock;
  constexpr int kPieces = 20;
  constexpr auto kPiece = std::chrono::microseconds(1000);
  int64_t rounds = 64;
  double best = 0;
  for (int i = 0; i < kPieces;) {
    const auto start = Clock::now();
    loop.run(rounds);
    const auto time = Clock::now() - start;
    if (time < kPiece) {  // too short to be timed well
      rounds *= 2;
      continue;
    }
    const double seconds = std::chrono::duration<double>(time).count();
    best = std::max(best, static_cast<double>(loop.macs_a_round * rounds) / seconds / 1e9);
    ++i;
  }
  return best;
}

}  // namespace

double peak_gmacs_per_s(const std::string& isa, bool integer) {
  const Result<Isa> limit = parse_isa(isa);
  if (!limit.ok()) return 0;
  for (const PeakLoop& loop : peak_loops()) {
    if (loop.integer == integer && loop.isa <= *limit && supported(loop.isa)) return measured(loop);
  }
  return 0;
}

}  // namespace quern
