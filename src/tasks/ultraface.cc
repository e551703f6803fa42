// UltraFace (version RFB and slim): boxes relative to priors, or already decoded by the export.
#include <algorithm>

#include "base/error.h"
#include "tasks/detect.h"
#include "tasks/outputs.h"

namespace quern {

namespace {

constexpr float kCenterVariance = 0.1F;
constexpr float kSizeVariance = 0.2F;
constexpr const char* kNames[] = {"face"};

struct PriorLevel {
  int64_t stride;
  std::vector<float> sides;  ///< of the square priors of a cell, in pixels
};

/// A prior in parts of the model's frame.
struct Prior {
  float x;
  float y;
  float width;
  float height;
};

const std::vector<PriorLevel>& prior_levels() {
  static const std::vector<PriorLevel> levels = {
      {8, {10, 16, 24}}, {16, {32, 48}}, {32, {64, 96}}, {64, {128, 192, 256}}};
  return levels;
}

/// A side that is no multiple of the stride has one more cell (240/64 has 4), and the cells divide the side evenly:
/// centres one stride apart put large faces up to 15 pixels too low.
std::vector<Prior> make_priors(const Geometry& geometry) {
  const auto wide = static_cast<float>(geometry.model_width);
  const auto high = static_cast<float>(geometry.model_height);
  const auto part = [](float value) { return std::clamp(value, 0.0F, 1.0F); };
  std::vector<Prior> priors;
  for (const PriorLevel& level : prior_levels()) {
    const int64_t rows = cells_along(geometry.model_height, level.stride);
    const int64_t columns = cells_along(geometry.model_width, level.stride);
    for (int64_t cell = 0; cell < rows * columns; ++cell) {
      const float x = (static_cast<float>(cell % columns) + 0.5F) / static_cast<float>(columns);
      const float y = (static_cast<float>(cell / columns) + 0.5F) / static_cast<float>(rows);
      for (float side : level.sides) priors.push_back({part(x), part(y), part(side / wide), part(side / high)});
    }
  }
  return priors;
}

/// Boxes that are corners already have no negative side; raw regressions of thousands of priors always have some.
bool are_corners(const Cells& boxes) {
  for (int64_t i = 0; i < boxes.count; ++i) {
    if (boxes.at(i, 2) < boxes.at(i, 0) || boxes.at(i, 3) < boxes.at(i, 1)) return false;
  }
  return true;
}

/// Corners in parts of the frame.
Box relative_box(const Cells& boxes, int64_t i, const Prior& prior, bool corners) {
  Box box;
  if (corners) {
    box.left = boxes.at(i, 0);
    box.top = boxes.at(i, 1);
    box.right = boxes.at(i, 2);
    box.bottom = boxes.at(i, 3);
    return box;
  }
  const float x = prior.x + boxes.at(i, 0) * kCenterVariance * prior.width;
  const float y = prior.y + boxes.at(i, 1) * kCenterVariance * prior.height;
  const float half_width = prior.width * std::exp(boxes.at(i, 2) * kSizeVariance) / 2;
  const float half_height = prior.height * std::exp(boxes.at(i, 3) * kSizeVariance) / 2;
  box.left = x - half_width;
  box.top = y - half_height;
  box.right = x + half_width;
  box.bottom = y + half_height;
  return box;
}

/// The probability of "face": as given, or softmax of the two scores when they are no probabilities.
float face_score(const Cells& scores, int64_t i) {
  const float background = scores.at(i, 0);
  const float face = scores.at(i, 1);
  const bool probabilities = background >= 0 && face >= 0 && std::abs(background + face - 1) < 0.05F;
  return probabilities ? face : sigmoid(face - background);
}

}  // namespace

Result<TaskResult> decode_ultraface(const Decode& decode) {
  const std::vector<Prior> priors = make_priors(decode.geometry);
  const auto count = static_cast<int64_t>(priors.size());
  const Want wants[] = {{"scores", count, 2}, {"boxes", count, 4}};
  QUERN_TRY(const std::vector<Cells> found, match_outputs(decode.task.name, decode.outputs, wants));
  const bool corners = are_corners(found[1]);
  std::vector<Box> boxes;
  for (int64_t i = 0; i < count; ++i) {
    const float score = face_score(found[0], i);
    if (!(score > decode.score)) continue;
    Box box = relative_box(found[1], i, priors[static_cast<size_t>(i)], corners);
    box.score = score;
    box.left *= static_cast<float>(decode.geometry.model_width);
    box.right *= static_cast<float>(decode.geometry.model_width);
    box.top *= static_cast<float>(decode.geometry.model_height);
    box.bottom *= static_cast<float>(decode.geometry.model_height);
    boxes.push_back(box);
  }
  return to_result(suppress(std::move(boxes), {.iou = decode.iou, .per_class = false, .inclusive = false}), decode,
                   kNames, Clip::keep);
}

}  // namespace quern
