// FastestDet: one grid of stride 16; per cell an objectness, a box and class probabilities.
#include <algorithm>

#include "base/error.h"
#include "tasks/detect.h"
#include "tasks/outputs.h"

namespace quern {

namespace {

constexpr int64_t kStride = 16;
constexpr int64_t kBoxChannels = 5;  // objectness, then x, y, width, height

int64_t best_class(const Cells& head, int64_t cell) {
  int64_t best = 0;
  for (int64_t c = 1; c < head.channels - kBoxChannels; ++c) {
    if (head.at(cell, kBoxChannels + c) > head.at(cell, kBoxChannels + best)) best = c;
  }
  return best;
}

Box box_at(const Cells& head, int64_t cell, int64_t grid_width, int64_t grid_height, const Geometry& geometry) {
  const auto wide = static_cast<float>(geometry.model_width);
  const auto high = static_cast<float>(geometry.model_height);
  const float x =
      (static_cast<float>(cell % grid_width) + std::tanh(head.at(cell, 1))) / static_cast<float>(grid_width) * wide;
  const float y =
      (static_cast<float>(cell / grid_width) + std::tanh(head.at(cell, 2))) / static_cast<float>(grid_height) * high;
  const float half_width = sigmoid(head.at(cell, 3)) * wide / 2;
  const float half_height = sigmoid(head.at(cell, 4)) * high / 2;
  Box box;
  box.left = x - half_width;
  box.top = y - half_height;
  box.right = x + half_width;
  box.bottom = y + half_height;
  return box;
}

Result<Cells> find_head(const Decode& decode, int64_t cells) {
  for (const NamedTensor& output : decode.outputs) {
    const int64_t channels = output.tensor.size() / cells;
    const auto head = channels > kBoxChannels ? as_cells(output.tensor, cells, channels) : std::nullopt;
    if (head) return *head;
  }
  return fail(ErrorCode::invalid_argument,
              "task {} needs one output of {} cells x (5 + classes) for a {}x{} input, but the model gives {}",
              decode.task.name, cells, decode.geometry.model_width, decode.geometry.model_height,
              list_outputs(decode.outputs));
}

}  // namespace

Result<TaskResult> decode_fastestdet(const Decode& decode) {
  const int64_t grid_width = cells_along(decode.geometry.model_width, kStride);
  const int64_t grid_height = cells_along(decode.geometry.model_height, kStride);
  QUERN_TRY(const Cells head, find_head(decode, grid_width * grid_height));
  std::vector<Box> boxes;
  for (int64_t cell = 0; cell < head.count; ++cell) {
    const int64_t best = best_class(head, cell);
    const float score = std::pow(head.at(cell, 0), 0.6F) * std::pow(head.at(cell, kBoxChannels + best), 0.4F);
    if (!(score > decode.score)) continue;
    boxes.push_back(box_at(head, cell, grid_width, grid_height, decode.geometry));
    boxes.back().class_index = static_cast<int>(best);
    boxes.back().score = score;
  }
  boxes = suppress(std::move(boxes), {.iou = decode.iou, .per_class = false, .inclusive = false});
  const bool coco = head.channels == kBoxChannels + static_cast<int64_t>(coco_names().size());
  return to_result(boxes, decode, coco ? coco_names() : std::span<const char* const>{}, Clip::to_picture);
}

}  // namespace quern
