// From the times of runs to what can be said about them. docs/benchmarks.md has the formulas.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "measure/accuracy/bootstrap.h"
#include "quern/measure.h"

namespace quern {

namespace {

using Runs = std::span<const double>;

constexpr double kDriftPct = 2;
constexpr double kOutlier = 5;
constexpr double kMadToStd = 1.4826;  // of a normal distribution

double median_of(std::vector<double> values) {
  const size_t middle = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(middle), values.end());
  const double upper = values[middle];
  if (values.size() % 2 == 1) return upper;
  return (*std::max_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(middle)) + upper) / 2;
}
double median_of(Runs runs) {
  return median_of(std::vector(runs.begin(), runs.end()));
}

/// The value that `share` of the sorted numbers do not exceed (nearest rank).
double quantile(Runs sorted, double share) {
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::clamp<size_t>(rank, 1, sorted.size()) - 1];
}

/// Ranks n/2 ± 1.96 sqrt(n)/2 of the sorted runs: binomial, so nothing is assumed of their distribution.
Interval median_interval(Runs sorted) {
  const auto n = static_cast<double>(sorted.size());
  const double reach = 0.98 * std::sqrt(n);
  const auto at = [&](double rank) { return sorted[static_cast<size_t>(std::clamp(rank, 0.0, n - 1))]; };
  return {at(std::floor(n / 2 - reach)), at(std::ceil(n / 2 + reach))};
}

/// The cut with the least standard error of the mean of what remains (MSER, White 1997), over runs whose slowest
/// twentieth counts as no slower than the rest: one hiccup is no warm-up. At most half is cut off.
int64_t find_warmup(const std::vector<double>& ms) {
  std::vector<double> sorted = ms;
  std::sort(sorted.begin(), sorted.end());
  const double ceiling = quantile(sorted, 0.95);
  double sum = 0;
  double squares = 0;
  double best = std::numeric_limits<double>::infinity();
  size_t cut = 0;
  for (size_t i = ms.size(); i-- > 0;) {
    const double run = std::min(ms[i], ceiling);
    sum += run;
    squares += run * run;
    const auto n = static_cast<double>(ms.size() - i);
    if (i > ms.size() / 2 || n < 2) continue;
    const double error = std::max(0.0, squares - sum * sum / n) / (n * n);
    if (error > best) continue;
    best = error;
    cut = i;
  }
  return static_cast<int64_t>(cut);
}

void find_drift(Runs runs, Times& times) {
  const size_t third = runs.size() / 3;
  if (third < 10) return;
  std::vector<double> first(runs.begin(), runs.begin() + static_cast<std::ptrdiff_t>(third));
  std::vector<double> last(runs.end() - static_cast<std::ptrdiff_t>(third), runs.end());
  std::sort(first.begin(), first.end());
  std::sort(last.begin(), last.end());
  times.drift_pct = 100 * (median_of(Runs(last)) / median_of(Runs(first)) - 1);
  const Interval a = median_interval(first);
  const Interval b = median_interval(last);
  times.drifts = std::abs(times.drift_pct) > kDriftPct && (a.high < b.low || b.high < a.low);
}

void count_outliers(Runs runs, Times& times) {
  std::vector<double> distances;
  for (const double run : runs) distances.push_back(std::abs(run - times.median_ms));
  const double limit = times.median_ms + kOutlier * kMadToStd * median_of(std::move(distances));
  times.outliers = std::count_if(runs.begin(), runs.end(), [&](double run) { return run > limit; });
}

void find_moments(Runs runs, Times& times) {
  const auto n = static_cast<double>(runs.size());
  times.mean_ms = std::accumulate(runs.begin(), runs.end(), 0.0) / n;
  double squares = 0;
  for (const double run : runs) squares += (run - times.mean_ms) * (run - times.mean_ms);
  times.std_ms = n > 1 ? std::sqrt(squares / (n - 1)) : 0;
}

}  // namespace

Times summarize_times(std::vector<double> ms, std::optional<int64_t> warmup) {
  Times times;
  times.warmup = warmup ? *warmup : find_warmup(ms);
  times.ms = std::move(ms);
  const Runs runs = Runs(times.ms).subspan(static_cast<size_t>(times.warmup));
  std::vector<double> sorted(runs.begin(), runs.end());
  std::sort(sorted.begin(), sorted.end());
  times.min_ms = sorted.front();
  times.median_ms = median_of(Runs(sorted));
  times.p90_ms = quantile(sorted, 0.90);
  times.p99_ms = quantile(sorted, 0.99);
  times.median_ci95 = median_interval(sorted);
  find_moments(runs, times);
  find_drift(runs, times);
  count_outliers(runs, times);
  return times;
}

TimeRatio ratio_of_times(const Times& a, const Times& b, const Bootstrap& bootstrap) {
  const auto warm = static_cast<size_t>(std::max(a.warmup, b.warmup));
  const Runs left = Runs(a.ms).subspan(warm);
  const Runs right = Runs(b.ms).subspan(warm);
  const size_t rounds = left.size();
  const auto block = std::max<size_t>(1, static_cast<size_t>(std::cbrt(static_cast<double>(rounds))));
  std::mt19937_64 random(bootstrap.seed);
  std::vector<double> ratios;
  std::vector<double> x(rounds);
  std::vector<double> y(rounds);
  for (int draw = 0; draw < bootstrap.rounds; ++draw) {
    for (size_t i = 0, at = 0; i < rounds; ++i) {
      if (i % block == 0) at = static_cast<size_t>(random() % rounds);
      x[i] = left[at % rounds];
      y[i] = right[at % rounds];
      ++at;
    }
    ratios.push_back(median_of(x) / median_of(y));
  }
  TimeRatio ratio{median_of(left) / median_of(right), middle_95(std::move(ratios))};
  ratio.significant = ratio.ci95.low > 1 || ratio.ci95.high < 1;
  return ratio;
}

}  // namespace quern
