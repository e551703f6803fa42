// Refusals: a file each, the code it must give, and what the sentence says.
#include "read/tflite_one_op.h"

namespace quern::test {
namespace {

struct Refusal {
  const char* what;
  Result<Graph> (*read)();
  ErrorCode code;
  const char* says;
};

class TfliteOperatorRefused : public testing::TestWithParam<Refusal> {};

TEST_P(TfliteOperatorRefused, BySentence) {
  const auto graph = GetParam().read();
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, GetParam().code) << message(graph);
  EXPECT_THAT(message(graph), HasSubstr(GetParam().says));
  EXPECT_EQ(graph.error().op, "y");
  EXPECT_FALSE(graph.error().kind.empty());
}

constexpr auto kInvalid = ErrorCode::invalid_file;
constexpr auto kUnsupported = ErrorCode::unsupported;

Result<Graph> conv_with(std::vector<int> weights, tfl::Conv2DOptionsT options) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 8, 8, 4});
  return one(file, Builtin::CONV_2D, {x, file.floats("w", std::move(weights))}, {}, options);
}

Result<Graph> quantized_conv(int axis) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 8, 8, 4}, Type::INT8);
  file.quantize(x, {1}, {0});
  const int w = file.bytes_of("w", {4, 3, 3, 4});
  file.quantize(w, {1, 1, 1, 1}, {0, 0, 0, 0}, axis);
  return one(file, Builtin::CONV_2D, {x, w}, {}, conv_options());
}

const Refusal kRefusals[] = {
    {"hybrid_conv",
     [] {
       TfliteBuilder file;
       const int x = file.input("x", {1, 8, 8, 4});
       return one(file, Builtin::CONV_2D, {x, file.bytes_of("w", {4, 3, 3, 4})}, {}, conv_options());
     },
     kUnsupported, "dynamic-range"},
    {"hybrid_fully_connected",
     [] {
       TfliteBuilder file;
       return one(file, Builtin::FULLY_CONNECTED, {file.input("x", {1, 4}), file.bytes_of("w", {2, 4})}, {});
     },
     kUnsupported, "dynamic-range"},
    {"shuffled_weights",
     [] {
       TfliteBuilder file;
       tfl::FullyConnectedOptionsT options;
       options.weights_format = tfl::WeightsFormat::SHUFFLED4x16INT8;
       return one(file, Builtin::FULLY_CONNECTED, {file.input("x", {1, 4}), file.floats("w", {2, 4})}, {}, options);
     },
     kUnsupported, "shuffled"},
    {"no_stride",
     [] {
       return conv_with({4, 3, 3, 4}, tfl::Conv2DOptionsT());
     },
     kInvalid, "stride is 0"},
    {"dilation",
     [] {
       auto options = conv_options();
       options.dilation_h = -1;
       return conv_with({4, 3, 3, 4}, options);
     },
     kInvalid, "dilation is -1"},
    {"padding",
     [] {
       return conv_with({4, 3, 3, 4}, conv_options(static_cast<tfl::Padding>(7)));
     },
     kInvalid, "neither SAME nor VALID"},
    {"activation",
     [] {
       auto options = conv_options();
       options.activation = tfl::Activation::TANH;
       return conv_with({4, 3, 3, 4}, options);
     },
     kUnsupported, "TANH"},
    {"weights_rank",
     [] {
       return conv_with({4, 3, 12}, conv_options());
     },
     kInvalid, "3 axes; they must have 4"},
    {"weights_axis", [] { return quantized_conv(3); }, kInvalid, "along axis 3; they must be along axis 0"},
    {"multiplier",
     [] {
       TfliteBuilder file;
       const int x = file.input("x", {1, 4, 4, 2});
       return one(file, Builtin::DEPTHWISE_CONV_2D, {x, file.floats("w", {1, 3, 3, 5})}, {}, depthwise_options(2));
     },
     kInvalid, "depth multiplier 2 does not divide 5"},
    {"axes_from_data",
     [] {
       TfliteBuilder file;
       const int x = file.input("x", {4, 4});
       return one(file, Builtin::TRANSPOSE, {x, file.input("perm", {2}, Type::INT32)}, {});
     },
     kUnsupported, "permutation come from the data"},
    {"axes_of_floats",
     [] {
       TfliteBuilder file;
       return one(file, Builtin::TRANSPOSE, {file.input("x", {4, 4}), file.floats("perm", {2})}, {});
     },
     kInvalid, "must be int32 or int64"},
    {"permutation",
     [] {
       TfliteBuilder file;
       return one(file, Builtin::TRANSPOSE, {file.input("x", {4, 4}), file.ints("perm", {1, 1})}, {});
     },
     kInvalid, "permutation of 2 axes is none"},
    {"paddings",
     [] {
       TfliteBuilder file;
       return one(file, Builtin::PAD, {file.input("x", {4}), file.ints("pads", {1, 2})}, {});
     },
     kInvalid, "must be axes x 2"},
    {"negative_padding",
     [] {
       TfliteBuilder file;
       return one(file, Builtin::PAD, {file.input("x", {4}), file.constant<int>("pads", {1, 2}, {1, -2}, Type::INT32)},
                  {});
     },
     kInvalid, "padding -2 on axis 0 is negative"},
    {"stride_zero", [] { return strided({0}, {1}, {0}, {}); }, kInvalid, "stride on axis 0 is 0"},
    {"slice_lists",
     [] {
       return strided({0, 0}, {1}, {1}, {});
     },
     kInvalid, "2 begins, 1 ends and 1 strides"},
    {"batch_dims",
     [] {
       TfliteBuilder file;
       tfl::GatherOptionsT options;
       options.batch_dims = 1;
       const int x = file.input("x", {2, 4});
       return one(file, Builtin::GATHER, {x, file.ints("indices", {0, 1})}, {}, options);
     },
     kUnsupported, "batch_dims is 1"},
    {"both_corners",
     [] {
       TfliteBuilder file;
       tfl::ResizeBilinearOptionsT options;
       options.align_corners = options.half_pixel_centers = true;
       const int x = file.input("x", {1, 4, 4, 1});
       return one(file, Builtin::RESIZE_BILINEAR, {x, file.ints("extents", {8, 8})}, {}, options);
     },
     kInvalid, "only one of them can hold"},
    {"quantized_compound",
     [] {
       TfliteBuilder file;
       const int x = file.input("x", {2}, Type::INT8);
       file.quantize(x, {1}, {0});
       const int y = file.tensor("y", {2}, Type::INT8);
       file.quantize(y, {1}, {0});
       file.op(Builtin::SQUARED_DIFFERENCE, {x, x}, {y});
       return file.read({y});
     },
     kUnsupported, "computes it in float only"},
    {"pack_count",
     [] {
       TfliteBuilder file;
       tfl::PackOptionsT options;
       options.values_count = 3;
       return one(file, Builtin::PACK, {file.input("x", {2})}, {}, options);
     },
     kInvalid, "packs 3 values, but has 1 inputs"},
    {"softmax_beta",
     [] {
       TfliteBuilder file;
       tfl::SoftmaxOptionsT options;
       options.beta = std::numeric_limits<float>::quiet_NaN();
       return one(file, Builtin::SOFTMAX, {file.input("x", {2})}, {}, options);
     },
     kInvalid, "beta is nan"},
};

INSTANTIATE_TEST_SUITE_P(Operators, TfliteOperatorRefused, testing::ValuesIn(kRefusals),
                         [](const auto& tried) { return tried.param.what; });

}  // namespace
}  // namespace quern::test
