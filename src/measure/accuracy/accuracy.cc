// Top-1 and top-5.
#include <algorithm>
#include <map>

#include "measure/accuracy/bootstrap.h"

namespace quern {

namespace {

constexpr size_t kTop = 5;

bool right_within(const ClassAnswer& answer, size_t top) {
  const auto end = answer.best.begin() + static_cast<std::ptrdiff_t>(std::min(top, answer.best.size()));
  return std::find(answer.best.begin(), end, answer.truth) != end;
}

/// The part of the pictures that is right, and its interval.
double part_right(const std::vector<bool>& right, const Bootstrap& bootstrap, Interval& interval) {
  const auto pictures = static_cast<double>(right.size());
  Redraw redraw(static_cast<int64_t>(right.size()), bootstrap.seed);
  std::vector<double> parts;
  for (int round = 0; round < bootstrap.rounds; ++round) {
    const std::vector<int>& counts = redraw.next();
    int64_t sum = 0;
    for (size_t i = 0; i < right.size(); ++i) sum += right[i] ? counts[i] : 0;
    parts.push_back(static_cast<double>(sum) / pictures);
  }
  const double part = static_cast<double>(std::count(right.begin(), right.end(), true)) / pictures;
  interval = parts.empty() ? Interval{part, part} : middle_95(std::move(parts));
  return part;
}

double part_right(std::span<const ClassAnswer> answers, size_t top, const Bootstrap& bootstrap, Interval& interval) {
  std::vector<bool> right;
  right.reserve(answers.size());
  for (const ClassAnswer& answer : answers) right.push_back(right_within(answer, top));
  return part_right(right, bootstrap, interval);
}

std::vector<Confusion> count_confusions(std::span<const ClassAnswer> answers) {
  std::map<std::pair<int, int>, int64_t> counts;
  for (const ClassAnswer& answer : answers) {
    if (answer.best[0] != answer.truth) ++counts[{answer.truth, answer.best[0]}];
  }
  std::vector<Confusion> confusions;
  for (const auto& [pair, count] : counts) confusions.push_back({pair.first, pair.second, count});
  std::stable_sort(confusions.begin(), confusions.end(),
                   [](const Confusion& a, const Confusion& b) { return a.count > b.count; });
  return confusions;
}

}  // namespace

ClassReport measure_classes(std::span<const ClassAnswer> answers, int classes, const Bootstrap& bootstrap) {
  ClassReport report;
  report.pictures = static_cast<int64_t>(answers.size());
  report.top1 = part_right(answers, 1, bootstrap, report.top1_ci95);
  if (classes > static_cast<int>(kTop)) report.top5 = part_right(answers, kTop, bootstrap, report.top5_ci95);
  report.classes.resize(static_cast<size_t>(classes));
  for (const ClassAnswer& answer : answers) {
    ClassScore& score = report.classes[static_cast<size_t>(answer.truth)];
    ++score.pictures;
    score.right += right_within(answer, 1) ? 1 : 0;
  }
  report.confusions = count_confusions(answers);
  for (const Confusion& confusion : report.confusions) {
    ClassScore& score = report.classes[static_cast<size_t>(confusion.truth)];
    if (score.wrong_answer < 0) score.wrong_answer = confusion.answer, score.wrong_count = confusion.count;
  }
  return report;
}

}  // namespace quern
