#include "graph/infer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "graph/text.h"
#include "graph/verify.h"

namespace quern {
namespace {

using ::testing::HasSubstr;

/// Infers `statements` and says the type of %y, or the error.
std::string type_of_y(const std::string& statements) {
  auto graph = parse_text("graph {" + statements + "}");
  if (!graph.ok()) return graph.error().message;
  for (int pass = 0; pass < 2; ++pass) {  // the second time must change nothing
    if (const Status status = infer(*graph); !status.ok()) return status.error().message;
  }
  const Value& y = graph->value(graph->find("y"));
  std::string text = std::string(to_string(y.dtype)) + " " + to_string(y.shape);
  if (!y.constant) return text;
  const std::string printed = to_text(*graph);
  const size_t at = printed.find("const %y");
  return printed.substr(at, printed.find('\n', at) - at);
}

/// The same with %x given, of the shape.
std::string y_of_x(const std::string& shape, const std::string& statements) {
  return type_of_y("input %x : float32[" + shape + "] " + statements);
}

TEST(InferSpatial, ConvolutionWithStridePadsAndDilation) {
  const std::string w = "const %w : float32[8,3,3,2] = splat 0 ";
  EXPECT_EQ(y_of_x("1,10,11,2", w + "%y = Conv(%x, %w)"), "float32 1x8x9x8");
  EXPECT_EQ(y_of_x("1,10,11,2", w + "%y = Conv(%x, %w) {strides=[2,2], pads=[1,1,1,1]}"), "float32 1x5x6x8");
  EXPECT_EQ(y_of_x("1,10,11,2", w + "%y = Conv(%x, %w) {dilations=[2,3]}"), "float32 1x6x5x8");
  EXPECT_EQ(y_of_x("1,10,11,2", w + "%y = Conv(%x, %w) {strides=[2,3], auto_pad=same_upper}"), "float32 1x5x4x8");
}

TEST(InferSpatial, SamePaddingPutsTheOddOneAtTheNamedEnd) {
  const auto pads = [](const char* mode) {
    auto g = parse_text(std::string("graph { input %x : float32[1,6,6,1] const %w : float32[1,3,3,1] = splat 0 "
                                    "%y = Conv(%x, %w) {strides=[2,2], auto_pad=") +
                        mode + "} }");
    EXPECT_TRUE(infer(*g).ok());
    return std::get<ConvAttrs>(g->ops[0].attrs).pads;
  };
  EXPECT_EQ(pads("same_upper"), (Pads{0, 0, 1, 1}));
  EXPECT_EQ(pads("same_lower"), (Pads{1, 1, 0, 0}));
}

TEST(InferSpatial, ConvolutionErrorsNameTheGroups) {
  const std::string x = "input %x : float32[1,8,8,6] ";
  EXPECT_EQ(type_of_y(x + "const %w : float32[8,3,3,1] = splat 0 %y = Conv(%x, %w) {groups=4} name=\"stem\""),
            "Conv 'stem': groups 4 does not divide 6 input channels");
  EXPECT_THAT(type_of_y(x + "const %w : float32[8,9,9,6] = splat 0 %y = Conv(%x, %w)"),
              HasSubstr("does not fit the height of 8"));
  EXPECT_THAT(type_of_y(x + "const %w : float32[8,3,3,6] = splat 0 %y = Conv(%x, %w) {strides=[0,1]}"),
              HasSubstr("strides 0"));
  EXPECT_THAT(
      type_of_y(x + "const %w : float32[8,3,3,6] = splat 0 const %b : float32[7] = splat 0 %y = Conv(%x, %w, %b)"),
      HasSubstr("bias"));
}

TEST(InferSpatial, PoolCeilModeDropsAWindowThatWouldStartInThePadding) {
  EXPECT_EQ(y_of_x("1,5,5,1", "%y = MaxPool(%x) {kernel=[2,2], strides=[2,2]}"), "float32 1x2x2x1");
  EXPECT_EQ(y_of_x("1,5,5,1", "%y = MaxPool(%x) {kernel=[2,2], strides=[2,2], ceil_mode=true}"), "float32 1x3x3x1");
  EXPECT_EQ(y_of_x("1,4,4,1", "%y = MaxPool(%x) {kernel=[1,1], strides=[3,3], ceil_mode=true}"), "float32 1x2x2x1");
  EXPECT_EQ(y_of_x("1,3,3,1", "%y = MaxPool(%x) {kernel=[2,2], strides=[2,2], pads=[1,1,1,1], ceil_mode=true}"),
            "float32 1x2x2x1");
  EXPECT_EQ(y_of_x("1,4,4,1", "%y = MaxPool(%x) {kernel=[3,3], strides=[3,3], pads=[1,1,1,1], ceil_mode=true}"),
            "float32 1x2x2x1");
}

TEST(InferSpatial, APoolWindowThatSeesOnlyPaddingIsRefused) {
  EXPECT_THAT(y_of_x("1,5,5,1", "%y = AveragePool(%x) {kernel=[2,2], pads=[2,2,0,0]}"), HasSubstr("only padding"));
}

TEST(InferSpatial, TransposedConvolution) {
  const std::string w = "const %w : float32[4,3,3,2] = splat 0 ";
  EXPECT_EQ(y_of_x("1,5,5,2", w + "%y = ConvTranspose(%x, %w) {strides=[2,2]}"), "float32 1x11x11x4");
  EXPECT_EQ(y_of_x("1,5,5,2", w + "%y = ConvTranspose(%x, %w) {strides=[2,2], pads=[1,1,1,1], output_padding=[1,1]}"),
            "float32 1x10x10x4");
  EXPECT_EQ(y_of_x("1,5,5,2", w + "%y = ConvTranspose(%x, %w) {strides=[2,2], auto_pad=same_upper}"),
            "float32 1x10x10x4");
  EXPECT_EQ(y_of_x("1,5,5,2", w + "%y = ConvTranspose(%x, %w) {strides=[2,2], output_shape=[9,12]}"),
            "float32 1x9x12x4");
}

TEST(InferSpatial, DepthAndSpace) {
  EXPECT_EQ(y_of_x("1,2,3,8", "%y = DepthToSpace(%x) {block=2}"), "float32 1x4x6x2");
  EXPECT_EQ(y_of_x("1,4,6,2", "%y = SpaceToDepth(%x) {block=2}"), "float32 1x2x3x8");
  EXPECT_THAT(y_of_x("1,4,5,2", "%y = SpaceToDepth(%x) {block=2}"), HasSubstr("block 2"));
}

TEST(InferLinear, MatrixProducts) {
  EXPECT_EQ(type_of_y("input %a : float32[2,1,3,4] input %b : float32[5,4,6] %y = MatMul(%a, %b)"), "float32 2x5x3x6");
  EXPECT_EQ(type_of_y("input %a : float32[4] input %b : float32[5,4,6] %y = MatMul(%a, %b)"), "float32 5x6");
  EXPECT_EQ(type_of_y("input %a : float32[4] input %b : float32[4] %y = MatMul(%a, %b)"), "float32 scalar");
  EXPECT_EQ(
      type_of_y(
          "input %a : float32[4,3] input %b : float32[6,4] %y = MatMul(%a, %b) {transpose_a=true, transpose_b=true}"),
      "float32 3x6");
  EXPECT_THAT(type_of_y("input %a : float32[4,3] input %b : float32[4,3] %y = MatMul(%a, %b)"), HasSubstr("3 columns"));
  EXPECT_EQ(y_of_x("2,7,4", "const %w : float32[10,4] = splat 0 %y = FullyConnected(%x, %w)"), "float32 2x7x10");
}

TEST(InferElementwise, BroadcastsAsNumpyDoes) {
  EXPECT_EQ(type_of_y("input %a : float32[3,1,5] input %b : float32[4,1] %y = Add(%a, %b)"), "float32 3x4x5");
  EXPECT_EQ(type_of_y("input %a : float32[0,1] input %b : float32[4] %y = Mul(%a, %b)"), "float32 0x4");
  EXPECT_THAT(type_of_y("input %a : float32[3] input %b : float32[4] %y = Add(%a, %b)"), HasSubstr("do not broadcast"));
  EXPECT_THAT(type_of_y("input %a : float32[3] input %b : int64[3] %y = Add(%a, %b)"), HasSubstr("different types"));
  EXPECT_THAT(y_of_x("3", "input %s : float32[2,3] %y = PRelu(%x, %s)"), HasSubstr("slope"));
}

TEST(InferElementwise, TypesOfResults) {
  EXPECT_EQ(type_of_y("input %a : int32[3] input %b : int32[1] %y = Less(%a, %b)"), "bool 3");
  EXPECT_EQ(type_of_y("input %c : bool[3,1] input %a : int8[2] input %b : int8[] %y = Where(%c, %a, %b)"), "int8 3x2");
  EXPECT_EQ(type_of_y("input %a : int32[3] input %b : float32[] %y = Pow(%a, %b)"), "int32 3");
  EXPECT_EQ(y_of_x("3", "%y = IsNaN(%x)"), "bool 3");
  EXPECT_EQ(y_of_x("3", "%y = Cast(%x) {to=int64}"), "int64 3");
  EXPECT_EQ(y_of_x("3", "%y = Quantize(%x) : uint8 quant(0.5, 3)"), "uint8 3");
  EXPECT_EQ(type_of_y("input %x : int8[3] quant(0.5, 0) %y = Dequantize(%x)"), "float32 3");
  EXPECT_EQ(type_of_y("input %x : int8[3] quant(0.5, 0) %y = Sigmoid(%x) : uint8 quant(0.25, 0)"), "uint8 3");
}

TEST(InferElementwise, ClipTakesItsBoundsFromConstants) {
  auto g = parse_text(
      "graph { input %x : float32[2] const %hi : float32[] = [6] %y = Clip(%x, _, %hi) {alpha=-inf, beta=inf} }");
  ASSERT_TRUE(infer(*g).ok());
  EXPECT_EQ(std::get<UnaryAttrs>(g->ops[0].attrs).beta, 6.0);
  EXPECT_EQ(g->ops[0].inputs.size(), 3U);
}

TEST(InferReduce, AxesAndKeptExtents) {
  EXPECT_EQ(y_of_x("2,3,4", "%y = ReduceMean(%x) {axes=[-1]}"), "float32 2x3x1");
  EXPECT_EQ(y_of_x("2,3,4", "%y = ReduceSum(%x) {axes=[0,2], keep_dims=false}"), "float32 3");
  EXPECT_EQ(y_of_x("2,3,4", "%y = ReduceMax(%x) {keep_dims=false}"), "float32 scalar");
  EXPECT_EQ(y_of_x("2,3,4", "%y = ReduceMax(%x) {noop_with_empty_axes=true}"), "float32 2x3x4");
  EXPECT_EQ(y_of_x("2,3,4", "const %a : int64[1] = [1] %y = ReduceL2(%x, %a)"), "float32 2x1x4");
  EXPECT_THAT(y_of_x("2,3,4", "%y = ReduceMax(%x) {axes=[3]}"), HasSubstr("axes 3 is outside"));
  EXPECT_THAT(y_of_x("2,3,4", "%y = ReduceMax(%x) {axes=[0,-3]}"), HasSubstr("twice"));
}

TEST(InferReduce, IndicesAreInt64UnlessDeclaredInt32) {
  EXPECT_EQ(y_of_x("2,3", "%y = ArgMax(%x) {axis=-1, keep_dims=false}"), "int64 2");
  EXPECT_EQ(y_of_x("2,3", "%y = ArgMax(%x) {axis=-1} : int32"), "int32 2x1");
  EXPECT_EQ(y_of_x("2,9", "%v, %y = TopK(%x) {k=3}"), "int64 2x3");
  EXPECT_EQ(y_of_x("2,9", "const %k : int64[1] = [4] %y, %i = TopK(%x, %k)"), "float32 2x4");
  EXPECT_THAT(y_of_x("2,9", "%y, %i = TopK(%x) {k=10}"), HasSubstr("k 10 is outside 0…9"));
}

TEST(InferReduce, NormalizationsCheckTheirParameters) {
  EXPECT_THAT(y_of_x("2,9", "const %s : float32[8] = splat 1 %y = InstanceNorm(%x, %s, %s)"), HasSubstr("9 extents"));
  EXPECT_EQ(y_of_x("2,3,4", "const %s : float32[3,4] = splat 1 %y = LayerNorm(%x, %s) {axis=1}"), "float32 2x3x4");
  EXPECT_THAT(y_of_x("2,3,4", "%y = Softmax(%x) {axis=3}"), HasSubstr("axis 3"));
}

TEST(InferMove, ConcatAndSplit) {
  EXPECT_EQ(type_of_y("input %a : float32[2,3] input %b : float32[2,5] %y = Concat(%a, %b) {axis=-1}"), "float32 2x8");
  EXPECT_THAT(type_of_y("input %a : float32[2,3] input %b : float32[3,5] %y = Concat(%a, %b) {axis=1}"),
              HasSubstr("outside axis 1"));
  EXPECT_EQ(y_of_x("7", "%a, %b, %y = Split(%x)"), "float32 1");
  EXPECT_EQ(y_of_x("7", "%a, %y = Split(%x) {sizes=[2,5]}"), "float32 5");
  EXPECT_THAT(y_of_x("7", "%a, %y = Split(%x) {sizes=[2,4]}"), HasSubstr("leave 1 of the 7"));
}

TEST(InferMove, SliceClampsAndCountsBackwards) {
  EXPECT_EQ(y_of_x("10", "%y = Slice(%x) {starts=[2], ends=[-1]}"), "float32 7");
  EXPECT_EQ(y_of_x("10", "%y = Slice(%x) {starts=[-100], ends=[9223372036854775807], steps=[3]}"), "float32 4");
  EXPECT_EQ(y_of_x("10", "%y = Slice(%x) {starts=[-1], ends=[-9223372036854775808], steps=[-1]}"), "float32 10");
  EXPECT_EQ(y_of_x("10", "%y = Slice(%x) {starts=[8], ends=[2], steps=[-2]}"), "float32 3");
  EXPECT_EQ(y_of_x("10", "%y = Slice(%x) {starts=[5], ends=[5]}"), "float32 0");
  EXPECT_EQ(y_of_x("4,10", "%y = Slice(%x) {starts=[1], ends=[3], axes=[-1]}"), "float32 4x2");
  EXPECT_THAT(y_of_x("10", "%y = Slice(%x) {starts=[1], ends=[3], steps=[0]}"), HasSubstr("step along axis 0 is 0"));
}

TEST(InferMove, Padding) {
  EXPECT_EQ(y_of_x("2,3", "%y = Pad(%x) {pads=[0,1,0,2]}"), "float32 2x6");
  EXPECT_EQ(y_of_x("2,3", "%y = Pad(%x) {pads=[0,-1,0,0]}"), "float32 2x2");
  EXPECT_EQ(y_of_x("2,3", "%y = Pad(%x) {pads=[4,1], axes=[-1]}"), "float32 2x8");
  EXPECT_THAT(y_of_x("2,3", "%y = Pad(%x) {mode=reflect, pads=[2,0,0,0]}"), HasSubstr("mirrors 2"));
  EXPECT_THAT(y_of_x("2,3", "%y = Pad(%x) {pads=[0,1]}"), HasSubstr("pads has 2 numbers"));
}

TEST(InferMove, TransposeExpandTile) {
  EXPECT_EQ(y_of_x("2,3,4", "%y = Transpose(%x)"), "float32 4x3x2");
  EXPECT_EQ(y_of_x("2,3,4", "%y = Transpose(%x) {perm=[0,2,1]}"), "float32 2x4x3");
  EXPECT_THAT(y_of_x("2,3,4", "%y = Transpose(%x) {perm=[0,2,2]}"), HasSubstr("twice"));
  EXPECT_EQ(y_of_x("3,1", "%y = Expand(%x) {shape=[2,1,6]}"), "float32 2x3x6");
  EXPECT_EQ(y_of_x("3,4", "%y = Expand(%x) {shape=[1]}"), "float32 3x4");
  EXPECT_EQ(y_of_x("3,4", "%y = Tile(%x) {repeats=[2,0]}"), "float32 6x0");
}

TEST(InferMove, MovingKeepsTheQuantization) {
  auto g = parse_text("graph { input %x : int8[2,3] quant(0.5, 1) %y = Transpose(%x) }");
  ASSERT_TRUE(infer(*g).ok());
  EXPECT_EQ(g->values[1].dtype, DType::int8);
  EXPECT_EQ(g->values[1].quantization, g->values[0].quantization);
}

TEST(InferShape, ReshapeCopiesAndFillsExtents) {
  EXPECT_EQ(y_of_x("2,3,4", "%y = Reshape(%x) {shape=[0,-1]}"), "float32 2x12");
  EXPECT_EQ(y_of_x("0,3", "%y = Reshape(%x) {shape=[3,0], allow_zero=true}"), "float32 3x0");
  EXPECT_EQ(y_of_x("1", "%y = Reshape(%x)"), "float32 scalar");
  EXPECT_THAT(y_of_x("2,3", "%y = Reshape(%x) {shape=[4,-1]}"), HasSubstr("does not fit"));
  EXPECT_THAT(y_of_x("2,3", "%y = Reshape(%x) {shape=[-1,-1]}"), HasSubstr("two extents open"));
  EXPECT_THAT(y_of_x("2,3", "input %s : int64[2] %y = Reshape(%x, %s)"), HasSubstr("not a constant"));
}

TEST(InferShape, FlattenSqueezeUnsqueeze) {
  EXPECT_EQ(y_of_x("2,3,4", "%y = Flatten(%x) {axis=1}"), "float32 2x12");
  EXPECT_EQ(y_of_x("2,3,4", "%y = Flatten(%x)"), "float32 1x24");
  EXPECT_EQ(y_of_x("2,3,4", "%y = Flatten(%x) {axis=3}"), "float32 24x1");
  EXPECT_EQ(y_of_x("1,3,1", "%y = Squeeze(%x)"), "float32 3");
  EXPECT_EQ(y_of_x("1,3,1", "%y = Squeeze(%x) {axes=[-1]}"), "float32 1x3");
  EXPECT_THAT(y_of_x("1,3,1", "%y = Squeeze(%x) {axes=[1]}"), HasSubstr("axis 1 has the extent 3"));
  EXPECT_EQ(y_of_x("3,4", "%y = Unsqueeze(%x) {axes=[-1,0]}"), "float32 1x3x4x1");
}

TEST(InferShape, ExtentsBecomeConstants) {
  EXPECT_EQ(y_of_x("2,3,4", "%y = Shape(%x)"), "const %y : int64[3] = [2, 3, 4]");
  EXPECT_EQ(y_of_x("2,3,4", "%y = Shape(%x) {start=-2, end=-1} : int32"), "const %y : int32[1] = [3]");
  EXPECT_EQ(y_of_x("2,3,4", "%y = Size(%x)"), "const %y : int64[] = [24]");
  EXPECT_EQ(y_of_x("2,3,4", "%s = Shape(%x) {end=1} %y = Fill(%s) {value=3}"), "const %y : float32[2] = splat 3");
}

TEST(InferShape, ShapeArithmeticNeedsNoData) {
  EXPECT_EQ(y_of_x("2,3,4,5",
                   "%s = Shape(%x) const %i : int64[] = [1] const %m : int64[1] = [-1] const %a : int64[1] = [0] "
                   "%g = Gather(%s, %i) %u = Unsqueeze(%g, %a) %c = Concat(%u, %m) %y = Reshape(%x, %c)"),
            "float32 3x40");
  EXPECT_EQ(y_of_x("1,8,8,2",
                   "%s = Shape(%x) {start=1, end=3} %f = Cast(%s) const %k : float32[1] = [1.5] %m = Mul(%f, %k) "
                   "%l = Floor(%m) %t = Cast(%l) {to=int64} %y = Resize(%x, _, _, %t) {axes=[1,2]}"),
            "float32 1x12x12x2");
}

TEST(InferShape, SmallConstantsAreComputedExactly) {
  const std::string v = "const %v : int64[2,3] = [1, 2, 3, 4, 5, 9223372036854775807] ";
  EXPECT_EQ(type_of_y(v + "%y = Slice(%v) {starts=[-1], ends=[-10], axes=[1], steps=[-2]}"),
            "const %y : int64[2,2] = [3, 1, 9223372036854775807, 4]");
  EXPECT_EQ(type_of_y(v + "%y = Concat(%v, %v) {axis=1}").substr(0, 45),
            "const %y : int64[2,6] = [1, 2, 3, 1, 2, 3, 4,");
  EXPECT_EQ(type_of_y(v + "const %t : int64[3] = [2, 2, -5] %y = Div(%v, %t)"),
            "const %y : int64[2,3] = [0, 1, 0, 2, 2, -1844674407370955161]");
  EXPECT_EQ(type_of_y("const %a : int64[3] = [1, -1, 2] const %m : int64[] = [-1] const %o : int64[1] = [7] "
                      "%e = Equal(%a, %m) %y = Where(%e, %o, %a)"),
            "const %y : int64[3] = [1, 7, 2]");
  EXPECT_EQ(type_of_y("const %a : int64[3] = [2, 3, 4] %y = ReduceProd(%a) {keep_dims=false}"),
            "const %y : int64[] = [24]");
}

TEST(InferShape, AnOutputOfTheGraphIsConstantOnlyWhenItIsAnExtent) {
  auto extent = parse_text("graph { input %x : float32[2,3] %y = Shape(%x) output %y }");
  ASSERT_TRUE(infer(*extent).ok());
  EXPECT_TRUE(extent->ops.empty());
  auto sum = parse_text("graph { const %a : int64[1] = [2] %y = Add(%a, %a) output %y }");
  ASSERT_TRUE(infer(*sum).ok());
  EXPECT_EQ(sum->ops.size(), 1U);
}

TEST(InferShape, DivisionByZeroIsLeftAlone) {
  EXPECT_EQ(type_of_y("const %a : int64[1] = [2] const %b : int64[1] = [0] %y = Div(%a, %b)"), "int64 1");
}

TEST(InferShape, RangeCountsFromConstants) {
  EXPECT_EQ(
      type_of_y("const %a : int64[] = [2] const %b : int64[] = [9] const %d : int64[] = [3] %y = Range(%a, %b, %d)"),
      "const %y : int64[3] = [2, 5, 8]");
  EXPECT_THAT(
      type_of_y(
          "const %a : float32[] = [2] const %b : float32[] = [9] const %d : float32[] = [0] %y = Range(%a, %b, %d)"),
      HasSubstr("no range"));
}

TEST(InferGather, ShapesAndConstantIndices) {
  const std::string i = "const %i : int64[2,2] = [0, 1, -1, 2] ";
  EXPECT_EQ(y_of_x("4,3,5", i + "%y = Gather(%x, %i) {axis=1}"), "float32 4x2x2x5");
  EXPECT_THAT(y_of_x("4,2,5", i + "%y = Gather(%x, %i) {axis=1}"), HasSubstr("index 2 is outside an axis of 2"));
  EXPECT_EQ(y_of_x("4,3", i + "%y = GatherElements(%x, %i) {axis=1}"), "float32 2x2");
  EXPECT_EQ(y_of_x("4,3,5", i + "%y = GatherNd(%x, %i)"), "float32 2x5");
  EXPECT_EQ(y_of_x("2,3,5", "input %i : int64[2,1] %y = GatherNd(%x, %i) {batch_dims=1}"), "float32 2x5");
  EXPECT_EQ(type_of_y("input %i : int64[3] const %d : int64[] = [7] const %v : float32[2] = [0, 1] %y = OneHot(%i, %d, "
                      "%v) {axis=0}"),
            "float32 7x3");
}

TEST(InferResize, SizesScalesAxesAndProportions) {
  EXPECT_EQ(y_of_x("1,5,7,2", "%y = Resize(%x) {scales=[1,2,1.5,1]}"), "float32 1x10x10x2");
  EXPECT_EQ(y_of_x("1,5,7,2", "%y = Resize(%x) {sizes=[8,9], axes=[1,2]}"), "float32 1x8x9x2");
  EXPECT_EQ(y_of_x("1,10,20,2", "%y = Resize(%x) {sizes=[40,40], axes=[1,2], aspect=not_larger}"), "float32 1x20x40x2");
  EXPECT_EQ(y_of_x("1,10,20,2", "%y = Resize(%x) {sizes=[40,40], axes=[1,2], aspect=not_smaller}"),
            "float32 1x40x80x2");
  EXPECT_EQ(y_of_x("1,5,7,2", "const %s : int64[4] = [1,8,9,2] %y = Resize(%x, _, _, %s)"), "float32 1x8x9x2");
  EXPECT_EQ(y_of_x("1,8,8,1",
                   "%y = Resize(%x) {coordinates=tf_crop_and_resize, scales=[1,2,2,1], roi=[0,0.25,0,0,1,0.75,1,1]}"),
            "float32 1x8x16x1");
  EXPECT_THAT(y_of_x("1,5,7,2", "%y = Resize(%x)"), HasSubstr("neither sizes nor scales"));
  EXPECT_THAT(y_of_x("1,5", "%y = Resize(%x) {scales=[1,-2]}"), HasSubstr("scale -2 of axis 1"));
}

TEST(InferResize, FillsBothListsForAllAxes) {
  auto g = parse_text("graph { input %x : float32[1,4,4,2] %y = Resize(%x) {sizes=[8,2], axes=[1,2]} }");
  ASSERT_TRUE(infer(*g).ok());
  const auto& a = std::get<ResizeAttrs>(g->ops[0].attrs);
  EXPECT_EQ(a.sizes, (Ints{1, 8, 2, 2}));
  EXPECT_EQ(a.scales, (std::vector<float>{1, 2, 0.5f, 1}));
  EXPECT_TRUE(a.axes.empty());
}

TEST(Infer, EveryKindHasARuleThatSurvivesStrangeInputs) {
  for (const OpInfo& row : kOps) {
    for (const char* shape : {"", "0", "1", "2,3", "1,4,4,8"}) {
      std::string text = "graph { input %x : float32[" + std::string(shape) + "] %y";
      for (int i = 1; i < row.outputs; ++i) text += ", %y" + std::to_string(i);
      text += " = " + std::string(row.name) + "(";
      for (int i = 0; i < row.min_inputs; ++i) text += i == 0 ? "%x" : ", %x";
      auto graph = parse_text(text + ") }");
      ASSERT_TRUE(graph.ok()) << graph.error().message;
      const Status status = infer(*graph);
      if (!status.ok()) {
        EXPECT_NE(status.error().code, ErrorCode::internal) << status.error().message;
        EXPECT_THAT(status.error().message, HasSubstr(std::string(row.name) + " 'y': "));
      }
    }
  }
}

TEST(Infer, BrokenGraphsNeverCrash) {
  const std::string whole = R"(graph {
    input %x : float32[1,8,8,4]
    const %w : float32[4,3,3,4] = splat 0.5
    const %i : int64[3] = [0, -1, 2]
    %c = Conv(%x, %w) {strides=[2,2], pads=[1,1,1,1], dilations=[1,1]}
    %p = AveragePool(%c) {kernel=[2,2], strides=[2,2], pads=[1,0,1,0], ceil_mode=true}
    %t = ConvTranspose(%p, %w) {strides=[2,2], output_shape=[5,5]}
    %s = Slice(%t) {starts=[0,-1], ends=[3,-9], axes=[1,2], steps=[1,-2]}
    %d = Pad(%s) {mode=reflect, pads=[0,1,1,0,0,1,1,0]}
    %r = Resize(%d) {scales=[1,2,1.5,1]}
    %g = Gather(%r, %i) {axis=3}
    %h = Shape(%g)
    %f = Gather(%h, %i)
    %a, %b = Split(%g) {axis=3, sizes=[1,2]}
    %k, %l = TopK(%b) {k=2}
    %u = Reshape(%k) {shape=[0,-1,2]}
    %y = ReduceMean(%u) {axes=[1]}
    output %y
    output %f
  })";
  std::mt19937 random(2);
  const std::string letters = "0123456789-,[]%xwictpsdrgabkluyh";
  for (int round = 0; round < 3000; ++round) {
    std::string text = whole;
    for (int edits = 0; edits < 2; ++edits) {
      const size_t at = random() % text.size();
      const char c = letters[random() % letters.size()];
      random() % 3 == 0 ? text.insert(at, 1 + random() % 12, c) : text.replace(at, 1, 1, c);
    }
    auto graph = parse_text(text);
    if (!graph.ok() || !verify(*graph).ok() || !infer(*graph).ok()) continue;
    const Status status = verify(*graph);
    EXPECT_TRUE(status.ok()) << status.error().message << text;
  }
}

TEST(Infer, SizesBeyondTheLimitAreRefused) {
  EXPECT_THAT(y_of_x("65536", "%y = Tile(%x) {repeats=[65536]}"), HasSubstr("beyond the limit"));
  EXPECT_THAT(y_of_x("2", "%y = Expand(%x) {shape=[1,1,1,1,1,1,1,1,2]}"), HasSubstr("the limit is 8"));
}

TEST(Infer, OpenInputExtentsAreNamed) {
  EXPECT_THAT(y_of_x("N?,3", "%y = Relu(%x)"), HasSubstr("the input 'x' has the shape ?x3"));
}

}  // namespace
}  // namespace quern
