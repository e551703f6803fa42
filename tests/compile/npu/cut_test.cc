// What a box of an output needs, in cases small enough to be counted on paper.
#include "compile/npu/cut.h"

#include <gtest/gtest.h>

namespace quern::npu {
namespace {

/// An operator on shapes, and what is asked of it.
struct Asked {
  OpKind kind;
  Attrs attrs;
  std::vector<Shape> inputs;
  Shape output;

  CutCall call() const {
    CutCall call{kind, &attrs, {}, &output};
    for (const Shape& input : inputs) call.inputs.push_back(&input);
    return call;
  }
  Cut of(const Box& box) const { return cut(call(), box); }
};

/// 3x3 over 8x8 pixels of 4 channels with a border of one, 6 channels out.
Asked convolution() {
  ConvAttrs a;
  a.pads = {1, 1, 1, 1};
  return {OpKind::Conv, a, {{1, 8, 8, 4}, {6, 3, 3, 4}, {6}}, {1, 8, 8, 6}};
}

TEST(Cut, TheWholeOutputNeedsTheWholeInput) {
  const Cut all = convolution().of(whole({1, 8, 8, 6}));
  EXPECT_EQ(all.inputs[0], whole({1, 8, 8, 4}));
  EXPECT_EQ(std::get<ConvAttrs>(all.attrs).pads, (Pads{1, 1, 1, 1}));
}

TEST(Cut, AStripInTheMiddleReadsARowMoreOnEachSideAndPadsNone) {
  const Cut strip = convolution().of({{0, 2, 0, 0}, {1, 3, 8, 6}});
  EXPECT_EQ(strip.inputs[0], (Box{{0, 1, 0, 0}, {1, 5, 8, 4}}));
  EXPECT_EQ(std::get<ConvAttrs>(strip.attrs).pads, (Pads{0, 1, 0, 1}));
}

TEST(Cut, TheFirstStripKeepsThePadOnTop) {
  const Cut strip = convolution().of({{0, 0, 0, 0}, {1, 2, 8, 6}});
  EXPECT_EQ(strip.inputs[0], (Box{{0, 0, 0, 0}, {1, 3, 8, 4}}));
  EXPECT_EQ(std::get<ConvAttrs>(strip.attrs).pads, (Pads{1, 1, 0, 1}));
}

TEST(Cut, ASliceOfChannelsReadsItsWeightsAndBiasesOnly) {
  const Cut slice = convolution().of({{0, 0, 0, 2}, {1, 8, 8, 3}});
  EXPECT_EQ(slice.inputs[0], whole({1, 8, 8, 4}));
  EXPECT_EQ(slice.inputs[1], (Box{{2, 0, 0, 0}, {3, 3, 3, 4}}));
  EXPECT_EQ(slice.inputs[2], (Box{{2}, {3}}));
}

TEST(Cut, AStrideSkipsRows) {
  Asked asked = convolution();
  std::get<ConvAttrs>(asked.attrs).strides = {2, 2};
  asked.output = {1, 4, 4, 6};
  const Cut strip = asked.of({{0, 2, 0, 0}, {1, 1, 4, 6}});
  EXPECT_EQ(strip.inputs[0], (Box{{0, 3, 0, 0}, {1, 3, 8, 4}}));
}

TEST(Cut, ChannelsOfADepthwiseConvolutionReadTheirOwn) {
  Asked asked = convolution();
  std::get<ConvAttrs>(asked.attrs).groups = 4;
  asked.inputs = {{1, 8, 8, 4}, {4, 3, 3, 1}};
  asked.output = {1, 8, 8, 4};
  const Cut slice = asked.of({{0, 0, 0, 1}, {1, 8, 8, 2}});
  EXPECT_EQ(slice.inputs[0], (Box{{0, 0, 0, 1}, {1, 8, 8, 2}}));
  EXPECT_EQ(std::get<ConvAttrs>(slice.attrs).groups, 2);
}

TEST(Cut, WhereAWindowSeesOnlyPaddingTheAxisIsNotCut) {
  Asked asked = convolution();
  std::get<ConvAttrs>(asked.attrs).pads = {3, 1, 1, 1};
  asked.output = {1, 10, 8, 6};
  EXPECT_EQ(grains(asked.call()), (Ints{1, 0, 1, 1}));
}

TEST(Cut, ATransposedConvolutionReadsWhatFallsOnTheStrip) {
  // Rows 4 and 5 of stride 2, kernel 2: each comes of one input row, the third.
  ConvTransposeAttrs a;
  a.strides = {2, 2};
  const Asked asked{OpKind::ConvTranspose, a, {{1, 4, 4, 2}, {3, 2, 2, 2}}, {1, 8, 8, 3}};
  const Cut strip = asked.of({{0, 4, 0, 0}, {1, 2, 8, 3}});
  EXPECT_EQ(strip.inputs[0], (Box{{0, 2, 0, 0}, {1, 1, 4, 2}}));
  EXPECT_EQ(std::get<ConvTransposeAttrs>(strip.attrs).pads[0], 0);
}

TEST(Cut, ABroadcastOperandIsReadOnceForAll) {
  const Asked asked{OpKind::Add, ClampAttrs{}, {{1, 6, 6, 4}, {1, 1, 1, 4}}, {1, 6, 6, 4}};
  const Cut strip = asked.of({{0, 2, 0, 1}, {1, 2, 6, 2}});
  EXPECT_EQ(strip.inputs[0], (Box{{0, 2, 0, 1}, {1, 2, 6, 2}}));
  EXPECT_EQ(strip.inputs[1], (Box{{0, 0, 0, 1}, {1, 1, 1, 2}}));
}

TEST(Cut, ARowOfAMatrixProductReadsARowOfOneAndAllOfTheOther) {
  const Asked asked{OpKind::FullyConnected, ClampAttrs{}, {{5, 7}, {9, 7}}, {5, 9}};
  const Cut row = asked.of({{3, 0}, {1, 9}});
  EXPECT_EQ(row.inputs[0], (Box{{3, 0}, {1, 7}}));
  EXPECT_EQ(row.inputs[1], whole({9, 7}));
}

TEST(Cut, ASliceInStepsReadsTheSpanItTouches) {
  const Asked asked{OpKind::Slice, SliceAttrs{{1}, {9}, {1}, {2}}, {{1, 10}}, {1, 4}};
  const Cut part = asked.of({{0, 1}, {1, 2}});
  EXPECT_EQ(part.inputs[0], (Box{{0, 3}, {1, 3}}));
}

TEST(Cut, BlocksAreCutAtBlocks) {
  const Asked asked{OpKind::DepthToSpace, BlockAttrs{2}, {{1, 3, 3, 8}}, {1, 6, 6, 2}};
  EXPECT_EQ(grains(asked.call()), (Ints{1, 2, 2, 0}));
  EXPECT_EQ(asked.of({{0, 2, 0, 0}, {1, 2, 6, 2}}).inputs[0], (Box{{0, 1, 0, 0}, {1, 1, 3, 8}}));
}

}  // namespace
}  // namespace quern::npu
