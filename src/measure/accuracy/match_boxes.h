// Which found boxes are right: COCO's rule for one picture and category.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "quern/measure.h"

namespace quern {

/// Overlaps at which boxes are matched: 0.50, 0.55 … 0.95.
constexpr size_t kOverlaps = 10;
std::array<double, kOverlaps> overlap_limits();

/// Beyond this many boxes a picture and category, the weakest are not looked at.
constexpr size_t kMaxFound = 100;

/// Only boxes of this area count.
struct AreaRange {
  double least = 0;
  double most = 1e10;
};

/// A found box. Bit t belongs to overlap t.
struct Judgement {
  double score = 0;
  uint32_t picture = 0;
  uint16_t matched = 0;
  uint16_t ignored = 0;  ///< neither right nor wrong: it met a crowd, or a box of another area
};

/// The boxes of one category in one picture.
struct PictureBoxes {
  uint32_t picture = 0;
  std::vector<TrueBox> truth;   ///< in the order of the truth
  std::vector<FoundBox> found;  ///< in the order of the model
};

/// Intersection over union, by areas in doubles; over the found box's area alone when the true box is a crowd.
double overlap(const FoundBox& found, const TrueBox& truth);

/// Appends a judgement for each of the best kMaxFound boxes; the number of true boxes that count.
int match_boxes(const PictureBoxes& boxes, const AreaRange& range, std::vector<Judgement>& judgements);

}  // namespace quern
