#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quern/quantize.h"

namespace quern {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// As published with a board, apart from comments.
constexpr const char* kSeed = R"(
# the basics
input_type: INPUT_TYPE_ONNX
output_type: OUTPUT_TYPE_JOINT
target_hardware: TARGET_HARDWARE_AX620
cpu_backend_settings {
    onnx_setting {
        mode: DISABLED
    }
    axe_setting {
        mode: ENABLED
        axe_param {
            optimize_slim_model: true
        }
    }
}
src_input_tensors {
    color_space: TENSOR_COLOR_SPACE_RGB
}
dst_input_tensors {
    color_space: TENSOR_COLOR_SPACE_RGB
}
neuwizard_conf {
    operator_conf {
        input_conf_items {
            attributes {
                input_modifications {
                    affine_preprocess {
                        slope: 1
                        slope_divisor: 255
                        bias: 0
                    }
                }
                input_modifications {
                    input_normalization {
                        mean: [0.485,0.456,0.406]  ## in the order of src_input_tensors.color_space
                        std: [0.229,0.224,0.255]
                    }
                }
            }
        }
    }
    dataset_conf_calibration {
        path: "imagenet-1k-images-rgb.tar" # a comment
        type: DATASET_TYPE_TAR
        size: 256
        batch_size: 1
}
}
pulsar_conf {
    ax620_virtual_npu: AX620_VIRTUAL_NPU_MODE_111
    batch_size: 1
}
)";

ValueInfo value(const std::string& name, Shape shape) {
  ValueInfo info;
  info.name = name;
  info.shape = std::move(shape);
  return info;
}

Ax620Model model(Shape input = {1, 3, 224, 224}) {
  return {"onnx", {value("data", std::move(input))}, {value("prob", {1, 1000})}};
}

Result<Ax620Request> request(const std::string& text, const Ax620Model& of = model(),
                             const Ax620Overrides& overrides = {}) {
  const auto config = Ax620Config::parse(text, "dir/c.prototxt");
  if (!config.ok()) return config.status();
  return config->request(of, overrides);
}

std::string complaint(const std::string& text, const Ax620Model& of = model()) {
  const auto asked = request(text, of);
  return asked.ok() ? "" : asked.error().message;
}

/// `change` in the place of an input's modifications.
std::string prepared(const std::string& change) {
  return "neuwizard_conf { operator_conf { input_conf_items { attributes { " + change + " } } } }";
}

TEST(Ax620, ReadsTheSeed) {
  const auto asked = request(kSeed);
  ASSERT_TRUE(asked.ok()) << asked.error().message;
  EXPECT_THAT(asked->data, ElementsAre("dir/imagenet-1k-images-rgb.tar"));
  EXPECT_EQ(asked->samples, 256);
  EXPECT_EQ(asked->preprocess.fit, Fit::stretch);
  EXPECT_EQ(asked->preprocess.filter, Filter::bilinear);
  EXPECT_EQ(asked->preprocess.order, Order::rgb);
  EXPECT_THAT(asked->preprocess.mean, ElementsAre(123.675, 116.28, 103.53));
  EXPECT_THAT(asked->preprocess.std_dev, ElementsAre(58.395, 57.12, 65.025));
  EXPECT_FALSE(asked->calibration.has_value());
  EXPECT_FALSE(asked->compare_layers);
}

TEST(Ax620, SaysWhatHasNoEffect) {
  const auto asked = request(kSeed);
  ASSERT_TRUE(asked.ok());
  EXPECT_THAT(asked->notes, ElementsAre(HasSubstr("target_hardware, cpu_backend_settings, pulsar_conf are for")));
}

TEST(Ax620, TakesEveryWayOfWriting) {
  const auto asked = request(R"(
    src_input_tensors: { color_space: TENSOR_COLOR_SPACE_RGB tensor_layout:NCHW }
    dst_input_tensors: { color_space: TENSOR_COLOR_SPACE_RGB }
    neuwizard_conf: { operator_conf: { input_conf_items: { attributes: {
      input_modifications: { input_normalization: { mean: 1 mean: 2 mean: 3 std: [4, 5, 6] } } } } }
      dataset_conf_calibration { path: 'a.tar' calibration_strategy: CALIB_STRATEGY_PER_TENSOR
                                 observer_method: OBSVR_METHOD_MSE_CLIPPING }
      evaluation_conf { path: "neuwizard.evaluator.error_measure_evaluator" type: EVALUATION_TYPE_ERROR_MEASURE
                        source_ir_types: IR_TYPE_ONNX ir_types: IR_TYPE_LAVA score_compare_per_layer: true } }
  )");
  ASSERT_TRUE(asked.ok()) << asked.error().message;
  EXPECT_THAT(asked->preprocess.mean, ElementsAre(1, 2, 3));
  EXPECT_THAT(asked->preprocess.std_dev, ElementsAre(4, 5, 6));
  EXPECT_FALSE(asked->weights_per_channel);
  EXPECT_EQ(asked->calibration, Calibration::mse);
  EXPECT_TRUE(asked->compare_layers);
}

TEST(Ax620, StepsArePutTogetherInTheOrderWritten) {
  // ((x * 2 / 4 + 3 / 6) - 10) / 5 = (x - 19) / 10
  const auto asked = request(prepared(R"(
    input_modifications { affine_preprocess { slope: 2 slope_divisor: 4 bias: 3 bias_divisor: 6 } }
    input_modifications { input_normalization { mean: 10 std: 5 } })"));
  ASSERT_TRUE(asked.ok()) << asked.error().message;
  EXPECT_THAT(asked->preprocess.mean, ElementsAre(19));
  EXPECT_THAT(asked->preprocess.std_dev, ElementsAre(10));
}

TEST(Ax620, ASilentConfigurationMeansBytesInBgr) {
  const auto asked = request("");
  ASSERT_TRUE(asked.ok());
  EXPECT_EQ(asked->preprocess.order, Order::bgr);
  EXPECT_THAT(asked->preprocess.mean, ElementsAre(0));
  EXPECT_THAT(asked->preprocess.std_dev, ElementsAre(1));
  EXPECT_EQ(request("", model({1, 1, 32, 32}))->preprocess.order, Order::gray);
}

TEST(Ax620, UnknownWordsAreNamedWithTheirPlace) {
  EXPECT_THAT(complaint("\n  pulsar_cnf {}"), HasSubstr("line 2, column 14 of 'dir/c.prototxt': there is no field "
                                                        "'pulsar_cnf' here; did you mean 'pulsar_conf'?"));
  EXPECT_THAT(complaint("input_type: INPUT_TYPE_ONX"), HasSubstr("did you mean 'INPUT_TYPE_ONNX'?"));
  EXPECT_THAT(complaint("pulsar_conf { batch_size: many }"), HasSubstr("line 1"));
  EXPECT_THAT(complaint("input_path: 5"), HasSubstr("xpected string"));
  EXPECT_THAT(complaint("input_path: \"a\" input_path: \"b\""), HasSubstr("multiple times"));
  EXPECT_THAT(complaint("pulsar_conf {"), HasSubstr("line 1"));
}

TEST(Ax620, RefusesWhatItCannotDoByFieldAndLine) {
  const std::pair<const char*, const char*> rows[] = {
      {"output_type: OUTPUT_TYPE_SUPERNET", "output_type OUTPUT_TYPE_SUPERNET"},
      {"output_path: 'a.joint'", "output_path 'dir/a.joint': the joint format"},
      {"src_input_tensors { color_space: TENSOR_COLOR_SPACE_NV12 }", "color_space TENSOR_COLOR_SPACE_NV12"},
      {"dst_output_tensors { data_type: INT8 }", "data_type INT8: outputs are FLOAT32"},
      {"dst_input_tensors { data_type: INT4 }", "data_type INT4"},
      {"dst_output_tensors { quantization_value: 128 }", "quantization_value 128"},
      {"dst_input_tensors { tensor_layout: NHWC }", "tensor_layout NHWC: 'data' is NCHW"},
      {"pulsar_conf { ax620_virtual_npu: AX620_VIRTUAL_NPU_MODE_112 }", "AI-ISP"},
      {"neuwizard_conf { task_conf { task_strategy: TASK_STRATEGY_SUPERNET } }", "task_conf searches widths"},
      {"neuwizard_conf { evaluation_conf { path: 'x' } }", "path 'x'"},
      {"neuwizard_conf { dataset_conf_calibration { dataset_conf_items { path: 'x' } } }",
       "dataset_conf_items is a tar"},
      {"neuwizard_conf { operator_conf { output_conf_items { attributes { output_modifications { } } } } }",
       "output_modifications would change"},
      {"neuwizard_conf { operator_conf { operator_conf_items { attributes { weight_type: INT4 } } } }",
       "weight_type INT4"},
      {"neuwizard_conf { operator_conf { operator_conf_items { attributes { input_feature_type: UINT4 } } } }",
       "input_feature_type UINT4"},
  };
  for (const auto& [text, sentence] : rows) {
    const auto asked = request(std::string("\n") + text);
    ASSERT_FALSE(asked.ok()) << text;
    EXPECT_EQ(asked.error().code, ErrorCode::unsupported) << text;
    EXPECT_THAT(asked.error().message, testing::StartsWith("line 2 of 'dir/c.prototxt': ")) << text;
    EXPECT_THAT(asked.error().message, HasSubstr(sentence));
  }
}

TEST(Ax620, FindsContradictions) {
  const std::pair<std::string, const char*> rows[] = {
      {"pulsar_conf { virtual_npu: VIRTUAL_NPU_MODE_0 ax620_virtual_npu: AX620_VIRTUAL_NPU_MODE_0 }", "exclude each"},
      {"target_hardware: TARGET_HARDWARE_AX630 pulsar_conf { ax620_virtual_npu: AX620_VIRTUAL_NPU_MODE_0 }",
       "is not for TARGET_HARDWARE_AX630"},
      {"target_hardware: TARGET_HARDWARE_AX620 pulsar_conf { virtual_npu: VIRTUAL_NPU_MODE_0 }",
       "is not for TARGET_HARDWARE_AX620"},
      {"pulsar_conf { batch_size: 0 }", "batch_size 0 is below 1"},
      {"pulsar_conf { batch_size: [1, 2] batch_size_option: BSO_STATIC }", "BSO_STATIC is for one"},
      {"neuwizard_conf { dataset_conf_calibration { size: 0 } }", "size 0 is below 1"},
      {"input_tensors { } src_input_tensors { }", "is the older word for src_input_tensors"},
      {"src_input_tensors { } src_input_tensors { }", "second item without tensor_name"},
      {"src_input_tensors { tensor_name: 'date' }", "tensor_name 'date' is none of the model's: 'data'"},
      {"src_input_tensors { color_space: TENSOR_COLOR_SPACE_GRAY }", "input 'data' has 3 channels"},
      {prepared("input_modifications { input_normalization { std: [1, 0, 1] } }"), "std 0 divides nothing"},
      {prepared("input_modifications { affine_preprocess { slope_divisor: 0 } }"), "slope_divisor 0 divides nothing"},
      {prepared("input_modifications { affine_preprocess { slope: 0 } }"), "slope 0 makes all pictures alike"},
      {prepared("input_modifications { input_normalization { mean: [1, 2] } }"),
       "mean has 2 numbers, and input 'data' "
       "3 channels"},
      {prepared("input_modifications { affine_preprocess { } input_normalization { } }"), "which is first?"},
      {"neuwizard_conf { operator_conf { input_conf_items { selector { op_name: 'x' } } } }",
       "is about none of the model's inputs: 'data'"},
      {"neuwizard_conf { operator_conf { input_conf_items { } input_conf_items { } } }",
       "second item for input 'data'"},
      {"neuwizard_conf { operator_conf { input_conf_items { selector { op_name_regex: '(' } } } }",
       "'(' is not a regular expression"},
  };
  for (const auto& [text, sentence] : rows) {
    const auto asked = request(text);
    ASSERT_FALSE(asked.ok()) << text;
    EXPECT_EQ(asked.error().code, ErrorCode::invalid_file) << text;
    EXPECT_THAT(asked.error().message, HasSubstr("line 1 of 'dir/c.prototxt'"));
    EXPECT_THAT(asked.error().message, HasSubstr(sentence));
  }
}

TEST(Ax620, ColoursThatDifferAreRefusedWhereTheOrderMatters) {
  const std::string colors = "src_input_tensors { color_space: TENSOR_COLOR_SPACE_RGB }\n";
  EXPECT_THAT(complaint(colors + prepared("input_modifications { input_normalization { mean: [1, 2, 3] } }")),
              HasSubstr("it cannot be told which order they are in"));
  const auto asked = request(colors + prepared("input_modifications { input_normalization { mean: 7 } }"));
  ASSERT_TRUE(asked.ok()) << asked.error().message;
  EXPECT_EQ(asked->preprocess.order, Order::rgb);
  EXPECT_THAT(asked->notes, ElementsAre(HasSubstr("keeps the source's order")));
}

TEST(Ax620, WidthsBecomePatternsOfOperators) {
  const auto asked = request(R"(neuwizard_conf { operator_conf {
    operator_conf_items { selector { op_name: "a.b" } attributes { input_feature_type: UINT16 weight_type: INT8 } }
    operator_conf_items { selector { op_name_regex: "head.*" } attributes { input_feature_type: FLOAT32 } }
    operator_conf_items { attributes { input_feature_type: UINT16 } } } })");
  ASSERT_TRUE(asked.ok()) << asked.error().message;
  EXPECT_THAT(asked->int16, ElementsAre("a\\.b", ".*"));
  EXPECT_THAT(asked->keep_float, ElementsAre("head.*"));
}

TEST(Ax620, WhatIsSaidElsewhereIsNotRefused) {
  const std::string text =
      "output_path: 'a.joint' neuwizard_conf { dataset_conf_calibration { dataset_conf_items { } } }";
  EXPECT_TRUE(request(text, model(), {true, true, false}).ok());
}

// ---- the effective configuration ----

std::string saved(const std::string& text, const Ax620Model& of = model()) {
  const auto config = Ax620Config::parse(text, "dir/c.prototxt");
  EXPECT_TRUE(config.ok());
  auto asked = config->request(of, {true, false, false});
  EXPECT_TRUE(asked.ok()) << asked.error().message;
  std::vector<std::string> notes;
  return config->text(of, *asked, "dir", notes);
}

TEST(Ax620, TheEffectiveConfigurationReadsBackToItself) {
  for (const std::string text : {kSeed, "", "input_path: '/m/a.onnx' pulsar_conf { batch_size: [1, 4] debug: true }"}) {
    const std::string once = saved(text);
    EXPECT_EQ(saved(once), once);
  }
}

TEST(Ax620, TheEffectiveConfigurationResolvesDefaults) {
  const std::string text = saved(kSeed);
  EXPECT_THAT(text, HasSubstr("path: \"imagenet-1k-images-rgb.tar\""));
  EXPECT_THAT(text, HasSubstr("bias_divisor: [1]"));
  EXPECT_THAT(text, HasSubstr("mean: [0.485, 0.456, 0.406]"));
  EXPECT_THAT(text, HasSubstr("calibration_strategy: CALIB_STRATEGY_PER_CHANNEL"));
  EXPECT_THAT(text, HasSubstr("batch_size_option: BSO_STATIC"));
  EXPECT_THAT(text, HasSubstr("tensor_name: \"prob\""));
  EXPECT_THAT(saved("cpu_backend_settings { }"), HasSubstr("mode: ENABLED"));
}

TEST(Ax620, TheEffectiveConfigurationSaysWhatTheUserSaid) {
  const Ax620Config silent;
  auto asked = silent.request(model());
  ASSERT_TRUE(asked.ok());
  asked->model = "models/a.onnx";
  asked->data = {"models/data"};
  asked->samples = 7;
  asked->calibration = Calibration::mse;
  asked->weights_per_channel = false;
  asked->preprocess = {Fit::stretch, 87.5, Filter::bilinear, Order::rgb, {1, 2, 3}, {4, 5, 6}};
  std::vector<std::string> notes;
  const std::string text = silent.text(model(), *asked, "models", notes);
  EXPECT_THAT(notes, testing::IsEmpty());
  const auto again = Ax620Config::parse(text, "models/c.prototxt");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->model(), "models/a.onnx");
  const auto heard = again->request(model());
  ASSERT_TRUE(heard.ok()) << heard.error().message;
  EXPECT_THAT(heard->data, ElementsAre("models/data"));
  EXPECT_EQ(heard->samples, 7);
  EXPECT_EQ(heard->calibration, Calibration::mse);
  EXPECT_FALSE(heard->weights_per_channel);
  EXPECT_EQ(heard->preprocess, asked->preprocess);
}

TEST(Ax620, WordsThatTheLanguageDoesNotHaveAreNamed) {
  const Ax620Config silent;
  auto asked = silent.request(model());
  ASSERT_TRUE(asked.ok());
  asked->calibration = Calibration::entropy;
  asked->data = {"a", "b"};
  asked->preprocess.fit = Fit::letterbox;
  std::vector<std::string> notes;
  EXPECT_THAT(silent.text(model(), *asked, ".", notes), testing::Not(HasSubstr("observer_method")));
  EXPECT_THAT(notes, testing::UnorderedElementsAre(HasSubstr("'entropy' has no word"), HasSubstr("names 'a' only"),
                                                   HasSubstr("fit, filter and order")));
}

}  // namespace
}  // namespace quern
