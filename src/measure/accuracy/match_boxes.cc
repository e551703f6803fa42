#include "measure/accuracy/match_boxes.h"

#include <algorithm>

namespace quern {

namespace {

bool outside(double area, const AreaRange& range) {
  return area < range.least || area > range.most;
}

/// The true boxes as the rule looks at them: those that count before those that do not.
struct Target {
  const TrueBox* box;
  bool ignored;
};

std::vector<Target> targets_of(const std::vector<TrueBox>& truth, const AreaRange& range) {
  std::vector<Target> targets;
  for (const TrueBox& box : truth) targets.push_back({&box, box.crowd || outside(box.area, range)});
  std::stable_partition(targets.begin(), targets.end(), [](const Target& target) { return !target.ignored; });
  return targets;
}

std::vector<const FoundBox*> best_found(const std::vector<FoundBox>& found) {
  std::vector<const FoundBox*> best;
  for (const FoundBox& box : found) best.push_back(&box);
  std::stable_sort(best.begin(), best.end(), [](const FoundBox* a, const FoundBox* b) { return a->score > b->score; });
  best.resize(std::min(best.size(), kMaxFound));
  return best;
}

/// The target that a found box takes: the greatest overlap of at least `limit`, the last of equals; a target that does
/// not count only when no other is left. -1: none. Crowds may be taken again and again.
int choose(const std::vector<Target>& targets, const std::vector<double>& overlaps, double limit,
           const std::vector<bool>& taken) {
  double least = std::min(limit, 1 - 1e-10);
  int chosen = -1;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (taken[i] && !targets[i].box->crowd) continue;
    if (chosen >= 0 && !targets[static_cast<size_t>(chosen)].ignored && targets[i].ignored) break;
    if (overlaps[i] < least) continue;
    least = overlaps[i];
    chosen = static_cast<int>(i);
  }
  return chosen;
}

}  // namespace

std::array<double, kOverlaps> overlap_limits() {
  std::array<double, kOverlaps> limits;
  constexpr double kStep = (0.95 - 0.5) / (kOverlaps - 1);
  for (size_t i = 0; i < kOverlaps; ++i) limits[i] = static_cast<double>(i) * kStep + 0.5;
  limits.back() = 0.95;
  return limits;
}

double overlap(const FoundBox& found, const TrueBox& truth) {
  const double width = std::min(found.x + found.width, truth.x + truth.width) - std::max(found.x, truth.x);
  const double height = std::min(found.y + found.height, truth.y + truth.height) - std::max(found.y, truth.y);
  if (width <= 0 || height <= 0) return 0;
  const double shared = width * height;
  const double found_area = found.width * found.height;
  return shared / (truth.crowd ? found_area : found_area + truth.width * truth.height - shared);
}

int match_boxes(const PictureBoxes& boxes, const AreaRange& range, std::vector<Judgement>& judgements) {
  const std::vector<Target> targets = targets_of(boxes.truth, range);
  const std::array<double, kOverlaps> limits = overlap_limits();
  std::array<std::vector<bool>, kOverlaps> taken;
  taken.fill(std::vector<bool>(targets.size(), false));
  for (const FoundBox* found : best_found(boxes.found)) {
    std::vector<double> overlaps;
    for (const Target& target : targets) overlaps.push_back(overlap(*found, *target.box));
    Judgement judgement{found->score, boxes.picture};
    for (size_t t = 0; t < kOverlaps; ++t) {
      const int chosen = choose(targets, overlaps, limits[t], taken[t]);
      const bool ignored =
          chosen >= 0 ? targets[static_cast<size_t>(chosen)].ignored : outside(found->width * found->height, range);
      const auto bit = static_cast<uint16_t>(1U << t);
      if (ignored) judgement.ignored |= bit;
      if (chosen < 0) continue;
      judgement.matched |= bit;
      taken[t][static_cast<size_t>(chosen)] = true;
    }
    judgements.push_back(judgement);
  }
  return static_cast<int>(
      std::count_if(targets.begin(), targets.end(), [](const Target& target) { return !target.ignored; }));
}

}  // namespace quern
