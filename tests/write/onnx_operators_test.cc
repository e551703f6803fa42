// Small float graphs through a file and back: the same numbers, the nodes expected, the names kept.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "write/round_trip.h"

namespace quern {
namespace {

struct Case {
  const char* name;
  const char* text;   ///< the graph
  const char* types;  ///< the nodes of the file
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

class WrittenOperator : public testing::TestWithParam<Case> {};

TEST_P(WrittenOperator, ComesBackWithTheSameNumbers) {
  const Graph graph = test::graph_of(GetParam().text);
  EXPECT_EQ(test::types_of(test::written(graph)), GetParam().types);
  test::expect_round_trip(graph);
}

constexpr Case kCases[] = {
    {"conv",
     "graph { input %x : float32[1,5,6,3] const %w : float32[4,3,2,3] = random 1 const %b : float32[4] = random 2"
     " %y = Conv(%x, %w, %b) {strides=[2, 1], pads=[0, 1, 1, 0], clamp=[0, 6]} output %y }",
     "Transpose Conv Clip Transpose"},
    {"grouped_conv",
     "graph { input %x : float32[1,3,5,5] %t = Transpose(%x) {perm=[0, 2, 3, 1]} const %w : float32[6,3,3,1] = random 1"
     " %c = Conv(%t, %w) {groups=3, clamp=[0, inf]} %y = Transpose(%c) {perm=[0, 3, 1, 2]} output %y }",
     "Conv Relu"},
    {"conv_transpose",
     "graph { input %x : float32[1,3,4,2] const %w : float32[4,3,3,2] = random 1 const %b : float32[4] = random 2"
     " %y = ConvTranspose(%x, %w, %b) {strides=[2, 2], pads=[1, 0, 1, 1], output_padding=[1, 0]} output %y }",
     "Transpose ConvTranspose Transpose"},
    {"grouped_conv_transpose",
     "graph { input %x : float32[1,3,4,4] const %w : float32[6,3,3,2] = random 1"
     " %y = ConvTranspose(%x, %w) {groups=2, strides=[2, 2]} output %y }",
     "Transpose ConvTranspose Transpose"},
    {"pools",
     "graph { input %x : float32[1,2,7,7] %t = Transpose(%x) {perm=[0, 2, 3, 1]}"
     " %a = MaxPool(%t) {kernel=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1]}"
     " %b = AveragePool(%a) {kernel=[2, 2], count_include_pad=true, pads=[1, 1, 0, 0]}"
     " %y = Transpose(%b) {perm=[0, 3, 1, 2]} output %y }",
     "MaxPool AveragePool"},
    {"blocks",
     "graph { input %x : float32[1,4,4,8] %a = DepthToSpace(%x) {block=2} %b = SpaceToDepth(%a) {block=2}"
     " %y = DepthToSpace(%b) {block=2, order=crd} output %y }",
     "Transpose DepthToSpace SpaceToDepth DepthToSpace Transpose"},
    {"global_pool_to_class",
     "graph { input %x : float32[1,3,4,4] %t = Transpose(%x) {perm=[0, 2, 3, 1]} %m = ReduceMean(%t) {axes=[1, 2]}"
     " %f = Reshape(%m) {shape=[1, 3]} const %w : float32[5,3] = random 1 const %b : float32[5] = random 2"
     " %l = FullyConnected(%f, %w, %b) %y = Softmax(%l) {axis=1} output %y }",
     "GlobalAveragePool Reshape Gemm Softmax"},
    {"fully_connected_of_three_axes",
     "graph { input %x : float32[2,3,4] const %w : float32[5,4] = random 1 const %b : float32[5] = random 2"
     " %y = FullyConnected(%x, %w, %b) {clamp=[0, inf]} output %y }",
     "MatMul Add Relu"},
    {"matmul",
     "graph { input %a : float32[2,4,3] input %b : float32[2,5,4] %y = MatMul(%a, %b) {transpose_a=true, "
     "transpose_b=true}"
     " output %y }",
     "Transpose Transpose MatMul"},
    {"broadcast_in_channels_first",
     "graph { input %x : float32[1,3,4,5] input %v : float32[3] %t = Transpose(%x) {perm=[0, 2, 3, 1]} const %c : "
     "float32[1,1,1,3] = random 3"
     " const %s : float32[] = [0.5] %a = Mul(%t, %c) %b = Add(%a, %v) %d = Max(%b, %s) %p = PRelu(%d, %c)"
     " %y = Transpose(%p) {perm=[0, 3, 1, 2]} output %y }",
     "Mul Reshape Add Max PRelu"},
    {"concat_slice_pad_split_in_channels_first",
     "graph { input %x : float32[1,4,4,4] %t = Transpose(%x) {perm=[0, 2, 3, 1]}"
     " %a, %b = Split(%t) {axis=3, sizes=[1, 3]} %c = Concat(%b, %a) {axis=3}"
     " %s = Slice(%c) {starts=[1, -1], ends=[4, -5], axes=[1, 3], steps=[1, -2]}"
     " %p = Pad(%s) {pads=[0, 1, 0, 0, 0, 0, 2, 0], value=0.5} %y = Transpose(%p) {perm=[0, 3, 1, 2]} output %y }",
     "Split Concat Slice Pad"},
    {"resize",
     "graph { input %x : float32[1,3,4,2] %a = Resize(%x) {mode=linear, scales=[1, 2, 2, 1]}"
     " %b = Resize(%a) {sizes=[1, 7, 5, 2], coordinates=asymmetric, nearest=floor} output %b }",
     "Transpose Resize Resize Transpose"},
    {"resize_tf_half_pixel",
     "graph { input %x : float32[1,3,5,2] %y = Resize(%x) {sizes=[1, 7, 4, 2], coordinates=tf_half_pixel_for_nn, "
     "nearest=floor} output %y }",
     "Transpose Resize Transpose"},
    {"reshape_keeps_channels_first",
     "graph { input %x : float32[1,3,4,5] %t = Transpose(%x) {perm=[0, 2, 3, 1]} %r = Reshape(%t) {shape=[1, 20, 3]}"
     " %s = Sigmoid(%r) %y = Transpose(%s) {perm=[0, 2, 1]} output %y }",
     "Reshape Sigmoid"},
    {"reshape_needs_channels_last",
     "graph { input %x : float32[1,6,2,2] %t = Transpose(%x) {perm=[0, 2, 3, 1]} %y = Reshape(%t) {shape=[1, 8, 3]} "
     "output %y }",
     "Transpose Reshape"},
    {"channel_shuffle",
     "graph { input %x : float32[1,6,2,2] %t = Transpose(%x) {perm=[0, 2, 3, 1]} %a = Reshape(%t) {shape=[4, 2, 3]}"
     " %b = Transpose(%a) {perm=[0, 2, 1]} %c = Reshape(%b) {shape=[1, 2, 2, 6]}"
     " %y = Transpose(%c) {perm=[0, 3, 1, 2]} output %y }",
     "Reshape Transpose Reshape"},
    {"reductions",
     "graph { input %x : float32[2,3,4] %a = ReduceSum(%x) {axes=[1]} %b = ReduceMax(%a) {axes=[2], keep_dims=false}"
     " %c = ReduceL2(%b) output %c }",
     "ReduceSum ReduceMax ReduceL2"},
    {"arg_and_top",
     "graph { input %x : float32[1,7] %i = ArgMax(%x) {axis=1} : int32[1,1] %v, %w = TopK(%x) {k=3, axis=1} : "
     "float32[1,3], int32[1,3] output %i output %v output %w }",
     "ArgMax Cast TopK Cast"},
    {"normalizations",
     "graph { input %x : float32[1,4,4,6] const %s : float32[6] = random 1 const %b : float32[6] = random 2"
     " %l = LayerNorm(%x, %s, %b) {axis=3} %i = InstanceNorm(%l, %s, %b) {axis=3} %n = LpNorm(%i) {axis=3} %y = "
     "Lrn(%n) {axis=3, size=3} output %y }",
     "LayerNormalization Transpose InstanceNormalization LpNormalization LRN Transpose"},
    {"decomposed",
     "graph { input %x : float32[6] %a = Swish(%x) {alpha=1} %b = Square(%a) const %one : float32[] = [1] %c = Add(%b, "
     "%one) %y = Rsqrt(%c) output %y }",
     "Sigmoid Mul Mul Add Sqrt Reciprocal"},
    {"unary_numbers",
     "graph { input %x : float32[8] %a = LeakyRelu(%x) {alpha=0.2} %b = HardSigmoid(%a) {alpha=0.3, beta=0.4} %c = "
     "Selu(%b) {alpha=1.5, beta=1.1}"
     " %d = Clip(%c) {alpha=-inf, beta=0.7} %e = HardSwish(%d) %y = Gelu(%e) {alpha=1} output %y }",
     "LeakyRelu HardSigmoid Selu Clip HardSwish Gelu"},
    {"gather_and_one_hot",
     "graph { input %x : float32[3,4] const %i : int64[2] = [2, 0] %g = Gather(%x, %i) {axis=1} %c = CumSum(%g) "
     "{axis=0} %t = Tile(%c) {repeats=[1, 2]}"
     " %y = Expand(%t) {shape=[2, 3, 4]} output %y }",
     "Gather CumSum Tile Expand"},
    {"casts_and_logic",
     "graph { input %x : float32[4] const %h : float32[] = [0.1] %l = Less(%x, %h) %n = Not(%l) %w = Where(%n, %x, %h) "
     "%y = Cast(%w) {to=int32} output %y }",
     "Less Not Where Cast"},
};

INSTANTIATE_TEST_SUITE_P(Onnx, WrittenOperator, testing::ValuesIn(kCases),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(OnnxWriter, KeepsNamesShapesAndOrder) {
  const Graph graph = test::graph_of(
      "graph \"net\" { input %image : float32[1,3,4,4] input %gain : float32[1]"
      " %\"image@nhwc\" = Transpose(%image) {perm=[0, 2, 3, 1]} const %\"w@ohwi\" : float32[2,1,1,3] = random 1"
      " %\"conv_out@nhwc\" = Conv(%\"image@nhwc\", %\"w@ohwi\") name=\"stem\" %\"b@nhwc\" = Mul(%\"conv_out@nhwc\", "
      "%gain)"
      " %b = Transpose(%\"b@nhwc\") {perm=[0, 3, 1, 2]} output %b output %\"conv_out@nhwc\" }");
  const auto model = test::written(graph);
  const auto& file = model.graph();
  EXPECT_EQ(file.name(), "net");
  EXPECT_EQ(model.producer_name(), "quern");
  EXPECT_EQ(model.ir_version(), 8);
  EXPECT_EQ(model.opset_import(0).version(), 17);
  ASSERT_EQ(file.input_size(), 2);
  EXPECT_EQ(file.input(0).name(), "image");
  EXPECT_EQ(file.input(0).type().tensor_type().shape().dim(1).dim_value(), 3);
  ASSERT_EQ(file.output_size(), 2);
  EXPECT_EQ(file.output(0).name(), "b");
  EXPECT_EQ(file.output(1).name(), "conv_out@nhwc");
  EXPECT_EQ(file.node(0).name(), "stem");
  EXPECT_EQ(file.node(0).output(0), "conv_out");
  EXPECT_EQ(file.initializer(0).name(), "w");
  EXPECT_EQ(test::types_of(model), "Conv Mul Transpose");
}

TEST(OnnxWriter, GivesScalesOfAResizeOnlyWhereEveryReaderGetsTheSizeFromThem) {
  const char* text = "graph {{ input %x : float32[1,6,6,2] %y = Resize(%x) {{{}}} output %y }}";
  const auto inputs_of = [text](const char* attrs) {
    return test::written(test::graph_of(fmt::format(fmt::runtime(text), attrs))).graph().node(1).input_size();
  };
  EXPECT_EQ(inputs_of("scales=[1, 2, 1.5, 1]"), 3);
  EXPECT_EQ(inputs_of("sizes=[1, 7, 9, 2]"), 4);  // 6 * float(7 / 6) is 7 in float, and below 7 in double
}

TEST(OnnxWriter, GivesOutAnInputAndAConstant) {
  const Graph graph =
      test::graph_of("graph { input %x : float32[2] const %c : float32[2] = [1, 2] output %x output %c }");
  const auto model = test::written(graph);
  EXPECT_EQ(model.graph().output(0).name(), "x");
  EXPECT_EQ(model.graph().output(1).name(), "c");
}

TEST(OnnxWriter, RefusesMirroringMoreThanTheEdge) {
  const Graph graph = test::graph_of(
      "graph { input %x : float32[4] %y = Pad(%x) {mode=symmetric, pads=[2, 0]} name=\"mirror\" output %y }");
  const auto bytes = write_onnx(graph);
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().code, ErrorCode::unsupported);
  EXPECT_TRUE(bytes.error().message.starts_with("Pad 'mirror': it mirrors more than one element"))
      << bytes.error().message;
}

}  // namespace
}  // namespace quern
