// Each rule of lint: a tiny model that it finds fault with, and one that it does not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>
#include <sstream>

#include "graph/infer.h"
#include "graph/text.h"
#include "quern/quantize.h"
#include "support/assets.h"

namespace quern {
namespace {

Graph graph_of(const std::string& text) {
  auto graph = parse_text("graph \"tiny\" {\n" + text + "}\n");
  EXPECT_TRUE(graph.ok()) << (graph.ok() ? "" : graph.error().message);
  const Status inferred = infer(*graph);
  EXPECT_TRUE(inferred.ok()) << (inferred.ok() ? "" : inferred.error().message);
  return *std::move(graph);
}

std::vector<LintFinding> findings_of(const Graph& graph, const CalibrationData* data = nullptr,
                                     const LintOptions& options = {}) {
  const auto found = lint(Model(graph, {}), data, options);
  EXPECT_TRUE(found.ok()) << (found.ok() ? "" : found.error().message);
  return found.ok() ? *found : std::vector<LintFinding>();
}

/// The finding of a rule, or nothing.
std::optional<LintFinding> finding(const std::string& rule, const std::vector<LintFinding>& all) {
  const auto found = std::ranges::find(all, rule, &LintFinding::rule);
  return found == all.end() ? std::nullopt : std::optional(*found);
}

void expect_only(const std::string& rule, LintLevel level, const std::string& op, const std::string& value,
                 const std::vector<LintFinding>& all) {
  ASSERT_EQ(all.size(), 1U) << (all.empty() ? "nothing"
                                            : all[0].message + (all.size() > 1 ? " | " + all[1].message : ""));
  EXPECT_EQ(all[0].rule, rule);
  EXPECT_EQ(all[0].level, level);
  EXPECT_EQ(all[0].op, op);
  EXPECT_EQ(all[0].value, value);
  EXPECT_FALSE(all[0].message.empty());
  EXPECT_FALSE(all[0].advice.empty());
}

/// Samples of uniform numbers between two bounds.
CalibrationData uniform(const Shape& shape, float low, float high, int64_t count = 4) {
  return {count, [=](int64_t index) -> Result<std::vector<Tensor>> {
            std::mt19937 random(static_cast<uint32_t>(index));
            Tensor tensor = *Tensor::make(DType::float32, shape);
            for (float& v : tensor.mutable_data<float>())
              v = low + (high - low) * static_cast<float>(random() % 10000) / 10000;
            return std::vector<Tensor>{tensor};
          }};
}

Tensor& constant(Graph& graph, const std::string& name) {
  return *graph.value(graph.find(name)).constant;
}

constexpr const char* kConv = R"(
  input %x : float32[1,8,8,3]
  const %w : float32[4,3,3,3] = random 1
  const %b : float32[4] = random 2
  %y = Conv(%x, %w, %b) {pads=[1, 1, 1, 1], clamp=[0, inf]}
  output %y
)";

TEST(Lint, FindsNothingInASoundModel) {
  const CalibrationData data = uniform({1, 8, 8, 3}, -1, 1);
  EXPECT_TRUE(findings_of(graph_of(kConv), &data).empty());
}

TEST(Lint, NotAFloatModel) {
  const Graph none = graph_of(R"(
  input %x : float32[1,4]
  %y = Relu(%x)
  output %y
)");
  expect_only("not-a-float-model", LintLevel::error, "tiny", "", findings_of(none));
}

TEST(Lint, DynamicShape) {
  const auto open = parse_text(R"(graph "open" {
  input %x : float32[1,?,?,3]
  const %w : float32[4,3,3,3] = random 1
  %y = Conv(%x, %w)
  output %y
})");
  ASSERT_TRUE(open.ok());
  expect_only("dynamic-shape", LintLevel::error, "x", "2 open extents", findings_of(*open));
}

TEST(Lint, UnusedInput) {
  const Graph idle = graph_of(std::string("  input %idle : float32[1]\n") + kConv);
  expect_only("unused-input", LintLevel::warning, "idle", "no readers", findings_of(idle));
}

TEST(Lint, ConstantOutput) {
  const Graph fixed = graph_of(std::string(kConv) + R"(
  const %c : float32[2] = random 3
  %same = Relu(%c)
  output %same
)");
  expect_only("constant-output", LintLevel::warning, "same", "constant", findings_of(fixed));
}

TEST(Lint, NotFiniteWeights) {
  Graph broken = graph_of(kConv);
  constant(broken, "w").mutable_data<float>()[5] = NAN;
  const auto all = findings_of(broken);
  ASSERT_TRUE(finding("not-finite-weights", all));
  EXPECT_EQ(finding("not-finite-weights", all)->value, "1 of 108 numbers");
  EXPECT_NE(finding("not-finite-weights", all)->message.find("index 5"), std::string::npos);
  // An open bound is infinite and means it.
  const Graph bound = graph_of(std::string(kConv) + R"(
  %z = Clip(%y) {alpha=0, beta=inf}
  output %z
)");
  EXPECT_FALSE(finding("not-finite-weights", findings_of(bound)));
}

TEST(Lint, DoubleSoftmax) {
  constexpr const char* kTwice = R"(
  input %x : float32[1,6]
  const %w : float32[4,6] = random 1
  %logits = FullyConnected(%x, %w)
  %once = Softmax(%logits) {axis=1}
  %flat = Reshape(%once) {shape=[4]}
  %twice = Softmax(%flat) {axis=0}
  output %twice
)";
  expect_only("double-softmax", LintLevel::warning, "twice", "Softmax of Softmax", findings_of(graph_of(kTwice)));
  // Two of them with a matrix operator between are attention, not a mistake.
  const Graph attention = graph_of(R"(
  input %x : float32[1,6]
  const %w : float32[4,6] = random 1
  const %v : float32[5,4] = random 2
  %logits = FullyConnected(%x, %w)
  %once = Softmax(%logits) {axis=1}
  %next = FullyConnected(%once, %v)
  %scores = Softmax(%next) {axis=1}
  output %scores
)");
  EXPECT_FALSE(finding("double-softmax", findings_of(attention)));
}

constexpr const char* kBranches = R"(
  input %x : float32[1,8,8,3]
  const %w1 : float32[4,1,1,3] = random 1
  const %w2 : float32[4,1,1,3] = random 2
  const %w3 : float32[4,1,1,8] = random 3
)";

TEST(Lint, ActivationAfterConcat) {
  const Graph late = graph_of(std::string(kBranches) + R"(
  %a = Conv(%x, %w1)
  %b = Conv(%x, %w2)
  %both = Concat(%a, %b) {axis=3}
  %act = Relu(%both)
  %y = Conv(%act, %w3)
  output %y
)");
  expect_only("activation-after-concat", LintLevel::warning, "act", "Relu behind Concat", findings_of(late));
  const Graph early = graph_of(std::string(kBranches) + R"(
  %a = Conv(%x, %w1) {clamp=[0, inf]}
  %b = Conv(%x, %w2) {clamp=[0, inf]}
  %both = Concat(%a, %b) {axis=3}
  %y = Conv(%both, %w3)
  output %y
)");
  EXPECT_TRUE(findings_of(early).empty());
}

TEST(Lint, JoinedScores) {
  const Graph tail = graph_of(std::string(kBranches) + R"(
  %boxes = Conv(%x, %w1)
  %logits = Conv(%x, %w2)
  %scores = Sigmoid(%logits)
  %both = Concat(%boxes, %scores) {axis=3}
  output %both
)");
  // At the model's end Quern keeps it in float; before a matrix operator it is stored.
  expect_only("joined-scores", LintLevel::note, "both", "1 scores, 1 others", findings_of(tail));
  const Graph body = graph_of(std::string(kBranches) + R"(
  %boxes = Conv(%x, %w1)
  %logits = Conv(%x, %w2)
  %scores = Sigmoid(%logits)
  %both = Concat(%boxes, %scores) {axis=3}
  %y = Conv(%both, %w3)
  output %y
)");
  ASSERT_TRUE(finding("joined-scores", findings_of(body)));
  EXPECT_EQ(finding("joined-scores", findings_of(body))->level, LintLevel::warning);
}

TEST(Lint, WideChannelWeights) {
  Graph wide = graph_of(kConv);
  for (size_t i = 0; i < 27; ++i) constant(wide, "w").mutable_data<float>()[i] *= 1e-4F;
  const auto per_channel = findings_of(wide);
  ASSERT_TRUE(finding("wide-channel-weights", per_channel));
  EXPECT_EQ(finding("wide-channel-weights", per_channel)->level, LintLevel::note);
  EXPECT_NE(finding("wide-channel-weights", per_channel)->message.find("1 of 4 channels"), std::string::npos);
  LintOptions one_scale;
  one_scale.weights_per_channel = false;
  EXPECT_EQ(finding("wide-channel-weights", findings_of(wide, nullptr, one_scale))->level, LintLevel::warning);
}

TEST(Lint, ConstantChannels) {
  Graph dead = graph_of(kConv);
  for (size_t i = 27; i < 54; ++i) constant(dead, "w").mutable_data<float>()[i] = 0;
  expect_only("constant-channels", LintLevel::note, "y", "1 of 4 channels", findings_of(dead));
}

TEST(Lint, ConstantChannelsThatOnlyDataShows) {
  Graph dead = graph_of(kConv);
  for (float& bias : constant(dead, "b").mutable_data<float>()) bias = -1000;
  EXPECT_FALSE(finding("constant-channels", findings_of(dead)));
  const CalibrationData data = uniform({1, 8, 8, 3}, -1, 1);
  ASSERT_TRUE(finding("constant-channels", findings_of(dead, &data)));
  EXPECT_EQ(finding("constant-channels", findings_of(dead, &data))->level, LintLevel::warning);
}

TEST(Lint, NoIntegerKernel) {
  const auto with = [](const std::string& middle) {
    return findings_of(graph_of(std::string(kBranches) + R"(
  %a = Conv(%x, %w1)
  %b = Conv(%x, %w2)
  const %w4 : float32[4,1,1,4] = random 4
  %m = )" + middle + R"((%a, %b)
  %y = Conv(%m, %w4)
  output %y
)"));
  };
  expect_only("no-integer-kernel", LintLevel::note, "m", "1 Div", with("Div"));
  EXPECT_TRUE(with("Add").empty());
}

constexpr const char* kNormed = R"(
  input %x : float32[1,8,8,3]
  const %w : float32[4,3,3,3] = random 1
  const %scale : float32[4] = random 2
  const %shift : float32[4] = random 3
  const %mean : float32[4] = random 4
  const %variance : float32[4] = random 5
  %c = Conv(%x, %w) {pads=[1, 1, 1, 1]}
  %y = BatchNorm(%c, %scale, %shift, %mean, %variance) {axis=3}
  output %y
)";

/// Running statistics as training on inputs of -1..1 would have left them.
Graph normed() {
  Graph graph = graph_of(kNormed);
  const auto weights = constant(graph, "w").data<float>();
  for (size_t c = 0; c < 4; ++c) {
    float variance = 0;
    for (size_t i = 0; i < 27; ++i) variance += weights[27 * c + i] * weights[27 * c + i] / 3;
    constant(graph, "mean").mutable_data<float>()[c] = 0;
    constant(graph, "variance").mutable_data<float>()[c] = variance;
  }
  return graph;
}

TEST(Lint, InputMismatchByBatchNorm) {
  const CalibrationData bytes = uniform({1, 8, 8, 3}, 0, 255);
  const auto wrong = finding("input-mismatch", findings_of(normed(), &bytes));
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->op, "y");
  EXPECT_NE(wrong->message.find("from 0..255 to -1..1"), std::string::npos) << wrong->message;
  const CalibrationData right = uniform({1, 8, 8, 3}, -1, 1);
  EXPECT_TRUE(findings_of(normed(), &right).empty());
}

/// Six layers whose outputs vary as much as their biases, for inputs of -1..1.
Graph biased() {
  std::string text = "  input %x0 : float32[1,8,8,3]\n";
  for (int i = 0; i < 6; ++i) {
    text += "  const %w" + std::to_string(i) + " : float32[8,3,3," + (i == 0 ? "3" : "8") + "] = random " +
            std::to_string(i + 1) + "\n  const %b" + std::to_string(i) + " : float32[8] = random " +
            std::to_string(i + 20) + "\n  %x" + std::to_string(i + 1) + " = Conv(%x" + std::to_string(i) + ", %w" +
            std::to_string(i) + ", %b" + std::to_string(i) + ") {pads=[1, 1, 1, 1], clamp=[0, inf]}\n";
  }
  Graph graph = graph_of(text + "  output %x6\n");
  for (int i = 0; i < 6; ++i) {
    const float fan = i == 0 ? 27 : 72;
    for (float& w : constant(graph, "w" + std::to_string(i)).mutable_data<float>()) w *= 2.4F / std::sqrt(fan);
    for (float& b : constant(graph, "b" + std::to_string(i)).mutable_data<float>()) b *= 0.8F;
  }
  return graph;
}

TEST(Lint, InputMismatchByBiases) {
  const Graph graph = biased();
  const CalibrationData right = uniform({1, 8, 8, 3}, -1, 1);
  EXPECT_FALSE(finding("input-mismatch", findings_of(graph, &right)));
  const CalibrationData bytes = uniform({1, 8, 8, 3}, 0, 255);
  const auto wrong = finding("input-mismatch", findings_of(graph, &bytes));
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->op, "x1");
  EXPECT_NE(wrong->message.find("with the input"), std::string::npos);
  const CalibrationData tiny = uniform({1, 8, 8, 3}, -1 / 255.0F, 1 / 255.0F);
  EXPECT_TRUE(finding("input-mismatch", findings_of(graph, &tiny)));
}

TEST(Lint, InputMismatchIsNotClaimedWithoutAFormThatFits) {
  // Trained without batch normalization: biases are nothing beside the sums, whatever the input is multiplied by.
  Graph graph = biased();
  for (int i = 0; i < 6; ++i) {
    for (float& b : constant(graph, "b" + std::to_string(i)).mutable_data<float>()) b *= 1e-6F;
  }
  const CalibrationData data = uniform({1, 8, 8, 3}, -1, 1);
  EXPECT_FALSE(finding("input-mismatch", findings_of(graph, &data)));
}

TEST(Lint, InputRange) {
  const CalibrationData data = uniform({1, 8, 8, 3}, 0, 1);
  LintOptions options;
  options.expected = ExpectedInput{0, 255, "task 'yunet'"};
  const auto narrow = finding("input-range", findings_of(graph_of(kConv), &data, options));
  ASSERT_TRUE(narrow);
  EXPECT_NE(narrow->message.find("task 'yunet' makes 0 to 255"), std::string::npos) << narrow->message;
  options.expected = ExpectedInput{-1, 0, "task"};
  EXPECT_TRUE(finding("input-range", findings_of(graph_of(kConv), &data, options)));
  options.expected = ExpectedInput{0, 1, "task"};
  EXPECT_FALSE(finding("input-range", findings_of(graph_of(kConv), &data, options)));
}

TEST(Lint, SameSamples) {
  const CalibrationData source = uniform({1, 8, 8, 3}, -1, 1);
  const CalibrationData same{3, [&](int64_t) { return source.read(0); }};
  expect_only("same-samples", LintLevel::warning, "", "3 samples", findings_of(graph_of(kConv), &same));
  const CalibrationData flat = uniform({1, 8, 8, 3}, 0.5, 0.5, 1);
  const auto all = findings_of(graph_of(kConv), &flat);
  ASSERT_TRUE(finding("same-samples", all));
  EXPECT_EQ(finding("same-samples", all)->op, "x");
}

TEST(Lint, WideConcat) {
  Graph graph = graph_of(std::string(kBranches) + R"(
  %a = Conv(%x, %w1)
  %b = Conv(%x, %w2)
  %both = Concat(%a, %b) {axis=3}
  %y = Conv(%both, %w3)
  output %y
)");
  const CalibrationData data = uniform({1, 8, 8, 3}, -1, 1);
  EXPECT_TRUE(findings_of(graph, &data).empty());
  for (float& w : constant(graph, "w1").mutable_data<float>()) w *= 100;
  const auto wide = finding("wide-concat", findings_of(graph, &data));
  ASSERT_TRUE(wide);
  EXPECT_EQ(wide->op, "both");
}

TEST(Lint, HugeBias) {
  Graph graph = graph_of(kConv);
  const CalibrationData data = uniform({1, 8, 8, 3}, -1, 1);
  constant(graph, "b").mutable_data<float>()[0] = 1e6F;
  const auto huge = finding("huge-bias", findings_of(graph, &data));
  ASSERT_TRUE(huge);
  EXPECT_NE(huge->message.find("1 of 4 biases"), std::string::npos) << huge->message;
}

TEST(Lint, HealthyModelsRaiseNoWarning) {
  for (const char* file :
       {"classification/mobilenet_v1_0.25_224_imagenet.onnx", "classification/mobilenet_v2_0.5_128_2class_float.onnx",
        "classification/squeezenet_v1.1_caffe.onnx", "nanodet/nanodet_m_416.onnx", "nanodet/fastestdet.onnx",
        "face/yunet_n_320_320.onnx", "face/ultraface_RFB-320_simplified.onnx", "face/blazeface_front_fp32.tflite",
        "misc/mlperf_tiny_vww96_fp32.tflite", "misc/mlperf_tiny_resnet8_cifar10_fp32.tflite"}) {
    QUERN_ASSET_OR_SKIP(path, file);
    Model model = *load_model(path);
    for (const ValueInfo& input : model.inputs()) {
      Shape shape = input.shape;
      if (shape[0] >= 0) continue;
      shape[0] = 1;
      model = *model.with_shape(input.name, shape);
    }
    const auto found = lint(model, nullptr);
    ASSERT_TRUE(found.ok()) << file << ": " << found.error().message;
    for (const LintFinding& finding : *found)
      EXPECT_EQ(finding.level, LintLevel::note) << file << ": " << finding.rule << ": " << finding.message;
  }
}

TEST(Lint, EveryRuleIsInTheDocs) {
  std::ifstream file("docs/lint.md");  // tests run in the root of the sources
  std::stringstream text;
  text << file.rdbuf();
  for (const LintRule& rule : lint_rules()) {
    const std::string row = std::string("| `") + rule.name + "` | " + to_string(rule.level) + " | " +
                            (rule.needs_data ? "data" : "model") + " | " + rule.finds + " | " + rule.advice + " |";
    EXPECT_NE(text.str().find(row), std::string::npos) << "docs/lint.md lacks the row\n" << row;
  }
}

}  // namespace
}  // namespace quern
