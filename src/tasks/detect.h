// What all detectors share: candidates in the model's frame, suppression of doubles, and the way back to the picture.
#pragma once

#include <cmath>
#include <span>
#include <vector>

#include "quern/task.h"

namespace quern {

/// What a decoder is given. `outputs` are float32.
struct Decode {
  const Task& task;
  std::span<const NamedTensor> outputs;
  const Geometry& geometry;
  const TaskOptions& options;
  double score = 0;
  double iou = -1;
};

/// A candidate, in continuous coordinates of the model's frame.
struct Box {
  int class_index = 0;
  float score = 0;
  float left = 0;
  float top = 0;
  float right = 0;
  float bottom = 0;
  std::vector<Point> landmarks = {};
};

/// How boxes are held against each other.
struct Suppression {
  double iou = -1;         ///< the weaker of two boxes that overlap by more goes; negative: none go
  bool per_class = true;   ///< boxes of different classes never suppress each other
  bool inclusive = false;  ///< right and bottom are the last pixel inside, so a side is right - left + 1
};

/// Candidates beyond the best this many are dropped before suppression, which is quadratic.
constexpr size_t kMaxCandidates = 2000;

double overlap(const Box& a, const Box& b, bool inclusive);
/// Best first; equal scores in the order given. Boxes with numbers that are not finite are dropped.
std::vector<Box> suppress(std::vector<Box> boxes, const Suppression& how);

enum class Clip : uint8_t { keep, to_picture };
/// The boxes in pixels of the picture, labelled from the options, else from `names` (may be empty).
TaskResult to_result(const std::vector<Box>& boxes, const Decode& decode, std::span<const char* const> names,
                     Clip clip);

inline float sigmoid(float x) {
  return 1.0F / (1.0F + std::exp(-x));
}
/// Feature map cells along a side, as strided convolutions leave them.
inline int64_t cells_along(int64_t side, int64_t stride) {
  return (side + stride - 1) / stride;
}

/// The 80 classes of COCO in the usual order.
std::span<const char* const> coco_names();

// The decoders, one file each.
Result<TaskResult> decode_tensor(const Decode& decode);
Result<TaskResult> decode_classify(const Decode& decode);
Result<TaskResult> decode_face_det_lite(const Decode& decode);
Result<TaskResult> decode_nanodet(const Decode& decode);
Result<TaskResult> decode_nanodet_plus(const Decode& decode);
Result<TaskResult> decode_fastestdet(const Decode& decode);
Result<TaskResult> decode_yunet(const Decode& decode);
Result<TaskResult> decode_ultraface(const Decode& decode);
Result<TaskResult> decode_blazeface(const Decode& decode);

}  // namespace quern
