#include "plan/program_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "programs.h"

namespace quern {
namespace {

using test::piece;

/// An operator whose operands fit.
struct Case {
  OpKind kind;
  Attrs attrs;
  std::vector<Shape> inputs;
  std::vector<Shape> outputs;
  DType out = DType::int8;
};

Computation computation_of(const Case& c) {
  Computation made{c.kind, c.attrs, {}, {}};
  for (const Shape& shape : c.inputs) made.inputs.push_back(piece(0, shape));
  const bool plain = c.out == DType::float32 || c.out == DType::int64;
  for (const Shape& shape : c.outputs) made.outputs.push_back(piece(0, shape, plain ? -1 : 0, c.out));
  return made;
}

ConvAttrs conv(Pair strides, Pads pads, int64_t groups, Pair dilations = {1, 1}) {
  ConvAttrs a;
  a.strides = strides;
  a.pads = pads;
  a.groups = groups;
  a.dilations = dilations;
  return a;
}
ConvTransposeAttrs transposed(Pair strides, Pads pads, Pair output_padding) {
  ConvTransposeAttrs a;
  a.strides = strides;
  a.pads = pads;
  a.output_padding = output_padding;
  return a;
}
PoolAttrs pool(Pair kernel, Pair strides, Pads pads, bool ceil_mode) {
  PoolAttrs a;
  a.kernel = kernel;
  a.strides = strides;
  a.pads = pads;
  a.ceil_mode = ceil_mode;
  return a;
}
PadAttrs pad(Ints pads, PadMode mode = PadMode::constant) {
  PadAttrs a;
  a.pads = std::move(pads);
  a.mode = mode;
  return a;
}
ResizeAttrs resize(Ints sizes, std::vector<float> scales) {
  ResizeAttrs a;
  a.sizes = std::move(sizes);
  a.scales = std::move(scales);
  return a;
}

const Case kCases[] = {
    {OpKind::Conv, conv({2, 1}, {1, 0, 1, 0}, 1), {{2, 9, 5, 4}, {6, 3, 3, 4}}, {{2, 5, 3, 6}}},
    {OpKind::Conv, conv({1, 1}, {}, 2, {2, 1}), {{1, 9, 5, 4}, {6, 3, 1, 2}}, {{1, 5, 5, 6}}},
    {OpKind::ConvTranspose, transposed({2, 2}, {1, 1, 0, 1}, {1, 0}), {{1, 4, 4, 3}, {5, 3, 3, 3}}, {{1, 9, 7, 5}}},
    {OpKind::FullyConnected, ClampAttrs{}, {{2, 3, 8}, {5, 8}}, {{2, 3, 5}}},
    {OpKind::FullyConnected, ClampAttrs{}, {{2, 8}, {5, 8}}, {{2, 5}}, DType::float32},
    {OpKind::MatMul, MatMulAttrs{}, {{7, 1, 2, 3}, {4, 3, 5}}, {{7, 4, 2, 5}}},
    {OpKind::MatMul, MatMulAttrs{true, true, {}}, {{3, 2}, {5, 3}}, {{2, 5}}},
    {OpKind::MatMul, MatMulAttrs{}, {{3}, {4, 3, 5}}, {{4, 5}}},
    {OpKind::MaxPool, pool({3, 2}, {2, 2}, {1, 0, 1, 0}, false), {{1, 8, 8, 3}}, {{1, 4, 4, 3}}},
    {OpKind::AveragePool, pool({3, 3}, {2, 2}, {}, true), {{1, 8, 8, 3}}, {{1, 4, 4, 3}}},
    {OpKind::DepthToSpace, BlockAttrs{2}, {{1, 2, 3, 8}}, {{1, 4, 6, 2}}},
    {OpKind::SpaceToDepth, BlockAttrs{2}, {{1, 4, 6, 2}}, {{1, 2, 3, 8}}},
    {OpKind::Add, ClampAttrs{}, {{1, 4, 1, 3}, {5, 1}}, {{1, 4, 5, 3}}},
    {OpKind::Pow, NoAttrs{}, {{4}, {1}}, {{4}}},
    {OpKind::PRelu, NoAttrs{}, {{2, 4}, {4}}, {{2, 4}}},
    {OpKind::Sigmoid, NoAttrs{}, {{2, 4}}, {{2, 4}}},
    {OpKind::Clip, UnaryAttrs{0, 6}, {{2, 4}}, {{2, 4}}},
    {OpKind::ReduceMean, ReduceAttrs{{1, 2}, true, false}, {{1, 4, 5, 3}}, {{1, 1, 1, 3}}},
    {OpKind::ReduceMax, ReduceAttrs{{1, 2}, false, false}, {{1, 4, 5, 3}}, {{1, 3}}},
    {OpKind::ArgMax, ArgAttrs{3, false, false}, {{1, 4, 5, 3}}, {{1, 4, 5}}, DType::int64},
    {OpKind::Softmax, SoftmaxAttrs{1, 1}, {{2, 4}}, {{2, 4}}},
    {OpKind::LpNorm, LpNormAttrs{1, 2}, {{2, 4}}, {{2, 4}}},
    {OpKind::Concat, AxisAttrs{1}, {{2, 4}, {2, 3}, {2, 1}}, {{2, 8}}},
    {OpKind::Split, SplitAttrs{1, {3, 1}}, {{2, 4}}, {{2, 3}, {2, 1}}},
    {OpKind::Slice, SliceAttrs{{1, 0}, {8, 2}, {1, 0}, {3, 1}}, {{2, 9}}, {{2, 3}}},
    {OpKind::Slice, SliceAttrs{{8}, {-10}, {1}, {-2}}, {{2, 9}}, {{2, 5}}},
    {OpKind::Pad, pad({0, 1, 0, 2}), {{2, 4}}, {{2, 7}}},
    {OpKind::Pad, pad({0, 3, 0, 2}, PadMode::reflect), {{2, 4}}, {{2, 9}}},
    {OpKind::Transpose, TransposeAttrs{{2, 0, 1}}, {{2, 3, 4}}, {{4, 2, 3}}},
    {OpKind::Expand, ShapeAttrs{{5, 2, 4}}, {{2, 1}}, {{5, 2, 4}}},
    {OpKind::Tile, TileAttrs{{2, 3}}, {{2, 4}}, {{4, 12}}},
    {OpKind::Reshape, ReshapeAttrs{{3, 4}, false}, {{2, 6}}, {{3, 4}}},
    {OpKind::Squeeze, AxesAttrs{{0}}, {{1, 6}}, {{6}}},
    {OpKind::Identity, NoAttrs{}, {{2, 6}}, {{2, 6}}},
    {OpKind::Resize, resize({1, 4, 6, 3}, {1, 2, 2, 1}), {{1, 2, 3, 3}}, {{1, 4, 6, 3}}},
    {OpKind::Quantize, NoAttrs{}, {{2, 6}}, {{2, 6}}},
    {OpKind::Dequantize, NoAttrs{}, {{2, 6}}, {{2, 6}}, DType::float32},
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << info(c.kind).name;
}

const std::vector<Quantization> kQuantizations = {{{0.5f}, {0}, 0}};

Status check(const Computation& c) {
  return check_operator(c, kQuantizations);
}

class ProgramRules : public testing::TestWithParam<Case> {};

TEST_P(ProgramRules, TakeOperandsThatFit) {
  const Status status = check(computation_of(GetParam()));
  EXPECT_TRUE(status.ok()) << status.error().message;
}

TEST_P(ProgramRules, RefuseEveryOtherExtentOfAnOutput) {
  const Computation good = computation_of(GetParam());
  for (size_t o = 0; o < good.outputs.size(); ++o) {
    for (size_t axis = 0; axis < good.outputs[o].shape.size(); ++axis) {
      Computation bad = good;
      // What an input of extent 1 expands to is the output's own business.
      if (good.kind == OpKind::Expand && axis != 1) continue;
      bad.outputs[o].shape[axis] += 1;
      EXPECT_FALSE(check(bad).ok()) << o << " " << axis;
    }
  }
}

TEST_P(ProgramRules, RefuseAnotherNumberOfAxes) {
  const Computation good = computation_of(GetParam());
  for (size_t i = 0; i < good.inputs.size(); ++i) {
    Computation bad = good;
    bad.inputs[i].shape.insert(bad.inputs[i].shape.begin(), 3);
    EXPECT_FALSE(check(bad).ok()) << i;
  }
}

TEST_P(ProgramRules, RefuseTypesTheMachineDoesNotHave) {
  const Computation good = computation_of(GetParam());
  for (size_t i = 0; i < good.inputs.size(); ++i) {
    Computation bad = good;
    bad.inputs[i].dtype = DType::float64;
    bad.inputs[i].quantization = -1;
    EXPECT_FALSE(check(bad).ok()) << i;
  }
  Computation bad = good;
  bad.outputs[0].dtype = DType::boolean;
  bad.outputs[0].quantization = -1;
  EXPECT_FALSE(check(bad).ok());
}

INSTANTIATE_TEST_SUITE_P(Kinds, ProgramRules, testing::ValuesIn(kCases));

struct Refused {
  const char* says;
  Case is;
};

TEST(ProgramRefusals, NameTheAttributeAndItsValue) {
  PoolAttrs blind = pool({2, 2}, {1, 1}, {3, 0, 0, 0}, false);
  ResizeAttrs antialias = resize({1, 4, 6, 3}, {1, 2, 2, 1});
  antialias.antialias = true;
  const Refused cases[] = {
      {"axis 2 is outside", {OpKind::Softmax, SoftmaxAttrs{2, 1}, {{2, 4}}, {{2, 4}}}},
      {"axis -1 is outside", {OpKind::Concat, AxisAttrs{-1}, {{2, 4}}, {{2, 4}}}},
      {"axis 1 is named twice", {OpKind::ReduceSum, ReduceAttrs{{1, 1}, true, false}, {{2, 4}}, {{2, 1}}}},
      {"names no axes", {OpKind::ReduceSum, ReduceAttrs{{}, true, true}, {{2, 4}}, {{2, 4}}}},
      {"see only padding", {OpKind::MaxPool, blind, {{1, 4, 4, 3}}, {{1, 6, 3, 3}}}},
      {"does not fit 4 with padding",
       {OpKind::MaxPool, pool({5, 1}, {1, 1}, {}, false), {{1, 4, 4, 3}}, {{1, 1, 4, 3}}}},
      {"block 3 squared", {OpKind::DepthToSpace, BlockAttrs{3}, {{1, 2, 3, 8}}, {{1, 6, 9, 1}}}},
      {"antialias", {OpKind::Resize, antialias, {{1, 2, 3, 3}}, {{1, 4, 6, 3}}}},
      {"scale 1e-20", {OpKind::Resize, resize({4}, {1e-20f}), {{2}}, {{4}}}},
      {"it has 1 sizes, 0 scales", {OpKind::Resize, resize({4}, {}), {{2}}, {{4}}}},
      {"mirrors 4 elements of 4", {OpKind::Pad, pad({4, 0}, PadMode::reflect), {{4}}, {{8}}}},
      {"padding -1 + 0", {OpKind::Pad, pad({-1, 0}), {{4}}, {{3}}}},
      {"a slice from 5 to 4", {OpKind::Slice, SliceAttrs{{5}, {4}, {0}, {1}}, {{9}}, {{1}}}},
      {"in steps of 0", {OpKind::Slice, SliceAttrs{{0}, {4}, {0}, {0}}, {{9}}, {{1}}}},
      {"add up to 3 instead of 4", {OpKind::Split, SplitAttrs{0, {1, 2}}, {{4}}, {{1}, {2}}}},
      {"perm names 1 axes", {OpKind::Transpose, TransposeAttrs{{0}}, {{4, 1}}, {{4}}}},
      {"does not fill", {OpKind::Reshape, ReshapeAttrs{}, {{4, 2}}, {{4}}}},
      {"does not compute TopK", {OpKind::TopK, TopKAttrs{}, {{4}}, {{4}}}},
      {"does not compute Not", {OpKind::Not, NoAttrs{}, {{4}}, {{4}}}},
  };
  for (const Refused& c : cases) {
    const Status status = check(computation_of(c.is));
    ASSERT_FALSE(status.ok()) << c.says;
    EXPECT_THAT(status.error().message, testing::HasSubstr(c.says));
  }
}

TEST(ProgramRules, TakeNoParameterInputs) {
  Computation clip = computation_of({OpKind::Clip, UnaryAttrs{0, 6}, {{4}, {1}, {1}}, {{4}}});
  EXPECT_THAT(check(clip).error().message, testing::HasSubstr("it has 3 inputs; the least is 1, the most 1"));
}

TEST(ProgramRules, SayWhichEngineComputes) {
  EXPECT_EQ(engine_of(OpKind::Conv), Engine::conv);
  EXPECT_EQ(engine_of(OpKind::MatMul), Engine::conv);
  EXPECT_EQ(engine_of(OpKind::Gelu), Engine::vector);
  EXPECT_EQ(engine_of(OpKind::Gather), std::nullopt);
}

}  // namespace
}  // namespace quern
