#include "tasks/detect.h"

#include <algorithm>

#include "base/error.h"

namespace quern {

namespace {

constexpr const char* kCoco[] = {
    "person",         "bicycle",    "car",           "motorcycle",    "airplane",     "bus",           "train",
    "truck",          "boat",       "traffic light", "fire hydrant",  "stop sign",    "parking meter", "bench",
    "bird",           "cat",        "dog",           "horse",         "sheep",        "cow",           "elephant",
    "bear",           "zebra",      "giraffe",       "backpack",      "umbrella",     "handbag",       "tie",
    "suitcase",       "frisbee",    "skis",          "snowboard",     "sports ball",  "kite",          "baseball bat",
    "baseball glove", "skateboard", "surfboard",     "tennis racket", "bottle",       "wine glass",    "cup",
    "fork",           "knife",      "spoon",         "bowl",          "banana",       "apple",         "sandwich",
    "orange",         "broccoli",   "carrot",        "hot dog",       "pizza",        "donut",         "cake",
    "chair",          "couch",      "potted plant",  "bed",           "dining table", "toilet",        "tv",
    "laptop",         "mouse",      "remote",        "keyboard",      "cell phone",   "microwave",     "oven",
    "toaster",        "sink",       "refrigerator",  "book",          "clock",        "vase",          "scissors",
    "teddy bear",     "hair drier", "toothbrush",
};

bool is_finite(const Box& box) {
  return std::isfinite(box.score) && std::isfinite(box.left) && std::isfinite(box.top) && std::isfinite(box.right) &&
         std::isfinite(box.bottom);
}

std::string label_of(int class_index, const Decode& decode, std::span<const char* const> names) {
  const auto index = static_cast<size_t>(class_index);
  if (!decode.options.labels.empty()) return index < decode.options.labels.size() ? decode.options.labels[index] : "";
  return index < names.size() ? names[index] : "";
}

Detection to_detection(const Box& box, const Geometry& geometry, Clip clip) {
  double left = geometry.to_picture_x(box.left);
  double top = geometry.to_picture_y(box.top);
  double right = geometry.to_picture_x(box.right);
  double bottom = geometry.to_picture_y(box.bottom);
  if (clip == Clip::to_picture) {
    left = std::clamp(left, 0.0, static_cast<double>(geometry.picture_width));
    right = std::clamp(right, 0.0, static_cast<double>(geometry.picture_width));
    top = std::clamp(top, 0.0, static_cast<double>(geometry.picture_height));
    bottom = std::clamp(bottom, 0.0, static_cast<double>(geometry.picture_height));
  }
  Detection detection;
  detection.class_index = box.class_index;
  detection.score = box.score;
  detection.x = static_cast<float>(left);
  detection.y = static_cast<float>(top);
  detection.width = static_cast<float>(right - left);
  detection.height = static_cast<float>(bottom - top);
  for (const Point& p : box.landmarks) {
    detection.landmarks.push_back(
        {static_cast<float>(geometry.to_picture_x(p.x)), static_cast<float>(geometry.to_picture_y(p.y))});
  }
  return detection;
}

}  // namespace

std::span<const char* const> coco_names() {
  return kCoco;
}

double overlap(const Box& a, const Box& b, bool inclusive) {
  const double pixel = inclusive ? 1 : 0;
  const double width = static_cast<double>(std::min(a.right, b.right)) - std::max(a.left, b.left) + pixel;
  const double height = static_cast<double>(std::min(a.bottom, b.bottom)) - std::max(a.top, b.top) + pixel;
  if (width <= 0 || height <= 0) return 0;
  const auto area = [pixel](const Box& box) {
    return (static_cast<double>(box.right) - box.left + pixel) * (static_cast<double>(box.bottom) - box.top + pixel);
  };
  return width * height / (area(a) + area(b) - width * height);
}

std::vector<Box> suppress(std::vector<Box> boxes, const Suppression& how) {
  std::erase_if(boxes, [](const Box& box) { return !is_finite(box); });
  std::stable_sort(boxes.begin(), boxes.end(), [](const Box& a, const Box& b) { return a.score > b.score; });
  if (boxes.size() > kMaxCandidates) boxes.resize(kMaxCandidates);
  if (how.iou < 0) return boxes;
  std::vector<Box> kept;
  for (Box& box : boxes) {
    const bool doubled = std::any_of(kept.begin(), kept.end(), [&](const Box& better) {
      return (!how.per_class || better.class_index == box.class_index) && overlap(better, box, how.inclusive) > how.iou;
    });
    if (!doubled) kept.push_back(std::move(box));
  }
  return kept;
}

TaskResult to_result(const std::vector<Box>& boxes, const Decode& decode, std::span<const char* const> names,
                     Clip clip) {
  TaskResult result;
  for (const Box& box : boxes) {
    result.boxes.push_back(to_detection(box, decode.geometry, clip));
    result.boxes.back().label = label_of(box.class_index, decode, names);
  }
  return result;
}

}  // namespace quern
