// What each builtin operator becomes.
#include <set>

#include "read/tflite/operators.h"
#include "read/tflite_one_op.h"

namespace quern::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(TfliteOperators, EveryRowIsTheOnlyOneOfItsCode) {
  std::set<Builtin> seen;
  for (const tflite::Row& row : tflite::all_rows())
    EXPECT_TRUE(seen.insert(row.code).second) << static_cast<int>(row.code);
}

// convolutions

TEST(TfliteConv, AttributesAreHeightFirst) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 8, 8, 4});
  const auto graph =
      one(file, Builtin::CONV_2D, {x, file.floats("w", {6, 3, 3, 4}), file.floats("b", {6})}, {}, conv_options());
  ASSERT_TRUE(graph.ok()) << message(graph);
  const auto& conv = attrs<ConvAttrs>(*graph, 0);
  EXPECT_EQ(conv.strides, (Pair{2, 1}));
  EXPECT_EQ(conv.dilations, (Pair{1, 3}));
  EXPECT_EQ(conv.auto_pad, AutoPad::same_upper);
  EXPECT_EQ(conv.groups, 1);
  EXPECT_EQ(conv.clamp, (Clamp{0, 6}));
  EXPECT_EQ(graph->ops[0].inputs.size(), 3u);
  EXPECT_EQ(graph->ops[0].source_kind, "CONV_2D");
}

TEST(TfliteConv, AbsentBiasIsLeftOut) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 8, 8, 4});
  const auto graph =
      one(file, Builtin::CONV_2D, {x, file.floats("w", {6, 3, 3, 4}), -1}, {}, conv_options(tfl::Padding::VALID));
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(graph->ops[0].inputs.size(), 2u);
  EXPECT_EQ(attrs<ConvAttrs>(*graph, 0).auto_pad, AutoPad::valid);
}

TEST(TfliteConv, SixteenBitActivationsKeepTheirBiasOf64Bits) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 8, 8, 1}, Type::INT16);
  file.quantize(x, {0.5f}, {0});
  const int w = file.bytes_of("w", {2, 1, 1, 1});
  file.quantize(w, {0.1f, 0.2f}, {0, 0});
  const int b = file.constant<int64_t>("b", {2}, {int64_t{1} << 40, -3}, Type::INT64);
  file.quantize(b, {0.05f, 0.1f}, {0, 0});
  const int y = file.tensor("y", {1, 8, 8, 2}, Type::INT16);
  file.quantize(y, {0.7f}, {0});
  file.op(Builtin::CONV_2D, {x, w, b}, {y}, conv_options());
  const auto graph = file.read({y});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(graph->value(graph->find("y")).dtype, DType::int16);
  EXPECT_THAT(graph->value(graph->find("b")).constant->data<int64_t>(), ElementsAre(int64_t{1} << 40, -3));
}

TEST(TfliteConv, FewerWeightChannelsAreGroups) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 8, 8, 4});
  const auto graph = one(file, Builtin::CONV_2D, {x, file.floats("w", {6, 3, 3, 2})}, {}, conv_options());
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(attrs<ConvAttrs>(*graph, 0).groups, 2);
}

TEST(TfliteConv, DepthwiseWeightsTurnAndTakeTheirAxisAlong) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 4, 4, 2}, Type::INT8);
  file.quantize(x, {0.5f}, {0});
  const int w = file.constant<int8_t>("w", {1, 1, 2, 4}, {1, 2, 3, 4, 5, 6, 7, 8}, Type::INT8);
  file.quantize(w, {0.1f, 0.2f, 0.3f, 0.4f}, {0, 0, 0, 0}, 3);
  const auto graph = one(file, Builtin::DEPTHWISE_CONV_2D, {x, w}, {}, depthwise_options(2));
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(graph->ops[0].kind, OpKind::Conv);
  EXPECT_EQ(attrs<ConvAttrs>(*graph, 0).groups, 2);
  const Tensor& turned = *graph->value(graph->find("w")).constant;
  EXPECT_EQ(turned.shape(), (Shape{4, 1, 2, 1}));
  EXPECT_THAT(turned.data<int8_t>(), ElementsAre(1, 5, 2, 6, 3, 7, 4, 8));
  EXPECT_EQ(turned.quantization.axis, 0);
  EXPECT_THAT(turned.quantization.scales, ElementsAre(0.1f, 0.2f, 0.3f, 0.4f));
}

TEST(TfliteConv, DepthwiseWithoutMultiplierTakesTheInputsChannels) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 4, 4, 2});
  const auto graph =
      one(file, Builtin::DEPTHWISE_CONV_2D, {x, file.floats("w", {1, 3, 3, 6})}, {}, depthwise_options(0));
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(attrs<ConvAttrs>(*graph, 0).groups, 2);
}

TEST(TfliteConv, DepthwiseWeightsThatAreComputedAreTransposed) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 4, 4, 2});
  const int w = file.input("w", {1, 3, 3, 2});
  const auto graph = one(file, Builtin::DEPTHWISE_CONV_2D, {x, w}, {}, depthwise_options(1));
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre(OpKind::Transpose, OpKind::Conv));
  EXPECT_THAT(attrs<TransposeAttrs>(*graph, 0).perm, ElementsAre(3, 1, 2, 0));
}

TEST(TfliteConv, SharedDepthwiseWeightsKeepOneNameEach) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 4, 4, 2});
  const int w = file.floats("w", {1, 3, 3, 2});
  const int a = file.tensor("a", {});
  const int b = file.tensor("b", {});
  file.op(Builtin::DEPTHWISE_CONV_2D, {x, w}, {a}, depthwise_options(1));
  file.op(Builtin::DEPTHWISE_CONV_2D, {a, w}, {b}, depthwise_options(1));
  const auto graph = file.read({b});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_NE(graph->find("w"), kNoValue);
  EXPECT_NE(graph->find("w_1"), kNoValue);
}

TEST(TfliteConv, TransposeConvKeepsTheOutputExtents) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 4, 4, 2});
  tfl::TransposeConvOptionsT options;
  options.stride_h = options.stride_w = 2;
  const auto graph = one(file, Builtin::TRANSPOSE_CONV,
                         {file.ints("extents", {1, 8, 8, 3}), file.floats("w", {3, 2, 2, 2}), x}, {}, options);
  ASSERT_TRUE(graph.ok()) << message(graph);
  const auto& conv = attrs<ConvTransposeAttrs>(*graph, 0);
  EXPECT_THAT(conv.output_shape, ElementsAre(8, 8));
  EXPECT_EQ(conv.strides, (Pair{2, 2}));
  EXPECT_EQ(graph->ops[0].inputs[0], graph->find("x"));
}

TEST(TfliteConv, PoolsKeepWindowAndActivation) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 4, 4, 2});
  tfl::Pool2DOptionsT options;
  options.padding = tfl::Padding::VALID;
  options.filter_height = 3;
  options.filter_width = 2;
  options.stride_h = 1;
  options.stride_w = 2;
  options.activation = tfl::Activation::RELU;
  const auto graph = one(file, Builtin::AVERAGE_POOL_2D, {x}, {}, options);
  ASSERT_TRUE(graph.ok()) << message(graph);
  const auto& pool = attrs<PoolAttrs>(*graph, 0);
  EXPECT_EQ(pool.kernel, (Pair{3, 2}));
  EXPECT_EQ(pool.strides, (Pair{1, 2}));
  EXPECT_FALSE(pool.count_include_pad);
  EXPECT_EQ(pool.clamp.low, 0);
}

// matrix products

TEST(TfliteLinear, FullyConnectedOnRowsIsDirect) {
  TfliteBuilder file;
  const int x = file.input("x", {3, 4});
  const auto graph = one(file, Builtin::FULLY_CONNECTED, {x, file.floats("w", {5, 4}), file.floats("b", {5})}, {});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre(OpKind::FullyConnected));
}

TEST(TfliteLinear, FullyConnectedFlattensAllElse) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 2, 2, 4});
  const auto graph = one(file, Builtin::FULLY_CONNECTED, {x, file.floats("w", {5, 16}), -1}, {});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre(OpKind::Reshape, OpKind::FullyConnected));
  EXPECT_THAT(attrs<ReshapeAttrs>(*graph, 0).shape, ElementsAre(-1, 16));
}

TEST(TfliteLinear, FullyConnectedMayKeepAxes) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 2, 2, 4});
  tfl::FullyConnectedOptionsT options;
  options.keep_num_dims = true;
  const auto graph = one(file, Builtin::FULLY_CONNECTED, {x, file.floats("w", {5, 4})}, {}, options);
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre(OpKind::FullyConnected));
}

TEST(TfliteLinear, BatchMatMulTransposes) {
  TfliteBuilder file;
  const int a = file.input("a", {2, 3, 4});
  const int b = file.input("b", {2, 5, 4});
  tfl::BatchMatMulOptionsT options;
  options.adj_y = true;
  const auto graph = one(file, Builtin::BATCH_MATMUL, {a, b}, {}, options);
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_FALSE(attrs<MatMulAttrs>(*graph, 0).transpose_a);
  EXPECT_TRUE(attrs<MatMulAttrs>(*graph, 0).transpose_b);
}

// element by element

TEST(TfliteElementwise, FusedActivationIsAClamp) {
  TfliteBuilder file;
  const int x = file.input("x", {2});
  tfl::SubOptionsT options;
  options.activation = tfl::Activation::RELU_N1_TO_1;
  const auto graph = one(file, Builtin::SUB, {x, file.floats("c", {2})}, {2}, options);
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(attrs<ClampAttrs>(*graph, 0).clamp, (Clamp{-1, 1}));
}

TEST(TfliteElementwise, Relu6IsAClip) {
  TfliteBuilder file;
  const auto graph = one(file, Builtin::RELU6, {file.input("x", {2})}, {2});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(graph->ops[0].kind, OpKind::Clip);
  EXPECT_EQ(attrs<UnaryAttrs>(*graph, 0).beta, 6);
}

TEST(TfliteElementwise, LeakyReluKeepsItsSlope) {
  TfliteBuilder file;
  tfl::LeakyReluOptionsT options;
  options.alpha = 0.25f;
  const auto graph = one(file, Builtin::LEAKY_RELU, {file.input("x", {2})}, {2}, options);
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(attrs<UnaryAttrs>(*graph, 0).alpha, 0.25);
}

TEST(TfliteElementwise, SquaredDifferenceIsTwoOperators) {
  TfliteBuilder file;
  const int x = file.input("x", {2});
  const auto graph = one(file, Builtin::SQUARED_DIFFERENCE, {x, file.floats("c", {2})}, {2});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre(OpKind::Sub, OpKind::Square));
  EXPECT_EQ(graph->ops[0].name, "y/difference");
  EXPECT_EQ(graph->ops[1].name, "y");
}

TEST(TfliteElementwise, IntegerFloorDivisionTakesTheRemainderFirst) {
  TfliteBuilder file;
  const int x = file.input("x", {2}, Type::INT32);
  const int y = file.tensor("y", {2}, Type::INT32);
  file.op(Builtin::FLOOR_DIV, {x, file.ints("c", {2, 3})}, {y});
  const auto graph = file.read({y});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre(OpKind::Mod, OpKind::Sub, OpKind::Div));
}

TEST(TfliteElementwise, NotEqualIsNotOfEqual) {
  TfliteBuilder file;
  const int x = file.input("x", {2});
  const auto graph = one(file, Builtin::NOT_EQUAL, {x, file.floats("c", {2})}, {2});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre(OpKind::Equal, OpKind::Not));
}

TEST(TfliteElementwise, OldSelectSpreadsAListOfConditions) {
  TfliteBuilder file;
  const int condition = file.input("condition", {3}, Type::BOOL);
  const int a = file.input("a", {3, 4});
  const auto graph = one(file, Builtin::SELECT, {condition, a, a}, {3, 4});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre(OpKind::Unsqueeze, OpKind::Where));
  EXPECT_THAT(attrs<AxesAttrs>(*graph, 0).axes, ElementsAre(1));
}

// along an axis, reductions

TEST(TfliteAlong, LocalResponseNormalizationCountsTheWindow) {
  TfliteBuilder file;
  tfl::LocalResponseNormalizationOptionsT options;
  options.radius = 2;
  options.alpha = 0.5f;
  options.beta = 0.75f;
  options.bias = 1;
  const auto graph = one(file, Builtin::LOCAL_RESPONSE_NORMALIZATION, {file.input("x", {1, 2, 2, 8})}, {}, options);
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(attrs<LrnAttrs>(*graph, 0).size, 5);
  EXPECT_EQ(attrs<LrnAttrs>(*graph, 0).alpha, 2.5f);
}

TEST(TfliteReduce, AxesAreAttributes) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 4, 4, 2});
  tfl::ReducerOptionsT options;
  options.keep_dims = true;
  const auto graph = one(file, Builtin::MEAN, {x, file.ints("axes", {1, 2})}, {}, options);
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(attrs<ReduceAttrs>(*graph, 0).axes, ElementsAre(1, 2));
  EXPECT_TRUE(attrs<ReduceAttrs>(*graph, 0).keep_dims);
  EXPECT_EQ(graph->ops[0].inputs.size(), 1u);
}

TEST(TfliteReduce, NoAxesMeansNoneNotAll) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 4, 4, 2});
  const auto graph = one(file, Builtin::SUM, {x, file.ints("axes", {})}, {});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_TRUE(attrs<ReduceAttrs>(*graph, 0).noop_with_empty_axes);
}

TEST(TfliteReduce, ArgMaxDropsTheAxisAndKeepsItsType) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 4});
  const int y = file.tensor("y", {1}, Type::INT32);
  file.op(Builtin::ARG_MAX, {x, file.ints("axis", {1})}, {y});
  const auto graph = file.read({y});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_FALSE(attrs<ArgAttrs>(*graph, 0).keep_dims);
  EXPECT_EQ(graph->value(graph->outputs[0]).dtype, DType::int32);
}

// joining and parting

TEST(TfliteJoin, PackIsUnsqueezeAndConcat) {
  TfliteBuilder file;
  const int a = file.input("a", {2});
  const int b = file.input("b", {2});
  tfl::PackOptionsT options;
  options.values_count = 2;
  options.axis = 1;
  const auto graph = one(file, Builtin::PACK, {a, b}, {}, options);
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre(OpKind::Unsqueeze, OpKind::Unsqueeze, OpKind::Concat));
}

TEST(TfliteJoin, UnpackIsSplitAndSqueeze) {
  TfliteBuilder file;
  const int x = file.input("x", {2, 3});
  const int a = file.tensor("a", {3});
  const int b = file.tensor("b", {3});
  tfl::UnpackOptionsT options;
  options.num = 2;
  file.op(Builtin::UNPACK, {x}, {a, b}, options);
  const auto graph = file.read({a, b});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre(OpKind::Split, OpKind::Squeeze, OpKind::Squeeze));
  EXPECT_THAT(attrs<SplitAttrs>(*graph, 0).sizes, ElementsAre(1, 1));
}

TEST(TfliteJoin, SplitTakesTheAxisFirst) {
  TfliteBuilder file;
  const int x = file.input("x", {2, 4});
  const int a = file.tensor("a", {2, 2});
  const int b = file.tensor("b", {2, 2});
  tfl::SplitOptionsT options;
  options.num_splits = 2;
  file.op(Builtin::SPLIT, {file.ints("axis", {1}), x}, {a, b}, options);
  const auto graph = file.read({a, b});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(attrs<SplitAttrs>(*graph, 0).axis, 1);
  EXPECT_EQ(graph->ops[0].inputs, (std::vector<ValueId>{graph->find("x")}));
}

TEST(TfliteJoin, SplitVFindsTheOpenSize) {
  TfliteBuilder file;
  const int x = file.input("x", {10});
  const int a = file.tensor("a", {});
  const int b = file.tensor("b", {});
  file.op(Builtin::SPLIT_V, {x, file.ints("sizes", {3, -1}), file.ints("axis", {-1})}, {a, b});
  const auto graph = file.read({a, b});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(attrs<SplitAttrs>(*graph, 0).sizes, ElementsAre(3, 7));
}

// slices

TEST(TfliteSlice, SizesBecomeEnds) {
  TfliteBuilder file;
  const int x = file.input("x", {5, 5});
  const auto graph = one(file, Builtin::SLICE, {x, file.ints("begin", {1, 2}), file.ints("size", {3, -1})}, {});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(attrs<SliceAttrs>(*graph, 0).starts, ElementsAre(1, 2));
  EXPECT_THAT(attrs<SliceAttrs>(*graph, 0).ends, ElementsAre(4, kEnd));
}

TEST(TfliteSlice, MasksOpenTheEndsByDirection) {
  tfl::StridedSliceOptionsT options;
  options.begin_mask = 0b11;
  options.end_mask = 0b11;
  const auto graph = strided({1, 1}, {2, 2}, {1, -1}, options);
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(attrs<SliceAttrs>(*graph, 0).starts, ElementsAre(0, kEnd));
  EXPECT_THAT(attrs<SliceAttrs>(*graph, 0).ends, ElementsAre(kEnd, kFront));
}

TEST(TfliteSlice, ShrunkAxesTakeOneElementAndGo) {
  tfl::StridedSliceOptionsT options;
  options.shrink_axis_mask = 0b101;
  const auto graph = strided({2, 0, -1}, {9, 3, 0}, {1, 1, 1}, options);
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre(OpKind::Slice, OpKind::Squeeze));
  EXPECT_THAT(attrs<SliceAttrs>(*graph, 0).ends, ElementsAre(3, 3, kEnd));
  EXPECT_THAT(attrs<AxesAttrs>(*graph, 1).axes, ElementsAre(0, 2));
}

TEST(TfliteSlice, EllipsisSkipsAndNewAxesAreAdded) {
  tfl::StridedSliceOptionsT options;
  options.ellipsis_mask = 0b001;
  options.new_axis_mask = 0b010;
  const auto graph = strided({0, 0, 1}, {0, 0, 3}, {1, 1, 1}, options);
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre(OpKind::Slice, OpKind::Unsqueeze));
  EXPECT_THAT(attrs<SliceAttrs>(*graph, 0).axes, ElementsAre(2));
  EXPECT_THAT(attrs<AxesAttrs>(*graph, 1).axes, ElementsAre(2));
}

// moving

TEST(TfliteMove, PaddingsAreBeginsThenEnds) {
  TfliteBuilder file;
  const int x = file.input("x", {4, 4});
  const int pads = file.constant<int>("pads", {2, 2}, {1, 2, 3, 4}, Type::INT32);
  const auto graph = one(file, Builtin::PAD, {x, pads}, {});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(attrs<PadAttrs>(*graph, 0).pads, ElementsAre(1, 3, 2, 4));
}

TEST(TfliteMove, QuantizedPaddingValueIsMadeReal) {
  TfliteBuilder file;
  const int x = file.input("x", {4}, Type::INT8);
  file.quantize(x, {0.5f}, {-10});
  const int pads = file.constant<int>("pads", {1, 2}, {1, 1}, Type::INT32);
  const int value = file.constant<int8_t>("value", {1}, {-12}, Type::INT8);
  file.quantize(value, {0.5f}, {-10});
  const auto graph = one(file, Builtin::PADV2, {x, pads, value}, {});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(attrs<PadAttrs>(*graph, 0).value, -1);
}

TEST(TfliteMove, MirrorPadKnowsBothModes) {
  TfliteBuilder file;
  const int x = file.input("x", {4});
  tfl::MirrorPadOptionsT options;
  options.mode = tfl::MirrorPadMode::SYMMETRIC;
  const auto graph =
      one(file, Builtin::MIRROR_PAD, {x, file.constant<int>("pads", {1, 2}, {1, 1}, Type::INT32)}, {}, options);
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(attrs<PadAttrs>(*graph, 0).mode, PadMode::symmetric);
}

struct Resized {
  Builtin code;
  bool align_corners, half_pixel;
  Coordinates coordinates;
};

class TfliteResize : public testing::TestWithParam<Resized> {};

TEST_P(TfliteResize, MapsCoordinates) {
  const Resized& p = GetParam();
  TfliteBuilder file;
  const int x = file.input("x", {1, 4, 4, 2});
  const int y = file.tensor("y", {});
  tfl::OperatorT& op = file.op(p.code, {x, file.ints("extents", {8, 6})}, {y});
  const auto set = [&](auto options) {
    options.align_corners = p.align_corners;
    options.half_pixel_centers = p.half_pixel;
    op.builtin_options.Set(std::move(options));
  };
  if (p.code == Builtin::RESIZE_BILINEAR) {
    set(tfl::ResizeBilinearOptionsT());
  } else {
    set(tfl::ResizeNearestNeighborOptionsT());
  }
  const auto graph = file.read({y});
  ASSERT_TRUE(graph.ok()) << message(graph);
  const auto& resize = attrs<ResizeAttrs>(*graph, 0);
  EXPECT_EQ(resize.coordinates, p.coordinates);
  EXPECT_THAT(resize.sizes, ElementsAre(8, 6));
  EXPECT_THAT(resize.axes, ElementsAre(1, 2));
}

INSTANTIATE_TEST_SUITE_P(
    Move, TfliteResize,
    testing::Values(Resized{Builtin::RESIZE_BILINEAR, false, false, Coordinates::asymmetric},
                    Resized{Builtin::RESIZE_BILINEAR, true, false, Coordinates::align_corners},
                    Resized{Builtin::RESIZE_BILINEAR, false, true, Coordinates::half_pixel},
                    Resized{Builtin::RESIZE_NEAREST_NEIGHBOR, false, false, Coordinates::asymmetric},
                    Resized{Builtin::RESIZE_NEAREST_NEIGHBOR, true, false, Coordinates::align_corners},
                    Resized{Builtin::RESIZE_NEAREST_NEIGHBOR, false, true, Coordinates::tf_half_pixel_for_nn}));

TEST(TfliteMove, OneHotJoinsOffAndOn) {
  TfliteBuilder file;
  const int x = file.input("x", {2}, Type::INT32);
  const int depth = file.constant<int>("depth", {}, {4}, Type::INT32);
  const auto graph = one(file, Builtin::ONE_HOT, {x, depth, file.floats("on", {}, 5), file.floats("off", {}, -1)}, {});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(attrs<OneHotAttrs>(*graph, 0).depth, 4);
  EXPECT_THAT(graph->value(graph->ops[0].inputs[2]).constant->data<float>(), ElementsAre(-1, 5));
}

// extents

TEST(TfliteShape, ReshapeTakesTheConstantBeforeTheOptions) {
  TfliteBuilder file;
  const int x = file.input("x", {2, 6});
  tfl::ReshapeOptionsT options;
  options.new_shape = {12};
  const auto graph = one(file, Builtin::RESHAPE, {x, file.ints("shape", {3, -1})}, {}, options);
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(attrs<ReshapeAttrs>(*graph, 0).shape, ElementsAre(3, -1));
  EXPECT_TRUE(attrs<ReshapeAttrs>(*graph, 0).allow_zero);
}

TEST(TfliteShape, ReshapeMayStandInTheOptions) {
  TfliteBuilder file;
  tfl::ReshapeOptionsT options;
  options.new_shape = {4, 3};
  const auto graph = one(file, Builtin::RESHAPE, {file.input("x", {2, 6})}, {}, options);
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(attrs<ReshapeAttrs>(*graph, 0).shape, ElementsAre(4, 3));
}

TEST(TfliteShape, ReshapeByDataCarriesAnInt64Parameter) {
  TfliteBuilder file;
  const int x = file.input("x", {2, 6});
  const int shape = file.input("shape", {2}, Type::INT32);
  const auto graph = one(file, Builtin::RESHAPE, {x, shape}, {});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre(OpKind::Cast, OpKind::Reshape));
  EXPECT_EQ(graph->value(graph->ops[1].inputs[1]).dtype, DType::int64);
}

TEST(TfliteShape, ShapeIsCastToWhatTheFileAsksFor) {
  TfliteBuilder file;
  const int x = file.input("x", {2, 6});
  const int y = file.tensor("y", {2}, Type::INT32);
  file.op(Builtin::SHAPE, {x}, {y});
  const auto graph = file.read({y});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre(OpKind::Shape, OpKind::Cast));
}

TEST(TfliteShape, FillOfAConstantIsAFill) {
  TfliteBuilder file;
  const int shape = file.ints("shape", {2, 3});
  const auto graph = one(file, Builtin::FILL, {shape, file.floats("value", {}, 7)}, {});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(attrs<FillAttrs>(*graph, 0).shape, ElementsAre(2, 3));
  EXPECT_EQ(attrs<FillAttrs>(*graph, 0).value, 7);
  EXPECT_THAT(graph->ops[0].inputs, IsEmpty());
}

}  // namespace
}  // namespace quern::test
