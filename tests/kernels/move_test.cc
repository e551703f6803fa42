#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/run_kernel.h"

namespace quern::test {
namespace {

using testing::ElementsAre;
using testing::FloatEq;
using testing::FloatNear;
using testing::Pointwise;

const Tensor kSix = Tensor::of<int32_t>({2, 3}, {1, 2, 3, 4, 5, 6});

TEST(MoveReference, ConcatAlongAnInnerAxis) {
  const Tensor more = Tensor::of<int32_t>({2, 1}, {10, 20});
  EXPECT_THAT(run_one<int32_t>(OpKind::Concat, AxisAttrs{1}, {kSix, more}, {DType::int32, {2, 4}}),
              ElementsAre(1, 2, 3, 10, 4, 5, 6, 20));
}

TEST(MoveReference, ConcatDeclinesDifferentQuantizations) {
  const Tensor a = quantized(Tensor::of<int8_t>({1}, {1}), 1, 0), b = quantized(Tensor::of<int8_t>({1}, {1}), 2, 0);
  const OpCall call =
      make_call(OpKind::Concat, AxisAttrs{0}, {a, b}, {{DType::int8, {2}, a.quantization}}, Arithmetic::float_rule);
  EXPECT_EQ(make_of_row("concat_reference", call), nullptr);
}

TEST(MoveReference, SplitIsTheInverse) {
  const auto parts =
      run_kernel(OpKind::Split, SplitAttrs{1, {2, 1}}, {kSix}, {{DType::int32, {2, 2}}, {DType::int32, {2, 1}}});
  ASSERT_TRUE(parts.ok());
  EXPECT_THAT((*parts)[0].data<int32_t>(), ElementsAre(1, 2, 4, 5));
  EXPECT_THAT((*parts)[1].data<int32_t>(), ElementsAre(3, 6));
}

TEST(Move, SplitIsTheSameOnEveryInstructionSet) {
  for (const int64_t width : {1, 2, 15, 16, 17, 63, 64, 65, 130}) {
    Tensor whole = *Tensor::make(DType::float32, {5, width + 3, 2});
    float next = 0;
    for (float& v : whole.mutable_data<float>()) v = next++;
    const std::vector<Out> outputs = {{DType::float32, {5, width, 2}}, {DType::float32, {5, 3, 2}}};
    const auto law = run_kernel(OpKind::Split, SplitAttrs{1, {width, 3}}, {whole}, outputs);
    ASSERT_TRUE(law.ok());
    for (const Isa isa : known_isas()) {
      if (!supported(isa)) continue;
      const auto parts = run_kernel(OpKind::Split, SplitAttrs{1, {width, 3}}, {whole}, outputs, {isa, 2});
      ASSERT_TRUE(parts.ok());
      for (size_t i = 0; i < 2; ++i) {
        EXPECT_THAT((*parts)[i].data<float>(), Pointwise(testing::Eq(), (*law)[i].data<float>()))
            << width << " on " << to_string(isa);
      }
    }
  }
}

TEST(MoveReference, TransposesAMatrix) {
  EXPECT_THAT(run_one<int32_t>(OpKind::Transpose, TransposeAttrs{}, {kSix}, {DType::int32, {3, 2}}),
              ElementsAre(1, 4, 2, 5, 3, 6));
}

TEST(MoveReference, TransposeOfAnyPermutationIsRight) {
  const Shape shape = {3, 2, 5, 35};
  Tensor x = *Tensor::make(DType::int16, shape);
  for (size_t i = 0; i < x.data<int16_t>().size(); ++i) x.mutable_data<int16_t>()[i] = static_cast<int16_t>(i);
  Ints perm = {0, 1, 2, 3};
  do {
    Shape out;
    for (const int64_t axis : perm) out.push_back(shape[static_cast<size_t>(axis)]);
    How three;
    three.threads = 3;
    const auto y = run_one<int16_t>(OpKind::Transpose, TransposeAttrs{perm}, {x}, {DType::int16, out}, three);
    ASSERT_EQ(y.size(), 1050U);
    size_t at = 0;
    int64_t index[4];
    bool same = true;
    for (index[0] = 0; index[0] < out[0]; ++index[0]) {
      for (index[1] = 0; index[1] < out[1]; ++index[1]) {
        for (index[2] = 0; index[2] < out[2]; ++index[2]) {
          for (index[3] = 0; index[3] < out[3]; ++index[3]) {
            int64_t source[4];
            for (size_t i = 0; i < 4; ++i) source[perm[i]] = index[i];
            same &= y[at++] == ((source[0] * 2 + source[1]) * 5 + source[2]) * 35 + source[3];
          }
        }
      }
    }
    EXPECT_TRUE(same) << testing::PrintToString(perm);
  } while (std::next_permutation(perm.begin(), perm.end()));
}

TEST(MoveReference, ReshapeKeepsTheOrder) {
  EXPECT_THAT(run_one<int32_t>(OpKind::Reshape, ReshapeAttrs{{3, 2}}, {kSix}, {DType::int32, {3, 2}}),
              ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(MoveReference, SliceStepsBackwards) {
  const SliceAttrs attrs{{-1, 0}, {-100, 2}, {1, 0}, {-2, 1}};
  EXPECT_THAT(run_one<int32_t>(OpKind::Slice, attrs, {kSix}, {DType::int32, {2, 2}}), ElementsAre(3, 1, 6, 4));
}

TEST(MoveReference, PadsInEveryMode) {
  const auto padded = [](PadMode mode, Ints pads, Shape out) {
    PadAttrs attrs;
    attrs.mode = mode;
    attrs.pads = std::move(pads);
    attrs.value = 9;
    return run_one<int32_t>(OpKind::Pad, attrs, {Tensor::of<int32_t>({3}, {1, 2, 3})}, {DType::int32, std::move(out)});
  };
  EXPECT_THAT(padded(PadMode::constant, {1, 2}, {6}), ElementsAre(9, 1, 2, 3, 9, 9));
  EXPECT_THAT(padded(PadMode::reflect, {2, 1}, {6}), ElementsAre(3, 2, 1, 2, 3, 2));
  EXPECT_THAT(padded(PadMode::edge, {2, 1}, {6}), ElementsAre(1, 1, 1, 2, 3, 3));
  EXPECT_THAT(padded(PadMode::wrap, {2, 1}, {6}), ElementsAre(2, 3, 1, 2, 3, 1));
  EXPECT_THAT(padded(PadMode::symmetric, {2, 1}, {6}), ElementsAre(2, 1, 1, 2, 3, 3));
  EXPECT_THAT(padded(PadMode::constant, {-1, 1}, {3}), ElementsAre(2, 3, 9));
  EXPECT_THAT(padded(PadMode::wrap, {1, -1}, {3}), ElementsAre(2, 1, 2));
}

TEST(MoveReference, PadOfCodesIsTheCodeOfTheValue) {
  PadAttrs attrs;
  attrs.pads = {1, 0};
  attrs.value = 1;
  const Tensor x = quantized(Tensor::of<int8_t>({1}, {5}), 0.5f, -3);
  EXPECT_THAT(run_one<int8_t>(OpKind::Pad, attrs, {x}, {DType::int8, {2}, x.quantization}), ElementsAre(-1, 5));
}

TEST(MoveReference, TileAndExpandRepeat) {
  const Tensor x = Tensor::of<int32_t>({2, 1}, {1, 2});
  EXPECT_THAT(run_one<int32_t>(OpKind::Tile, TileAttrs{{1, 2}}, {x}, {DType::int32, {2, 2}}), ElementsAre(1, 1, 2, 2));
  EXPECT_THAT(run_one<int32_t>(OpKind::Expand, ShapeAttrs{{2, 1, 2}}, {x}, {DType::int32, {2, 2, 2}}),
              ElementsAre(1, 1, 2, 2, 1, 1, 2, 2));
}

TEST(MoveReference, GatherDoubtsItsIndices) {
  const Tensor indices = Tensor::of<int32_t>({3}, {-1, 3, -4});
  EXPECT_THAT(run_one<int32_t>(OpKind::Gather, AxisAttrs{1}, {kSix, indices}, {DType::int32, {2, 3}}),
              ElementsAre(3, 0, 0, 6, 0, 0));
  const Tensor each = Tensor::of<int64_t>({1, 3}, {1, -2, 9});
  EXPECT_THAT(run_one<int32_t>(OpKind::GatherElements, AxisAttrs{0}, {kSix, each}, {DType::int32, {1, 3}}),
              ElementsAre(4, 2, 0));
  const Tensor tuples = Tensor::of<int64_t>({3, 2}, {0, 1, 1, -1, 0, 3});
  EXPECT_THAT(run_one<int32_t>(OpKind::GatherNd, GatherNdAttrs{0}, {kSix, tuples}, {DType::int32, {3}}),
              ElementsAre(2, 6, 0));
}

TEST(MoveReference, OneHotPutsAnAxisIn) {
  OneHotAttrs attrs;
  attrs.axis = 1;
  attrs.depth = 3;
  const Tensor indices = Tensor::of<int64_t>({3}, {0, -1, 5}), values = Tensor::of<float>({2}, {0, 1});
  EXPECT_THAT(run_one<float>(OpKind::OneHot, attrs, {indices, std::nullopt, values}, {DType::float32, {3, 3}}),
              ElementsAre(1, 0, 0, 0, 0, 1, 0, 0, 0));
}

TEST(MoveReference, DepthToSpaceInBothOrdersAndBack) {
  const Tensor x = Tensor::of<int8_t>({1, 1, 1, 8}, {0, 1, 2, 3, 4, 5, 6, 7});
  const Out fine{DType::int8, {1, 2, 2, 2}};
  EXPECT_THAT(run_one<int8_t>(OpKind::DepthToSpace, BlockAttrs{2, DepthOrder::dcr}, {x}, fine),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_THAT(run_one<int8_t>(OpKind::DepthToSpace, BlockAttrs{2, DepthOrder::crd}, {x}, fine),
              ElementsAre(0, 4, 1, 5, 2, 6, 3, 7));
  const Tensor wide = Tensor::of<int8_t>({1, 2, 4, 1}, {0, 1, 2, 3, 4, 5, 6, 7});
  EXPECT_THAT(
      run_one<int8_t>(OpKind::SpaceToDepth, BlockAttrs{2, DepthOrder::dcr}, {wide}, {DType::int8, {1, 1, 2, 4}}),
      ElementsAre(0, 1, 4, 5, 2, 3, 6, 7));
}

}  // namespace
}  // namespace quern::test
