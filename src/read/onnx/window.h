// Kernel, strides, dilations and padding, as convolutions and pools share them.
#pragma once

#include "read/onnx/context.h"

namespace quern::onnx {

struct Window {
  Pair kernel{1, 1}, strides{1, 1}, dilations{1, 1};
  Pads pads{};
  AutoPad auto_pad = AutoPad::explicit_pads;
};

/// Reads the attributes of a window over `spatial_axes` axes. One axis becomes the width of a height of 1.
/// Errors: unsupported for three axes, invalid_file for lists of another length.
Result<Window> read_window(Node& node, int spatial_axes);

/// A list attribute of two entries (or one, in one dimension).
Result<Pair> read_pair(Node& node, std::string_view name, int spatial_axes, Pair fallback);

}  // namespace quern::onnx
