#include "bench_output.h"

#include <algorithm>
#include <map>

namespace quern::cli {

namespace {

std::string ms_text(double ms) {
  return fmt::format("{:.3f}", ms);
}

double total_ms(const BenchRow& row) {
  double total = 0;
  for (const OperatorTime& one : row.operators) total += one.median_ms;
  return total;
}

double gmacs_per_s(const OperatorTime& one) {
  return one.median_ms > 0 ? static_cast<double>(one.step.macs) / one.median_ms / 1e6 : 0;
}

/// Shares of what the cores multiply at most, by instruction set and kind of numbers; each limit is measured once.
class Limits {
 public:
  /// In percent; 0 where nothing is multiplied or no limit is known.
  double share_pct(const OperatorTime& one, int threads) {
    if (one.step.macs == 0) return 0;
    const bool integer = one.step.kernel.find("float") == std::string::npos;
    const auto key = std::make_pair(one.step.isa, integer);
    auto found = peaks_.find(key);
    if (found == peaks_.end()) found = peaks_.emplace(key, peak_gmacs_per_s(one.step.isa, integer)).first;
    return found->second > 0 ? 100 * gmacs_per_s(one) / (found->second * threads) : 0;
  }

 private:
  std::map<std::pair<std::string, bool>, double> peaks_;
};

Limits& limits() {
  static Limits instance;
  return instance;
}

/// What makes a figure doubtful, as sentences.
std::string doubts(const BenchRow& row) {
  const Times& times = row.times;
  const auto runs = static_cast<int64_t>(times.ms.size()) - times.warmup;
  std::string text;
  if (times.drifts) {
    text += fmt::format(
        "{}: the runs got {:.1f} % {} from the first third to the last: the machine changes under the measurement\n",
        row.model, std::abs(times.drift_pct), times.drift_pct > 0 ? "slower" : "faster");
  }
  if (times.outliers * 20 > runs)
    text += fmt::format("{}: {} of {} runs are far slower than the rest: something else uses the machine\n", row.model,
                        times.outliers, runs);
  if (runs < 20) text += fmt::format("{}: only {} runs: the percentiles say little\n", row.model, runs);
  return text;
}

std::string rows_text(const std::vector<BenchRow>& rows) {
  std::vector<std::vector<std::string>> lines;
  for (const BenchRow& row : rows) {
    const Times& t = row.times;
    lines.push_back({row.model, row.target, std::to_string(row.threads),
                     std::to_string(t.ms.size() - static_cast<size_t>(t.warmup)), std::to_string(t.warmup),
                     ms_text(t.min_ms), ms_text(t.median_ms),
                     fmt::format("{:.3f} to {:.3f}", t.median_ci95.low, t.median_ci95.high), ms_text(t.p90_ms),
                     ms_text(t.p99_ms), fmt::format("{:.1f}", 1000 / t.median_ms)});
  }
  return table({"model", "target", "threads", "runs", "warm-up", "min ms", "median ms", "95 % of the median", "p90 ms",
                "p99 ms", "per s"},
               lines);
}

std::string operators_text(const BenchRow& row) {
  const double total = total_ms(row);
  std::vector<std::vector<std::string>> lines;
  for (const OperatorTime& one : row.operators) {
    const double share = limits().share_pct(one, row.threads);
    lines.push_back({one.step.name, one.step.source_kind, one.step.kernel, ms_text(one.median_ms),
                     fmt::format("{:.1f}", total > 0 ? 100 * one.median_ms / total : 0),
                     one.step.macs > 0 ? fmt::format("{:.2f}", gmacs_per_s(one)) : "-",
                     share > 0 ? fmt::format("{:.0f}", share) : "-"});
  }
  return fmt::format("\n{}\n", row.model) +
         table({"operator", "kind", "kernel", "median ms", "%", "gmacs/s", "% of the limit"}, lines);
}

/// Of each model over the first.
std::vector<TimeRatio> ratios_of(const std::vector<BenchRow>& rows) {
  std::vector<TimeRatio> ratios;
  for (size_t i = 1; i < rows.size(); ++i) ratios.push_back(ratio_of_times(rows[i].times, rows[0].times));
  return ratios;
}

std::string ratio_text(const BenchRow& a, const BenchRow& b, const TimeRatio& ratio) {
  const std::string range =
      fmt::format("{:.3f} (95 %: {:.3f} to {:.3f})", ratio.median, ratio.ci95.low, ratio.ci95.high);
  if (!ratio.significant)
    return fmt::format("{} takes as long as {}, as far as these runs can tell: {}\n", a.model, b.model, range);
  return fmt::format("{} takes {} times as long as {}\n", a.model, range, b.model);
}

Json operators_json(const BenchRow& row) {
  const double total = total_ms(row);
  Json operators = Json::array();
  for (const OperatorTime& one : row.operators) {
    operators.push_back({{"name", one.step.name},
                         {"kind", one.step.source_kind},
                         {"kernel", one.step.kernel},
                         {"median_ms", one.median_ms},
                         {"pct", total > 0 ? 100 * one.median_ms / total : 0},
                         {"macs", one.step.macs},
                         {"gmacs_per_s", gmacs_per_s(one)},
                         {"limit_pct", limits().share_pct(one, row.threads)}});
  }
  return operators;
}

Json row_json(const BenchRow& row) {
  const Times& t = row.times;
  return {{"model", row.model},
          {"target", row.target},
          {"threads", row.threads},
          {"isa", row.isa},
          {"runs", static_cast<int64_t>(t.ms.size()) - t.warmup},
          {"warmup", t.warmup},
          {"min_ms", t.min_ms},
          {"median_ms", t.median_ms},
          {"mean_ms", t.mean_ms},
          {"std_ms", t.std_ms},
          {"p90_ms", t.p90_ms},
          {"p99_ms", t.p99_ms},
          {"median_ci95_ms", {t.median_ci95.low, t.median_ci95.high}},
          {"fps", 1000 / t.median_ms},
          {"drift_pct", t.drift_pct},
          {"drifts", t.drifts},
          {"outliers", t.outliers},
          {"peak_rss_bytes", peak_rss_bytes()},
          {"operators", operators_json(row)}};
}

}  // namespace

std::string bench_text(const std::vector<BenchRow>& rows, bool profile) {
  const MachineInfo machine = machine_info();
  std::string text = fmt::format("{}, {} core{}, kernels up to {}\n\n", machine.cpu, machine.cores,
                                 machine.cores == 1 ? "" : "s", rows[0].isa);
  text += rows_text(rows);
  for (const BenchRow& row : rows) text += doubts(row);
  const std::vector<TimeRatio> ratios = ratios_of(rows);
  for (size_t i = 0; i < ratios.size(); ++i) text += (i == 0 ? "\n" : "") + ratio_text(rows[i + 1], rows[0], ratios[i]);
  if (profile) {
    for (const BenchRow& row : rows) text += operators_text(row);
  }
  return text + fmt::format("\npeak memory {:.1f} MiB{}\n", static_cast<double>(peak_rss_bytes()) / (1 << 20),
                            rows.size() > 1 ? " with all models loaded" : "");
}

Json bench_json(const std::vector<BenchRow>& rows) {
  const MachineInfo machine = machine_info();
  Json results = Json::array();
  for (const BenchRow& row : rows) results.push_back(row_json(row));
  Json pairs = Json::array();
  const std::vector<TimeRatio> ratios = ratios_of(rows);
  for (size_t i = 0; i < ratios.size(); ++i) {
    pairs.push_back({{"a", rows[i + 1].model},
                     {"b", rows[0].model},
                     {"median", ratios[i].median},
                     {"ci95", {ratios[i].ci95.low, ratios[i].ci95.high}},
                     {"significant", ratios[i].significant}});
  }
  return {{"schema", "quern.bench/1"},
          {"machine", {{"cpu", machine.cpu}, {"isa", rows[0].isa}, {"cores", machine.cores}}},
          {"results", results},
          {"ratios", pairs}};
}

std::string trace_of(const BenchRow& row) {
  Json events = Json::array();
  double at_us = 0;
  for (const OperatorTime& one : row.operators) {
    events.push_back(
        {{"name", one.step.name},
         {"cat", one.step.source_kind},
         {"ph", "X"},
         {"ts", at_us},
         {"dur", 1000 * one.median_ms},
         {"pid", 1},
         {"tid", 1},
         {"args", {{"kind", one.step.source_kind}, {"kernel", one.step.kernel}, {"macs", one.step.macs}}}});
    at_us += 1000 * one.median_ms;
  }
  return Json{{"traceEvents", events}, {"displayTimeUnit", "ms"}}.dump(1) + "\n";
}

}  // namespace quern::cli
