// What is said of tensors: names, types, sizes, quantization.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/half.h"
#include "read/tflite_builder.h"

namespace quern::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Type = tfl::TensorType;

/// A file whose one operator adds constant `b` to the input, so that `b` is looked at.
struct Added : TfliteBuilder {
  int x = input("x", {2});
  int b = -1;
  int y = -1;
  Result<Graph> result() {
    y = tensor("y", {2});
    op(Builtin::ADD, {x, b}, {y});
    return read({y});
  }
};

TEST(TfliteTensors, ConstantsKeepNameShapeAndData) {
  Added file;
  file.b = file.constant<float>("b", {2}, {1.5f, -2}, Type::FLOAT32);
  const auto graph = file.result();
  ASSERT_TRUE(graph.ok()) << message(graph);
  const Value& b = graph->value(graph->find("b"));
  ASSERT_TRUE(b.constant.has_value());
  EXPECT_EQ(b.shape, (Shape{2}));
  EXPECT_THAT(b.constant->data<float>(), ElementsAre(1.5f, -2));
}

TEST(TfliteTensors, HalfConstantsBecomeFloat) {
  Added file;
  file.b = file.constant<uint16_t>("b", {2}, {float_to_half(0.5f), float_to_half(-3)}, Type::FLOAT16);
  const auto graph = file.result();
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(graph->value(graph->find("b")).constant->data<float>(), ElementsAre(0.5f, -3));
}

TEST(TfliteTensors, DequantizedHalfIsTheConstant) {
  TfliteBuilder file;
  const int x = file.input("x", {1});
  const int half = file.constant<uint16_t>("half", {1}, {float_to_half(2)}, Type::FLOAT16);
  const int wide = file.tensor("wide", {1});
  const int y = file.tensor("y", {1});
  file.op(Builtin::DEQUANTIZE, {half}, {wide});
  file.op(Builtin::ADD, {x, wide}, {y});
  const auto graph = file.read({y});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(graph->ops.size(), 1u);
  EXPECT_EQ(graph->find("half"), kNoValue);
  EXPECT_THAT(graph->value(graph->find("wide")).constant->data<float>(), ElementsAre(2));
}

TEST(TfliteTensors, EmptyAndRepeatedNamesGetTheirOwn) {
  TfliteBuilder file;
  const int x = file.input("", {1});
  const int a = file.tensor("same", {1});
  const int b = file.tensor("same", {1});
  file.op(Builtin::RELU, {x}, {a});
  file.op(Builtin::RELU, {a}, {b});
  const auto graph = file.read({b});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(graph->value(graph->inputs[0]).name, "tensor_0");
  EXPECT_NE(graph->value(graph->ops[0].outputs[0]).name, graph->value(graph->ops[1].outputs[0]).name);
  EXPECT_THAT(graph->origin.notes, ElementsAre(HasSubstr("2 tensors")));
}

TEST(TfliteTensors, UnprintableNamesAreMended) {
  TfliteBuilder file;
  const int x = file.input("bad\xff\nname", {1});
  const int y = file.tensor("gr\xc3\xbcn", {1});
  file.op(Builtin::RELU, {x}, {y});
  const auto graph = file.read({y});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(graph->value(graph->inputs[0]).name, "bad??name");
  EXPECT_EQ(graph->value(graph->outputs[0]).name, "gr\xc3\xbcn");
}

TEST(TfliteTensors, QuantizationIsKeptAndScaleZeroIsNone) {
  TfliteBuilder file;
  const int x = file.input("x", {1}, Type::UINT8);
  file.quantize(x, {0.5f}, {128});
  const int y = file.tensor("y", {1}, Type::UINT8);
  file.quantize(y, {0.0f}, {0});
  file.op(Builtin::QUANTIZE, {x}, {y});
  const auto graph = file.read({y});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(graph->value(graph->inputs[0]).quantization, (Quantization{{0.5f}, {128}, 0}));
  EXPECT_TRUE(graph->value(graph->outputs[0]).quantization.empty());
}

TEST(TfliteTensors, AxisOfAOneDimensionalTensorIsZeroWithANote) {
  Added file;
  file.b = file.constant<int32_t>("b", {2}, {1, 2}, Type::INT32);
  file.quantize(file.b, {0.5f, 0.25f}, {0, 0}, 3);
  const auto graph = file.result();
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(graph->value(graph->find("b")).constant->quantization.axis, 0);
  EXPECT_THAT(graph->origin.notes, ElementsAre(HasSubstr("axis 0 was taken")));
}

TEST(TfliteTensors, SignatureOfAnInputIsANote) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 4});
  file.at(x).shape_signature = {-1, 4};
  const int y = file.tensor("y", {1, 4});
  file.op(Builtin::RELU, {x}, {y});
  const auto graph = file.read({y});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(graph->value(graph->inputs[0]).shape, (Shape{1, 4}));
  EXPECT_THAT(graph->origin.notes, ElementsAre(HasSubstr("read as 1x4")));
}

// Every way in which tensor `b` is refused, and what the sentence says.
struct Refused {
  const char* what;
  void (*bend)(Added&);
  ErrorCode code;
  const char* says;
};

class TfliteTensorRefused : public testing::TestWithParam<Refused> {};

TEST_P(TfliteTensorRefused, BySentence) {
  Added file;
  file.b = file.constant<float>("b", {2}, {1, 2}, Type::FLOAT32);
  GetParam().bend(file);
  const auto graph = file.result();
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, GetParam().code) << message(graph);
  EXPECT_THAT(message(graph), HasSubstr(GetParam().says));
  EXPECT_THAT(message(graph), HasSubstr("tensor 1 'b'"));
  EXPECT_EQ(graph.error().kind, "ADD");
  EXPECT_EQ(graph.error().op, "y");
  EXPECT_EQ(graph.error().file, "hand.tflite");
}

constexpr auto kInvalid = ErrorCode::invalid_file;
constexpr auto kUnsupported = ErrorCode::unsupported;
const float kNaN = std::numeric_limits<float>::quiet_NaN();

void quantized(Added& f, std::vector<float> scales, std::vector<int64_t> zeros, int axis = 0) {
  f.at(f.b).type = Type::INT32;
  f.quantize(f.b, std::move(scales), std::move(zeros), axis);
}

const Refused kRefused[] = {
    {"int4", [](Added& f) { f.at(f.b).type = Type::INT4; }, kUnsupported, "INT4"},
    {"int2", [](Added& f) { f.at(f.b).type = Type::INT2; }, kUnsupported, "INT2"},
    {"string", [](Added& f) { f.at(f.b).type = Type::STRING; }, kUnsupported, "STRING"},
    {"resource", [](Added& f) { f.at(f.b).type = Type::RESOURCE; }, kUnsupported, "RESOURCE"},
    {"variant", [](Added& f) { f.at(f.b).type = Type::VARIANT; }, kUnsupported, "VARIANT"},
    {"complex", [](Added& f) { f.at(f.b).type = Type::COMPLEX64; }, kUnsupported, "COMPLEX64"},
    {"bfloat16", [](Added& f) { f.at(f.b).type = Type::BFLOAT16; }, kUnsupported, "BFLOAT16"},
    {"unknown_type", [](Added& f) { f.at(f.b).type = static_cast<Type>(99); }, kInvalid, "99"},
    {"variable", [](Added& f) { f.at(f.b).is_variable = true; }, kUnsupported, "variable"},
    {"sparse", [](Added& f) { f.at(f.b).sparsity = std::make_unique<tfl::SparsityT>(); }, kUnsupported, "sparse"},
    {"other_file", [](Added& f) { f.at(f.b).external_buffer = 2; }, kUnsupported, "external buffer 2"},
    {"behind", [](Added& f) { f.model.buffers[1]->offset = 4096; }, kUnsupported, "behind the flatbuffer"},
    {"no_buffer", [](Added& f) { f.at(f.b).buffer = 7; }, kInvalid, "buffer 7 does not exist"},
    {"too_long", [](Added& f) { f.at(f.b).shape = {3}; }, kInvalid, "holds 8 bytes"},
    {"overflow",
     [](Added& f) {
       f.at(f.b).shape = {1 << 30, 1 << 30, 1 << 30};
     },
     kInvalid, "holds data, but"},
    {"negative", [](Added& f) { f.at(f.b).shape = {-2}; }, kInvalid, "extent of -2"},
    {"open", [](Added& f) { f.at(f.b).shape = {-1}; }, kInvalid, "not fixed"},
    {"rank", [](Added& f) { f.at(f.b).shape = {1, 1, 1, 1, 1, 1, 1, 1, 2}; }, kUnsupported, "9 axes"},
    {"scale", [](Added& f) { quantized(f, {-1}, {0}); }, kInvalid, "scale -1"},
    {"scale_nan", [](Added& f) { quantized(f, {kNaN}, {0}); }, kInvalid, "scale nan"},
    {"scale_zero",
     [](Added& f) {
       quantized(f, {1, 0}, {0, 0});
     },
     kUnsupported, "2 scales is 0"},
    {"counts",
     [](Added& f) {
       quantized(f, {1, 1}, {0, 0, 0});
     },
     kInvalid, "2 scales but 3 zero points"},
    {"too_many",
     [](Added& f) {
       quantized(f, {1, 1, 1}, {0, 0, 0});
     },
     kInvalid, "3 scales along axis 0"},
    {"zero_point", [](Added& f) { quantized(f, {1}, {int64_t{1} << 40}); }, kInvalid, "zero point"},
    {"scheme",
     [](Added& f) {
       quantized(f, {1}, {0});
       f.at(f.b).quantization->details_type = tfl::QuantizationDetails::BlockwiseQuantization;
     },
     kUnsupported, "BlockwiseQuantization"},
};

INSTANTIATE_TEST_SUITE_P(Tensors, TfliteTensorRefused, testing::ValuesIn(kRefused),
                         [](const auto& tried) { return tried.param.what; });

TEST(TfliteTensors, HalfActivationsAreRefused) {
  TfliteBuilder file;
  file.input("x", {1}, Type::FLOAT16);
  EXPECT_THAT(message(file.read({0})), HasSubstr("'x' is computed in float16"));
}

TEST(TfliteTensors, OneBufferNamedAgainAndAgainIsBounded) {
  TfliteBuilder file;
  const int first = file.floats("b", {1 << 20});
  int last = file.input("x", {1});
  for (int i = 0; i < 200; ++i) {
    const int copy = file.tensor("b", {1 << 20});
    file.at(copy).buffer = file.at(first).buffer;
    const int sum = file.tensor("sum", {1 << 20});
    file.op(Builtin::ADD, {last, copy}, {sum});
    last = sum;
  }
  const auto graph = file.read({last});
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, ErrorCode::out_of_memory);
}

}  // namespace
}  // namespace quern::test
