// Runs models in turn and takes their times: what disturbs the machine then disturbs all of them alike.
#include <chrono>

#include "base/error.h"
#include "quern/measure.h"

namespace quern {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kFewestRounds = 10;
constexpr int64_t kMostRounds = 1'000'000;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// How far the work is, 1 or more when it is done.
double share_done(int64_t round, double seconds, const TimingOptions& options) {
  if (options.repeat)
    return static_cast<double>(round) / static_cast<double>(*options.repeat + options.warmup.value_or(0));
  if (round < kFewestRounds + options.warmup.value_or(0)) return 0;
  return round >= kMostRounds ? 1 : seconds / options.duration_s;
}

}  // namespace

Result<std::vector<Times>> time_in_turn(const std::vector<std::function<Status()>>& runs,
                                        const TimingOptions& options) {
  std::vector<std::vector<double>> ms(runs.size());
  const auto start = Clock::now();
  for (int64_t round = 0;; ++round) {
    const double share = share_done(round, seconds_since(start), options);
    if (options.progress) options.progress(share);
    if (share >= 1) break;
    for (size_t i = 0; i < runs.size(); ++i) {
      const size_t turn = (static_cast<size_t>(round) + i) % runs.size();
      const auto begin = Clock::now();
      QUERN_CHECK(runs[turn]());
      ms[turn].push_back(1000 * seconds_since(begin));
    }
  }
  std::vector<Times> times;
  // With --repeat and no warm-up given, what was asked for is what is counted.
  const auto warmup = options.repeat ? std::optional(options.warmup.value_or(0)) : options.warmup;
  for (std::vector<double>& one : ms) times.push_back(summarize_times(std::move(one), warmup));
  return times;
}

}  // namespace quern
