// TFLite's two ways to pad a window, and a PAD before it where neither says it.
#pragma once

#include "write/tflite/rows.h"

namespace quern::tflite_writer {

/// Height and width of a window that moves over an input.
struct Window {
  Shape input;   ///< N H W C
  Shape output;  ///< N H W C
  Pair kernel, strides, dilations;
  Pads pads;  ///< top and left count; the output's extents say what is needed below and to the right
};

struct Padding {
  schema::Padding scheme = schema::Padding::VALID;
  Pads before{};  ///< what a PAD has to add
  bool needs_pad() const { return before != Pads{}; }
};

/// SAME or VALID where either puts every tap at the same place, else VALID behind a PAD. `counted`: taps in the padding
/// take part (count_include_pad), so SAME will not do.
Padding padding_of(const Window& window, bool counted = false);

/// `x` behind a PAD of H and W. `fill`: kNone for the real 0, else a scalar tensor.
int padded(Call& call, int x, const Pads& pads, int fill = kNone);

}  // namespace quern::tflite_writer
