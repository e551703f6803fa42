// NanoDet and NanoDet-Plus: per cell the class scores, and for each side of the box a distribution over whole strides.
#include <algorithm>
#include <optional>

#include "base/error.h"
#include "tasks/detect.h"
#include "tasks/outputs.h"

namespace quern {

namespace {

constexpr int64_t kBins = 8;  // reg_max 7, in every published model but a few
constexpr int64_t kStrides[] = {8, 16, 32, 64};

struct Level {
  int64_t stride = 0;
  int64_t width = 0;
  Cells scores;
  Cells distances;
};

/// Levels of the feature pyramid: the first `count` strides.
std::vector<Level> make_levels(const Geometry& geometry, size_t count) {
  std::vector<Level> levels;
  for (size_t i = 0; i < count; ++i) {
    Level level;
    level.stride = kStrides[i];
    level.width = cells_along(geometry.model_width, level.stride);
    level.scores.count = level.width * cells_along(geometry.model_height, level.stride);
    levels.push_back(level);
  }
  return levels;
}

int64_t bins_for(int64_t channels, size_t labels) {
  const int64_t rest = channels - static_cast<int64_t>(labels);
  return labels > 0 && rest >= 8 && rest % 4 == 0 ? rest / 4 : kBins;
}

/// One array of all levels, one after the other: cells x (classes + 4 bins).
bool split_concatenated(const Decode& decode, std::vector<Level>& levels) {
  int64_t cells = 0;
  for (const Level& level : levels) cells += level.scores.count;
  for (const NamedTensor& output : decode.outputs) {
    const int64_t channels = cells > 0 ? output.tensor.size() / cells : 0;
    const int64_t classes = channels - 4 * bins_for(channels, decode.options.labels.size());
    const auto all = classes > 0 ? as_cells(output.tensor, cells, channels) : std::nullopt;
    if (!all) continue;
    int64_t begin = 0;
    for (Level& level : levels) {
      Cells part = *all;
      part.data += begin * part.cell_stride;
      part.count = level.scores.count;
      begin += part.count;
      level.scores = part.slice(0, classes);
      level.distances = part.slice(classes, channels - classes);
    }
    return true;
  }
  return false;
}

/// One array a level with classes and distances together.
bool split_combined(const Decode& decode, Level& level, const NamedTensor& output) {
  const int64_t channels = output.tensor.size() / level.scores.count;
  const int64_t classes = channels - 4 * bins_for(channels, decode.options.labels.size());
  const auto all = classes > 0 ? as_cells(output.tensor, level.scores.count, channels) : std::nullopt;
  if (!all) return false;
  level.scores = all->slice(0, classes);
  level.distances = all->slice(classes, channels - classes);
  return true;
}

/// Two arrays a level: the one with 4 x 8 channels holds the distances; were both so, the second.
bool split_pair(Level& level, const NamedTensor& first, const NamedTensor& second) {
  const int64_t cells = level.scores.count;
  const auto a = as_cells(first.tensor, cells, first.tensor.size() / cells);
  const auto b = as_cells(second.tensor, cells, second.tensor.size() / cells);
  if (!a || !b || (a->channels != 4 * kBins && b->channels != 4 * kBins)) return false;
  const bool in_order = b->channels == 4 * kBins;
  level.scores = in_order ? *a : *b;
  level.distances = in_order ? *b : *a;
  return true;
}

bool split_levels(const Decode& decode, std::vector<Level>& levels) {
  for (Level& level : levels) {
    std::vector<const NamedTensor*> of_level;
    for (const NamedTensor& output : decode.outputs) {
      const int64_t cells = level.scores.count;
      if (output.tensor.size() > 0 && output.tensor.size() % cells == 0 &&
          as_cells(output.tensor, cells, output.tensor.size() / cells)) {
        of_level.push_back(&output);
      }
    }
    const bool found = of_level.size() == 1   ? split_combined(decode, level, *of_level[0])
                       : of_level.size() == 2 ? split_pair(level, *of_level[0], *of_level[1])
                                              : false;
    if (!found || level.scores.channels != levels[0].scores.channels) return false;
  }
  return true;
}

/// The levels with their arrays. Three levels are NanoDet's, four NanoDet-Plus's; either is accepted by both tasks.
Result<std::vector<Level>> find_levels(const Decode& decode) {
  for (size_t count : {size_t{4}, size_t{3}}) {
    std::vector<Level> levels = make_levels(decode.geometry, count);
    if (split_concatenated(decode, levels)) return levels;
    levels = make_levels(decode.geometry, count);
    if (split_levels(decode, levels)) return levels;
  }
  return fail(ErrorCode::invalid_argument,
              "task {} needs 1 x cells x (classes + 32), or per stride 8, 16, 32 (64) the scores and the 32 distance "
              "bins, for a {}x{} "
              "input, but the model gives {}; for other than 8 bins give --labels, so that the classes are known",
              decode.task.name, decode.geometry.model_width, decode.geometry.model_height,
              list_outputs(decode.outputs));
}

/// Some exports leave the sigmoid out. Logits of a whole picture never all lie between 0 and 1, so their range tells.
bool are_logits(const std::vector<Level>& levels) {
  for (const Level& level : levels) {
    for (int64_t cell = 0; cell < level.scores.count; ++cell) {
      for (int64_t c = 0; c < level.scores.channels; ++c) {
        const float score = level.scores.at(cell, c);
        if (score < -0.01F || score > 1.01F) return true;
      }
    }
  }
  return false;
}

/// The mean of a softmax distribution over 0, 1, 2 … strides.
float distance(const Cells& bins, int64_t cell, int64_t side) {
  const int64_t count = bins.channels / 4;
  float most = bins.at(cell, side * count);
  for (int64_t i = 1; i < count; ++i) most = std::max(most, bins.at(cell, side * count + i));
  float sum = 0;
  float weighted = 0;
  for (int64_t i = 0; i < count; ++i) {
    const float weight = std::exp(bins.at(cell, side * count + i) - most);
    sum += weight;
    weighted += weight * static_cast<float>(i);
  }
  return weighted / sum;
}

Box box_at(const Level& level, int64_t cell, float center_offset, const Geometry& geometry) {
  const auto stride = static_cast<float>(level.stride);
  const float x = (static_cast<float>(cell % level.width) + center_offset) * stride;
  const float y = (static_cast<float>(cell / level.width) + center_offset) * stride;
  const auto width = static_cast<float>(geometry.model_width);
  const auto height = static_cast<float>(geometry.model_height);
  Box box;
  box.left = std::clamp(x - distance(level.distances, cell, 0) * stride, 0.0F, width);
  box.top = std::clamp(y - distance(level.distances, cell, 1) * stride, 0.0F, height);
  box.right = std::clamp(x + distance(level.distances, cell, 2) * stride, 0.0F, width);
  box.bottom = std::clamp(y + distance(level.distances, cell, 3) * stride, 0.0F, height);
  return box;
}

/// Every class of a cell above the threshold is a candidate of its own.
Result<TaskResult> decode_levels(const Decode& decode, float center_offset) {
  QUERN_TRY(const std::vector<Level> levels, find_levels(decode));
  const bool logits = are_logits(levels);
  std::vector<Box> boxes;
  for (const Level& level : levels) {
    for (int64_t cell = 0; cell < level.scores.count; ++cell) {
      for (int64_t c = 0; c < level.scores.channels; ++c) {
        const float raw = level.scores.at(cell, c);
        const float score = logits ? sigmoid(raw) : raw;
        if (!(score > decode.score)) continue;
        boxes.push_back(box_at(level, cell, center_offset, decode.geometry));
        boxes.back().class_index = static_cast<int>(c);
        boxes.back().score = score;
      }
    }
  }
  boxes = suppress(std::move(boxes), {.iou = decode.iou, .per_class = true, .inclusive = false});
  const bool coco = levels.front().scores.channels == static_cast<int64_t>(coco_names().size());
  return to_result(boxes, decode, coco ? coco_names() : std::span<const char* const>{}, Clip::to_picture);
}

}  // namespace

Result<TaskResult> decode_nanodet(const Decode& decode) {
  return decode_levels(decode, 0.5F);
}
Result<TaskResult> decode_nanodet_plus(const Decode& decode) {
  return decode_levels(decode, 0.0F);
}

}  // namespace quern
