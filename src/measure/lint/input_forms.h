// The forms that pictures are often given to a model in: when the one given does not fit, another one may.
#pragma once

#include <array>
#include <span>

#include "quern/tensor.h"

namespace quern {

/// value = (x - mean) * factor by channel, and channels in the other order.
struct InputForm {
  const char* text;
  std::array<float, 3> mean;
  std::array<float, 3> factor;
  bool swap = false;

  bool scales() const { return factor != std::array<float, 3>{1, 1, 1}; }
};

/// The first one leaves the input as it is; none swaps.
std::span<const InputForm> input_forms();

/// The axis of three channels (the last, or the second of four), or -1.
int colour_axis(const Shape& shape);

/// Requires float32. An input without three channels has the first channel's numbers everywhere.
Result<Tensor> in_form(const Tensor& input, const InputForm& form);

}  // namespace quern
