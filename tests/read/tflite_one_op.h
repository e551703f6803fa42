// Files of one operator, for the tests of what it becomes and of what is refused.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "read/tflite_builder.h"

namespace quern::test {

using testing::HasSubstr;
using Type = tfl::TensorType;

constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
constexpr int64_t kFront = std::numeric_limits<int64_t>::min();

inline std::vector<OpKind> kinds(const Graph& graph) {
  std::vector<OpKind> list;
  for (const Op& op : graph.ops) list.push_back(op.kind);
  return list;
}

/// Reads a file of one operator, whose inputs were made before; the output is `y`, of the shape given as a hint.
template <typename... Options>
Result<Graph> one(TfliteBuilder& file, Builtin code, std::vector<int> inputs, std::vector<int> hint,
                  Options... options) {
  const int y = file.tensor("y", std::move(hint));
  file.op(code, std::move(inputs), {y}, options...);
  return file.read({y});
}

inline tfl::Conv2DOptionsT conv_options(tfl::Padding padding = tfl::Padding::SAME) {
  tfl::Conv2DOptionsT options;
  options.padding = padding;
  options.stride_h = 2;
  options.stride_w = 1;
  options.dilation_h = 1;
  options.dilation_w = 3;
  options.activation = tfl::Activation::RELU6;
  return options;
}

inline tfl::DepthwiseConv2DOptionsT depthwise_options(int multiplier) {
  tfl::DepthwiseConv2DOptionsT options;
  options.stride_h = options.stride_w = 1;
  options.depth_multiplier = multiplier;
  return options;
}

/// STRIDED_SLICE of a 5 x 6 x 7 input with these lists and masks.
inline Result<Graph> strided(const std::vector<int>& begin, const std::vector<int>& end,
                             const std::vector<int>& strides, tfl::StridedSliceOptionsT options) {
  TfliteBuilder file;
  const int x = file.input("x", {5, 6, 7});
  return one(file, Builtin::STRIDED_SLICE,
             {x, file.ints("begin", begin), file.ints("end", end), file.ints("strides", strides)}, {}, options);
}

}  // namespace quern::test
