// Small graphs, float and int8, through a TFLite file and back: the operators expected, the same numbers.
#include <gtest/gtest.h>

#include "write/tflite_round_trip.h"

namespace quern {
namespace {

struct Case {
  const char* name;
  const char* text;       ///< the graph
  const char* operators;  ///< of the file
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

class TfliteOperator : public testing::TestWithParam<Case> {};

TEST_P(TfliteOperator, ComesBackWithTheSameNumbers) {
  const Graph graph = test::graph_of(GetParam().text);
  EXPECT_EQ(test::operators_of(test::written_tflite(graph)), GetParam().operators);
  const auto back = test::tflite_read_back(graph);
  ASSERT_TRUE(back.ok()) << back.error().message;
  test::expect_same_behaviour(graph, *back);
}

constexpr Case kFloat[] = {
    {"conv_same",
     "graph { input %x : float32[1,5,6,3] const %w : float32[4,3,3,3] = random 1 const %b : float32[4] = random 2"
     " %y = Conv(%x, %w, %b) {pads=[1, 1, 1, 1], clamp=[0, 6]} output %y }",
     "CONV_2D"},
    {"conv_padded_as_neither",
     "graph { input %x : float32[1,6,6,3] const %w : float32[4,3,3,3] = random 1"
     " %y = Conv(%x, %w) {strides=[2, 2], pads=[1, 1, 1, 1]} output %y }",
     "PAD CONV_2D"},
    {"conv_padded_at_the_top",
     "graph { input %x : float32[1,5,6,3] const %w : float32[4,3,2,3] = random 1"
     " %y = Conv(%x, %w) {strides=[2, 1], pads=[0, 1, 1, 0]} output %y }",
     "PAD CONV_2D"},
    {"conv_dilated",
     "graph { input %x : float32[1,9,9,2] const %w : float32[4,3,3,2] = random 1 %y = Conv(%x, %w) {dilations=[2, 3]} "
     "output %y }",
     "CONV_2D"},
    {"grouped_conv",
     "graph { input %x : float32[1,4,4,6] const %w : float32[4,1,1,3] = random 1 %y = Conv(%x, %w) {groups=2} output "
     "%y }",
     "CONV_2D"},
    {"depthwise",
     "graph { input %x : float32[1,5,5,3] const %w : float32[6,3,3,1] = random 1 const %b : float32[6] = random 2"
     " %y = Conv(%x, %w, %b) {groups=3, clamp=[0, inf]} output %y }",
     "DEPTHWISE_CONV_2D"},
    {"conv_transpose",
     "graph { input %x : float32[1,3,4,2] const %w : float32[4,3,3,2] = random 1 const %b : float32[4] = random 2"
     " %y = ConvTranspose(%x, %w, %b) {strides=[2, 2], pads=[1, 0, 1, 1], output_padding=[1, 0]} output %y }",
     "TRANSPOSE_CONV SLICE"},
    {"conv_transpose_whole",
     "graph { input %x : float32[1,3,4,2] const %w : float32[4,2,2,2] = random 1"
     " %y = ConvTranspose(%x, %w) {strides=[2, 2]} output %y }",
     "TRANSPOSE_CONV"},
    {"pools",
     "graph { input %x : float32[1,7,7,2] %a = MaxPool(%x) {kernel=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1]}"
     " %b = AveragePool(%a) {kernel=[2, 2], count_include_pad=true, pads=[1, 1, 0, 0]} output %b }",
     "MAX_POOL_2D PAD AVERAGE_POOL_2D"},
    {"pools_of_the_inside",
     "graph { input %x : float32[1,8,8,2] %a = AveragePool(%x) {kernel=[3, 3], pads=[1, 1, 1, 1]}"
     " %b = MaxPool(%a) {kernel=[2, 2], strides=[2, 2]} output %b }",
     "AVERAGE_POOL_2D MAX_POOL_2D"},
    {"blocks",
     "graph { input %x : float32[1,4,4,8] %a = DepthToSpace(%x) {block=2} %b = SpaceToDepth(%a) {block=2}"
     " %y = DepthToSpace(%b) {block=2, order=crd} output %y }",
     "DEPTH_TO_SPACE SPACE_TO_DEPTH RESHAPE TRANSPOSE RESHAPE"},
    {"global_pool_to_class",
     "graph { input %x : float32[1,4,4,3] %m = ReduceMean(%x) {axes=[1, 2], keep_dims=false}"
     " const %w : float32[5,3] = random 1 const %b : float32[5] = random 2 %l = FullyConnected(%m, %w, %b)"
     " %y = Softmax(%l) {axis=1} output %y }",
     "MEAN FULLY_CONNECTED SOFTMAX"},
    {"fully_connected_of_three_axes",
     "graph { input %x : float32[2,3,4] const %w : float32[5,4] = random 1 %y = FullyConnected(%x, %w) {clamp=[0, "
     "inf]} output %y }",
     "FULLY_CONNECTED"},
    {"matmul",
     "graph { input %a : float32[2,4,3] input %b : float32[2,5,4] %y = MatMul(%a, %b) {transpose_a=true, "
     "transpose_b=true, clamp=[0, inf]} output %y }",
     "BATCH_MATMUL RELU"},
    {"clamps_that_no_activation_has",
     "graph { input %x : float32[1,4] const %c : float32[4] = random 1 %a = Add(%x, %c) {clamp=[-0.5, 0.5]}"
     " %y = Mul(%a, %c) {clamp=[-inf, 0.25]} output %y }",
     "ADD MAXIMUM MINIMUM MUL MINIMUM"},
    {"binary",
     "graph { input %x : float32[1,2,2,3] const %c : float32[3] = random 3 %a = Sub(%x, %c) {clamp=[-1, 1]}"
     " %b = Div(%a, %c) %d = Max(%b, %c) %e = Min(%d, %x) %f = PRelu(%e, %c) output %f }",
     "SUB DIV MAXIMUM MINIMUM PRELU"},
    {"comparisons",
     "graph { input %x : float32[4] const %h : float32[] = [0.1] %l = Less(%x, %h) %n = Not(%l) %w = Where(%n, %x, %h) "
     "%y = Cast(%w) {to=int32} output %y }",
     "LESS LOGICAL_NOT SELECT_V2 CAST"},
    {"unary",
     "graph { input %x : float32[8] %a = LeakyRelu(%x) {alpha=0.2} %b = HardSwish(%a) %c = Clip(%b) {alpha=0, beta=6}"
     " %d = Clip(%c) {alpha=0.1, beta=0.7} %e = Tanh(%d) %f = Exp(%e) %g = Log(%f) %h = Gelu(%g) {alpha=1}"
     " %i = Elu(%h) {alpha=1} %y = Abs(%i) output %y }",
     "LEAKY_RELU HARD_SWISH RELU6 MAXIMUM MINIMUM TANH EXP LOG GELU ELU ABS"},
    {"unary_in_pieces",
     "graph { input %x : float32[8] %a = Swish(%x) {alpha=1} %b = HardSigmoid(%a) {alpha=0.3, beta=0.4} %y = Mish(%b) "
     "output %y }",
     "LOGISTIC MUL MUL ADD MAXIMUM MINIMUM ABS NEG EXP ADD LOG RELU ADD TANH MUL"},
    {"reductions",
     "graph { input %x : float32[2,3,4] %a = ReduceSum(%x) {axes=[1]} %b = ReduceMax(%a) {axes=[2], keep_dims=false}"
     " %c = ReduceMean(%b) output %c }",
     "SUM REDUCE_MAX MEAN"},
    {"arg_and_top",
     "graph { input %x : float32[1,7] %i = ArgMax(%x) {axis=1} : int64[1,1] %v, %w = TopK(%x) {k=3, axis=1} : "
     "float32[1,3], int64[1,3] output %i output %v output %w }",
     "ARG_MAX RESHAPE TOPK_V2 CAST"},
    {"along_an_axis_that_is_not_the_last",
     "graph { input %x : float32[1,3,4,2] %a = Softmax(%x) {axis=1} %b = LpNorm(%a) {axis=3} %y = Lrn(%b) {axis=3, "
     "size=3} output %y }",
     "TRANSPOSE SOFTMAX TRANSPOSE L2_NORMALIZATION LOCAL_RESPONSE_NORMALIZATION"},
    {"moves",
     "graph { input %x : float32[1,4,4,4] %a, %b = Split(%x) {axis=3, sizes=[1, 3]} %c = Concat(%b, %a) {axis=3}"
     " %s = Slice(%c) {starts=[1, -1], ends=[4, -5], axes=[1, 3], steps=[1, -2]}"
     " %p = Pad(%s) {pads=[0, 1, 0, 0, 0, 0, 2, 0], value=0.5} %q = Pad(%p) {pads=[0, 1, 0, 0, 0, 0, 2, 0], "
     "mode=reflect}"
     " %t = Transpose(%q) {perm=[0, 3, 1, 2]} output %t }",
     "SPLIT_V CONCATENATION STRIDED_SLICE PADV2 MIRROR_PAD TRANSPOSE"},
    {"equal_parts_and_a_slice",
     "graph { input %x : float32[1,4,6] %a, %b = Split(%x) {axis=2, sizes=[3, 3]} %c = Slice(%a) {starts=[1], "
     "ends=[3], "
     "axes=[1]} output %b output %c }",
     "SPLIT SLICE"},
    {"gather_and_repeat",
     "graph { input %x : float32[3,4] const %i : int64[2] = [2, -4] %g = Gather(%x, %i) {axis=1} %c = CumSum(%g) "
     "{axis=0} %t = Tile(%c) {repeats=[1, 2]} %y = Expand(%t) {shape=[2, 3, 4]} output %y }",
     "GATHER CUMSUM TILE BROADCAST_TO"},
    {"resizes",
     "graph { input %x : float32[1,3,4,2] %a = Resize(%x) {mode=linear, scales=[1, 2, 2, 1]}"
     " %b = Resize(%a) {sizes=[1, 7, 5, 2], coordinates=asymmetric, nearest=floor}"
     " %c = Resize(%b) {sizes=[1, 14, 10, 2]} %d = Resize(%c) {mode=linear, sizes=[1, 5, 5, 2], "
     "coordinates=align_corners} output %d }",
     "RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR RESIZE_NEAREST_NEIGHBOR RESIZE_BILINEAR"},
};

INSTANTIATE_TEST_SUITE_P(Float, TfliteOperator, testing::ValuesIn(kFloat),
                         [](const auto& row) { return std::string(row.param.name); });

constexpr Case kInteger[] = {
    {"conv",
     "graph { input %x : int8[1,5,5,3] quant(0.01, 3) const %w : int8[2,3,3,3] quant(axis=0, scales=[0.01, 0.02], "
     "zero_points=[0, 0]) = random 4"
     " const %b : int32[2] quant(axis=0, scales=[0.0001, 0.0002], zero_points=[0, 0]) = [100, -50]"
     " %y = Conv(%x, %w, %b) {clamp=[0, inf]} : int8[1,3,3,2] quant(0.02, -128) output %y }",
     "CONV_2D"},
    {"conv_behind_a_pad_of_zero_points",
     "graph { input %x : int8[1,6,6,3] quant(0.01, 3) const %w : int8[2,3,3,3] quant(0.01, 0) = random 4"
     " %y = Conv(%x, %w) {strides=[2, 2], pads=[1, 1, 1, 1]} : int8[1,3,3,2] quant(0.02, 5) output %y }",
     "PAD CONV_2D"},
    {"depthwise_uint8",
     "graph { input %x : uint8[1,4,4,4] quant(0.1, 100) const %w : uint8[4,3,3,1] quant(0.01, 120) = random 1 const "
     "%b : int32[4] quant(0.001, 0) = random 2"
     " %y = Conv(%x, %w, %b) {groups=4, pads=[1, 1, 1, 1], clamp=[0, 6]} : uint8[1,4,4,4] quant(0.0235, 0) output %y "
     "}",
     "DEPTHWISE_CONV_2D"},
    {"uint8_with_int8_weights",
     "graph { input %x : uint8[1,4] quant(0.1, 130) const %w : int8[3,4] quant(0.01, 0) = random 1 const %b : int32[3] "
     "quant(0.001, 0) = random 2 %y = FullyConnected(%x, %w, %b) : uint8[1,3] quant(0.05, 3) output %y }",
     "QUANTIZE FULLY_CONNECTED QUANTIZE"},
    {"transposed_convolution",
     "graph { input %x : int8[1,3,3,4] quant(0.1, 0) const %w : int8[2,3,3,4] quant(axis=0, scales=[0.1, 0.2], "
     "zero_points=[0, 0]) = random 1 const %b : int32[2] quant(axis=0, scales=[0.01, 0.02], zero_points=[0, 0]) = "
     "random 2"
     " %y = ConvTranspose(%x, %w, %b) {strides=[2, 2], pads=[1, 1, 1, 1]} : int8[1,5,5,2] quant(1.5, 1) output %y }",
     "TRANSPOSE_CONV SLICE"},
    {"arithmetic",
     "graph { input %x : int8[1,2,2,3] quant(0.1, 0) input %z : int8[1,2,2,3] quant(0.05, 7) const %k : "
     "int8[1,1,1,3] quant(0.01, 0) = random 3"
     " %a = Add(%x, %z) {clamp=[0, inf]} : int8[1,2,2,3] quant(0.08, -128) %m = Mul(%a, %k) : int8[1,2,2,3] "
     "quant(0.1, 1) %y = Sub(%m, %x) : int8[1,2,2,3] quant(0.1, 1) output %y }",
     "ADD MUL SUB"},
    {"a_clamp_that_codes_make_one_of_tflites",
     "graph { input %x : int8[4] quant(0.1, 0) const %k : int8[4] quant(0.1, 0) = random 3 %y = Add(%x, %k) {clamp=[0, "
     "8]} : int8[4] quant(0.03125, -128) output %y }",
     "ADD"},
    {"a_clamp_of_codes",
     "graph { input %x : int8[4] quant(0.1, 0) const %k : int8[4] quant(0.1, 0) = random 3 %y = Add(%x, %k) "
     "{clamp=[-1.5, 2.5]} : int8[4] quant(0.1, 0) output %y }",
     "ADD MAXIMUM MINIMUM"},
    {"maximum_of_two_scales",
     "graph { input %x : int8[4] quant(0.1, 0) input %z : int8[4] quant(0.2, 5) %y = Max(%x, %z) : int8[4] quant(0.2, "
     "5) output %y }",
     "QUANTIZE MAXIMUM"},
    {"concat_of_two_scales",
     "graph { input %x : int8[4] quant(0.1, 0) input %z : int8[4] quant(0.2, 5) %y = Concat(%x, %z) {axis=0} : int8[8] "
     "quant(0.2, 5) output %y }",
     "DEQUANTIZE QUANTIZE CONCATENATION"},
    {"concat_of_two_scales_uint8",
     "graph { input %x : uint8[4] quant(0.1, 0) input %z : uint8[4] quant(0.2, 5) %y = Concat(%x, %z) {axis=0} : "
     "uint8[8] quant(0.2, 5) output %y }",
     "CONCATENATION"},
    {"fixed_scales",
     "graph { input %x : int8[1,6] quant(0.1, 2) %a = Sigmoid(%x) : int8[1,6] quant(0.00390625, -128)"
     " %b = Tanh(%x) : int8[1,6] quant(0.0078125, 0) %c = Softmax(%x) {axis=1} : int8[1,6] quant(0.00390625, -128)"
     " output %a output %b output %c }",
     "LOGISTIC TANH SOFTMAX"},
    {"other_scales_than_the_kernels",
     "graph { input %x : int8[1,6] quant(0.1, 2) %a = Sigmoid(%x) : int8[1,6] quant(0.01, 0) output %a }",
     "DEQUANTIZE LOGISTIC QUANTIZE"},
    {"no_integer_kernel",
     "graph { input %x : int8[1,6] quant(0.1, 2) input %z : int8[1,6] quant(0.2, 0) %y = Div(%x, %z) : int8[1,6] "
     "quant(0.05, 0) output %y }",
     "DEQUANTIZE DEQUANTIZE DIV QUANTIZE"},
    {"moves",
     "graph { input %x : int8[1,4,4,2] quant(0.1, 5) %p = MaxPool(%x) {kernel=[3, 3], strides=[2, 2], pads=[1, 1, 1, "
     "1]} : int8[1,2,2,2] quant(0.1, 5)"
     " %r = Resize(%p) {scales=[1, 2, 2, 1]} : int8[1,4,4,2] quant(0.1, 5) %q = Pad(%r) {pads=[0, 1, 0, 0, 0, 0, 0, "
     "0], value=1} : int8[1,5,4,2] quant(0.1, 5)"
     " %s = Slice(%q) {starts=[0], ends=[3], axes=[1]} : int8[1,3,4,2] quant(0.1, 5)"
     " %f = Reshape(%s) {shape=[1, 24]} : int8[1,24] quant(0.1, 5) output %f }",
     "PADV2 MAX_POOL_2D RESIZE_NEAREST_NEIGHBOR PADV2 SLICE RESHAPE"},
    {"max_pool_to_another_scale",
     "graph { input %x : int8[1,4,4,2] quant(0.1, 5) %p = MaxPool(%x) {kernel=[2, 2], strides=[2, 2]} : int8[1,2,2,2] "
     "quant(0.2, 0) output %p }",
     "MAX_POOL_2D QUANTIZE"},
    {"means",
     "graph { input %x : int8[1,4,4,2] quant(0.1, 5) %a = AveragePool(%x) {kernel=[2, 2], strides=[2, 2]} : "
     "int8[1,2,2,2] quant(0.1, 5) %b = AveragePool(%a) {kernel=[2, 2]} : int8[1,1,1,2] quant(0.05, 1)"
     " %y = ReduceMean(%x) {axes=[1, 2]} : int8[1,1,1,2] quant(0.03, 1) output %b output %y }",
     "AVERAGE_POOL_2D MEAN MEAN"},
    {"real_edges",
     "graph { input %x : float32[1,4] %q = Quantize(%x) : int8[1,4] quant(0.1, 3) const %w : int8[3,4] quant(0.01, 0) "
     "= random 1 %c = FullyConnected(%q, %w) : int8[1,3] quant(0.05, 3) %y = Dequantize(%c) output %y }",
     "QUANTIZE FULLY_CONNECTED DEQUANTIZE"},
};

INSTANTIATE_TEST_SUITE_P(Integer, TfliteOperator, testing::ValuesIn(kInteger),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace quern
