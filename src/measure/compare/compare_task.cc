#include <algorithm>
#include <cmath>

#include "quern/measure.h"

namespace quern {

namespace {

constexpr double kMatchIou = 0.5;

double iou(const Detection& a, const Detection& b) {
  const double width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
  const double height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const double both = width * height;
  return both / (double{a.width} * a.height + double{b.width} * b.height - both);
}

}  // namespace

void TaskDifference::add(const TaskResult& reference, const TaskResult& candidate) {
  ++pictures;
  if (!reference.labels.empty()) {
    ++labelled;
    const auto has = [&](const Label& label) {
      return std::ranges::any_of(candidate.labels, [&](const Label& other) { return other.index == label.index; });
    };
    if (candidate.labels.empty() || candidate.labels[0].index != reference.labels[0].index) ++top1_flips;
    topk_overlap_sum += static_cast<double>(std::ranges::count_if(reference.labels, has)) /
                        static_cast<double>(reference.labels.size());
  }
  reference_boxes += static_cast<int64_t>(reference.boxes.size());
  candidate_boxes += static_cast<int64_t>(candidate.boxes.size());
  std::vector<bool> taken(candidate.boxes.size(), false);
  for (const Detection& box : reference.boxes) {
    double best = 0;
    size_t partner = 0;
    for (size_t i = 0; i < candidate.boxes.size(); ++i) {
      if (taken[i] || candidate.boxes[i].class_index != box.class_index) continue;
      if (const double overlap = iou(box, candidate.boxes[i]); overlap > best) best = overlap, partner = i;
    }
    if (best < kMatchIou) continue;
    taken[partner] = true;
    ++matched;
    iou_sum += best;
    score_difference_sum += std::abs(double{box.score} - candidate.boxes[partner].score);
  }
}

}  // namespace quern
