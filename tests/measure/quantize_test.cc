#include "quern/quantize.h"

#include <gtest/gtest.h>

#include <cmath>

#include "graph/infer.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "quern/compile.h"
#include "quern/session.h"

namespace quern {
namespace {

Model model_of(const std::string& text) {
  auto graph = parse_text("graph \"test\" {\n" + text + "}\n");
  EXPECT_TRUE(graph.ok() && infer(*graph).ok() && verify(*graph).ok());
  return {*std::move(graph), {}};
}

/// A depthwise network with channels of very different strength.
Model small_network() {
  return model_of(R"(
    input %x : float32[1,8,8,3]
    const %w : float32[8,3,3,3] = random 1
    const %wb : float32[8] = [0.1, -0.2, 0.3, 0, 0, 0, 0.5, -0.5]
    const %d : float32[8,3,3,1] = random 2
    const %v : float32[4,1,1,8] = random 3
    %a = Conv(%x, %w, %wb) {pads=[1,1,1,1], clamp=[0, 6]}
    %b = Conv(%a, %d) {pads=[1,1,1,1], groups=8}
    %c = LeakyRelu(%b) {alpha=0.1}
    %y = Conv(%c, %v)
    output %y
  )");
}

Tensor sample(int64_t seed) {
  Tensor tensor = *Tensor::make(DType::float32, {1, 8, 8, 3});
  auto values = tensor.mutable_data<float>();
  auto state = static_cast<uint32_t>(seed * 7919 + 1);
  for (float& v : values) {
    state = state * 1664525U + 1013904223U;
    v = static_cast<float>(state >> 8) / 16777216.0F;
  }
  return tensor;
}

CalibrationData data(int64_t count) {
  return {count, [](int64_t i) -> Result<std::vector<Tensor>> { return std::vector<Tensor>{sample(i)}; }};
}

std::vector<float> run(const Model& model, const Tensor& input) {
  auto compiled = compile(model);
  EXPECT_TRUE(compiled.ok()) << compiled.error().message;
  auto session = Session::create(*compiled);
  EXPECT_TRUE(session.ok()) << session.error().message;
  const auto outputs = session->run({input});
  const auto values = (*outputs)[0].data<float>();
  return {values.begin(), values.end()};
}

double sqnr_db(const Model& reference, const Model& candidate) {
  double signal = 0;
  double noise = 0;
  for (int64_t i = 100; i < 110; ++i) {
    const auto r = run(reference, sample(i));
    const auto q = run(candidate, sample(i));
    for (size_t k = 0; k < r.size(); ++k) signal += r[k] * r[k], noise += (r[k] - q[k]) * (r[k] - q[k]);
  }
  return 10 * std::log10(signal / noise);
}

DType type_of(const Model& model, const std::string& name) {
  const ValueId id = model.graph().find(name);
  return id == kNoValue ? DType::float32 : model.graph().value(id).dtype;
}

TEST(Quantize, StoresNamedValuesIn16Bits) {
  QuantizeOptions options;
  const auto narrow = quantize(small_network(), data(12), options);
  options.int16 = {"x|a|c|y"};
  const auto wide = quantize(small_network(), data(12), options);
  ASSERT_TRUE(narrow.ok() && wide.ok());
  EXPECT_EQ(type_of(wide->model, "a"), DType::int16);
  EXPECT_EQ(type_of(narrow->model, "a"), DType::int8);
  EXPECT_EQ(type_of(wide->model, "b"), DType::float32) << "Conv and LeakyRelu are computed together";
  EXPECT_GT(sqnr_db(small_network(), wide->model), sqnr_db(small_network(), narrow->model) + 3);
}

TEST(Quantize, RefusesAnInt16PatternThatNothingMatches) {
  QuantizeOptions options;
  options.int16 = {"Softmax"};
  const auto result = quantize(small_network(), data(12), options);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(result.error().message.find("--int16 Softmax"), std::string::npos);
}

TEST(Quantize, StaysCloseToTheFloatModelOnUnseenSamples) {
  const auto result = quantize(small_network(), data(12), {});
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_GT(sqnr_db(small_network(), result->model), 30);
  EXPECT_EQ(result->samples, 12);
  EXPECT_FALSE(result->methods.empty());
}

TEST(Quantize, TellsWhatEachMethodGave) {
  const auto result = quantize(small_network(), data(12), {});
  ASSERT_TRUE(result.ok());
  std::vector<std::string> names;
  for (const MethodRow& row : result->methods) names.push_back(row.name);
  EXPECT_EQ(names, (std::vector<std::string>{"calibration", "equalize", "absorb", "bias-correct", "round", "search"}));
  for (size_t i = 1; i + 1 < names.size(); ++i)
    EXPECT_EQ(result->methods[i].sqnr_db_before, result->methods[i - 1].sqnr_db_after);
  EXPECT_EQ(result->methods.back().sqnr_db_after, result->outputs[0].sqnr_db);
}

TEST(Quantize, TriesOnlyWhatIsAsked) {
  QuantizeOptions options;
  options.calibration = Calibration::minmax;
  options.equalize = options.absorb = options.correct_bias = options.round = false;
  const auto result = quantize(small_network(), data(12), options);
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->methods.size(), 1);
  EXPECT_EQ(result->methods[0].sqnr_db_before, result->methods[0].sqnr_db_after);
}

TEST(Quantize, GivesTheSameModelWhateverTheThreads) {
  QuantizeOptions one;
  one.threads = 1;
  QuantizeOptions three;
  three.threads = 3;
  const auto a = quantize(small_network(), data(12), one);
  const auto b = quantize(small_network(), data(12), three);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(graph_text(a->model), graph_text(b->model));
}

TEST(Quantize, ComputesMatrixOperatorsInIntegers) {
  const auto result = quantize(small_network(), data(2), {});
  ASSERT_TRUE(result.ok());
  int integer = 0;
  for (const OperatorInfo& op : result->model.operators()) {
    if (op.kind != "Conv") continue;
    for (const ValueInfo& value : result->model.values()) {
      if (value.name == op.inputs[1]) integer += value.dtype == DType::int8 ? 1 : 0;
    }
  }
  EXPECT_EQ(integer, 3);
}

TEST(Quantize, GivesTheSameModelForTheSameSamples) {
  const auto a = quantize(small_network(), data(12), {});
  const auto b = quantize(small_network(), data(12), {});
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(graph_text(a->model), graph_text(b->model));
}

TEST(Quantize, KeepsTheModelsInterface) {
  const auto result = quantize(small_network(), data(2), {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->model.inputs()[0].name, "x");
  EXPECT_EQ(result->model.inputs()[0].dtype, DType::float32);
  EXPECT_EQ(result->model.outputs()[0].name, "y");
  EXPECT_EQ(result->model.outputs()[0].dtype, DType::float32);
}

TEST(Quantize, KeepsNamedOperatorsFloat) {
  QuantizeOptions options;
  options.keep_float = {"Conv"};
  const auto result = quantize(small_network(), data(2), options);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_GT(sqnr_db(small_network(), result->model), 30);
}

TEST(Quantize, RefusesNoSamples) {
  const auto result = quantize(small_network(), data(0), {});
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("no samples"), std::string::npos);
}

TEST(Quantize, RefusesNumbersThatAreNone) {
  const CalibrationData broken{1, [](int64_t) -> Result<std::vector<Tensor>> {
                                 Tensor tensor = sample(1);
                                 tensor.mutable_data<float>()[5] = std::nanf("");
                                 return std::vector<Tensor>{tensor};
                               }};
  const auto result = quantize(small_network(), broken, {});
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("not a number"), std::string::npos);
}

TEST(Quantize, RefusesARegularExpressionThatIsNone) {
  QuantizeOptions options;
  options.keep_float = {"("};
  EXPECT_FALSE(quantize(small_network(), data(2), options).ok());
}

TEST(Quantize, RefusesWideActivations) {
  QuantizeOptions options;
  options.activations = DType::int32;
  EXPECT_FALSE(quantize(small_network(), data(2), options).ok());
}

}  // namespace
}  // namespace quern
