// Finding a decoder's arrays among a model's outputs, whatever their order, names and layout.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quern/task.h"

namespace quern {

/// A float array seen as `count` cells (grid positions or anchors, row by row) of `channels` numbers each, wherever its
/// channels lie.
struct Cells {
  const float* data = nullptr;
  int64_t count = 0;
  int64_t channels = 0;
  int64_t cell_stride = 0;
  int64_t channel_stride = 0;

  float at(int64_t cell, int64_t channel) const { return data[cell * cell_stride + channel * channel_stride]; }
  /// Channels begin … begin + length - 1 of the same cells.
  Cells slice(int64_t begin, int64_t length) const {
    return {data + begin * channel_stride, count, length, cell_stride, channel_stride};
  }
};

/// A float32 tensor as `cells` x `channels`: NCHW, NHWC, 1 x cells x channels, 1 x channels x cells, with or without
/// the batch extent. Nothing when it is of another size. A shape that reads both ways is NCHW at rank 4, else channels
/// last.
std::optional<Cells> as_cells(const Tensor& tensor, int64_t cells, int64_t channels);

/// An array a decoder needs.
struct Want {
  std::string name;
  int64_t cells;
  int64_t channels;
};

/// The wanted arrays, in the order of `wants`: by name where a name and its size match, else the first output of that
/// size that is not taken. Errors: invalid_argument listing what was found and what was wanted.
Result<std::vector<Cells>> match_outputs(const std::string& task, std::span<const NamedTensor> outputs,
                                         std::span<const Want> wants);

/// "heatmap 1x60x80x1, bbox 1x60x80x4".
std::string list_outputs(std::span<const NamedTensor> outputs);

}  // namespace quern
