// Average precision as COCO defines it. Boxes are matched once; the bootstrap draws pictures anew over the matches.
#include <algorithm>
#include <limits>

#include "measure/accuracy/bootstrap.h"
#include "measure/accuracy/match_boxes.h"

namespace quern {

namespace {

constexpr int kRecallPoints = 101;
constexpr AreaRange kAll = {0, 1e10};
constexpr AreaRange kSmall = {0, 32.0 * 32.0};
constexpr AreaRange kMedium = {32.0 * 32.0, 96.0 * 96.0};
constexpr AreaRange kLarge = {96.0 * 96.0, 1e10};

/// The matches of one category within one range of areas.
struct Matches {
  std::vector<Judgement> judgements;                 ///< best first; equals in the order of pictures, then boxes
  std::vector<std::pair<uint32_t, int>> true_boxes;  ///< picture, and boxes that count in it
};

Matches match_category(const std::vector<PictureBoxes>& pictures, const AreaRange& range) {
  Matches matches;
  for (const PictureBoxes& boxes : pictures) {
    const int count = match_boxes(boxes, range, matches.judgements);
    if (count > 0) matches.true_boxes.emplace_back(boxes.picture, count);
  }
  std::stable_sort(matches.judgements.begin(), matches.judgements.end(),
                   [](const Judgement& a, const Judgement& b) { return a.score > b.score; });
  return matches;
}

/// A point of the curve: the recall once a right box was counted, and the precision there.
struct CurvePoint {
  double recall;
  double precision;
};

struct Curve {
  double average = 0;  ///< precision, mean over the points of recall
  double recall = 0;   ///< at the end
};

/// The mean over recall 0, 0.01 … 1 of the best precision at that recall or beyond; 0 where recall is not reached.
Curve summed_up(std::vector<CurvePoint>& points) {
  for (size_t i = points.size(); i-- > 1;)
    points[i - 1].precision = std::max(points[i - 1].precision, points[i].precision);
  Curve curve;
  size_t at = 0;
  for (int r = 0; r < kRecallPoints; ++r) {
    const double wanted = r * 0.01;
    while (at < points.size() && points[at].recall < wanted) ++at;
    if (at == points.size()) break;
    curve.average += points[at].precision;
  }
  curve.average /= kRecallPoints;
  if (!points.empty()) curve.recall = points.back().recall;
  return curve;
}

/// How often a picture counts: once, or as often as it was drawn.
using Counts = std::vector<int>;

int64_t boxes_to_find(const Matches& matches, const Counts* counts) {
  int64_t sum = 0;
  for (const auto& [picture, boxes] : matches.true_boxes) sum += int64_t{boxes} * (counts ? (*counts)[picture] : 1);
  return sum;
}

/// Only right boxes make points: between them precision falls and recall stands.
Curve curve_of(const Matches& matches, size_t overlap_index, int64_t to_find, const Counts* counts,
               std::vector<CurvePoint>& points) {
  points.clear();
  const auto bit = static_cast<uint16_t>(1U << overlap_index);
  int64_t right = 0;
  int64_t wrong = 0;
  for (const Judgement& judgement : matches.judgements) {
    const int times = counts ? (*counts)[judgement.picture] : 1;
    if (times == 0 || (judgement.ignored & bit) != 0) continue;
    if ((judgement.matched & bit) == 0) {
      wrong += times;
      continue;
    }
    right += times;
    const auto found = static_cast<double>(right);
    const double all = static_cast<double>(wrong) + found + std::numeric_limits<double>::epsilon();
    points.push_back({found / static_cast<double>(to_find), found / all});
  }
  return summed_up(points);
}

/// One category at every overlap. Nothing when there is nothing to find.
struct Curves {
  std::array<Curve, kOverlaps> at;

  double ap() const { return mean(&Curve::average); }
  double recall() const { return mean(&Curve::recall); }

 private:
  double mean(double Curve::*member) const {
    double sum = 0;
    for (const Curve& curve : at) sum += curve.*member;
    return sum / kOverlaps;
  }
};

std::optional<Curves> curves_of(const Matches& matches, const Counts* counts, std::vector<CurvePoint>& scratch) {
  const int64_t to_find = boxes_to_find(matches, counts);
  if (to_find == 0) return std::nullopt;
  Curves curves;
  for (size_t t = 0; t < kOverlaps; ++t) curves.at[t] = curve_of(matches, t, to_find, counts, scratch);
  return curves;
}

/// A mean of what is there.
class Mean {
 public:
  void add(double value) { sum_ += value, ++count_; }
  std::optional<double> value() const { return count_ == 0 ? std::nullopt : std::optional(sum_ / count_); }

 private:
  double sum_ = 0;
  int count_ = 0;
};

/// For each category, the pictures that have boxes of it, true or found.
std::vector<std::vector<PictureBoxes>> by_category(std::span<const JudgedPicture> pictures, int categories) {
  std::vector<std::vector<PictureBoxes>> sorted(static_cast<size_t>(categories));
  for (size_t i = 0; i < pictures.size(); ++i) {
    const auto boxes_of = [&](int category) -> PictureBoxes& {
      std::vector<PictureBoxes>& list = sorted[static_cast<size_t>(category)];
      if (list.empty() || list.back().picture != i) list.push_back({static_cast<uint32_t>(i), {}, {}});
      return list.back();
    };
    for (const TrueBox& box : pictures[i].truth) boxes_of(box.category).truth.push_back(box);
    for (const FoundBox& box : pictures[i].found) boxes_of(box.category).found.push_back(box);
  }
  return sorted;
}

std::optional<double> mean_ap(const std::vector<std::vector<PictureBoxes>>& categories, const AreaRange& range) {
  Mean mean;
  std::vector<CurvePoint> scratch;
  for (const auto& boxes : categories) {
    const auto curves = curves_of(match_category(boxes, range), nullptr, scratch);
    if (curves) mean.add(curves->ap());
  }
  return mean.value();
}

void add_intervals(const std::vector<Matches>& categories, const Bootstrap& bootstrap, BoxReport& report) {
  Redraw redraw(report.pictures, bootstrap.seed);
  std::vector<double> maps;
  std::vector<double> map50s;
  std::vector<CurvePoint> scratch;
  for (int round = 0; round < bootstrap.rounds; ++round) {
    const Counts& counts = redraw.next();
    Mean map;
    Mean map50;
    for (const Matches& matches : categories) {
      const auto curves = curves_of(matches, &counts, scratch);
      if (!curves) continue;
      map.add(curves->ap());
      map50.add(curves->at[0].average);
    }
    if (!map.value()) continue;  // no picture with a box was drawn
    maps.push_back(*map.value());
    map50s.push_back(*map50.value());
  }
  if (maps.empty()) return;
  report.map_ci95 = middle_95(std::move(maps));
  report.map50_ci95 = middle_95(std::move(map50s));
}

}  // namespace

BoxReport measure_boxes(std::span<const JudgedPicture> pictures, int categories, const Bootstrap& bootstrap) {
  const auto boxes = by_category(pictures, categories);
  BoxReport report;
  report.pictures = static_cast<int64_t>(pictures.size());
  std::vector<Matches> matches;
  std::vector<CurvePoint> scratch;
  Mean map;
  Mean map50;
  Mean map75;
  Mean recall;
  for (const auto& category : boxes) {
    matches.push_back(match_category(category, kAll));
    CategoryScore score;
    score.boxes = boxes_to_find(matches.back(), nullptr);
    if (const auto curves = curves_of(matches.back(), nullptr, scratch)) {
      score.ap = curves->ap();
      score.ap50 = curves->at[0].average;
      score.recall = curves->recall();
      map.add(*score.ap);
      map50.add(*score.ap50);
      map75.add(curves->at[5].average);
      recall.add(*score.recall);
    }
    report.categories.push_back(score);
  }
  report.map = map.value();
  report.map50 = map50.value();
  report.map75 = map75.value();
  report.recall = recall.value();
  report.small = mean_ap(boxes, kSmall);
  report.medium = mean_ap(boxes, kMedium);
  report.large = mean_ap(boxes, kLarge);
  if (report.map) add_intervals(matches, bootstrap, report);
  return report;
}

}  // namespace quern
