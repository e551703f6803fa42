// Files that were cut short or damaged: a sentence or a success, and nothing else.
#include <gtest/gtest.h>

#include "quern/quantize.h"

namespace quern {
namespace {

constexpr const char* kTable = R"(# quern table 1
value     "a b" uint8 0.5 128
weights   w     int8  0.25 1e-07 0.125
bias      b     -1.5 0 3e+08
balance   c     1 0.02
rounding  w     +3 -0 -12
float     op
)";

constexpr const char* kRules = R"({"rules": [
  {"kind": "Sigmoid", "range": [0, 1], "if_present": true},
  {"match": "/head/.*", "calibration": "percentile=99.5", "weights": "per-tensor"},
  {"name": "/conv", "keep": "int8", "methods": {"bias-correct": false, "round": true}}]})";

constexpr const char* kConfiguration = R"(input_type: INPUT_TYPE_ONNX
src_input_tensors { color_space: TENSOR_COLOR_SPACE_RGB }
dst_input_tensors: { color_space: TENSOR_COLOR_SPACE_RGB tensor_layout:NATIVE }
neuwizard_conf { operator_conf { input_conf_items { selector { op_name_regex: "d.*" } attributes {
  input_modifications { affine_preprocess { slope: 1 slope_divisor: 255 bias: 0 } }
  input_modifications { input_normalization { mean: [0.485, 0.456, 0.406] std: [0.229, 0.224, 0.225] } } } } }
  dataset_conf_calibration { path: "a.tar" type: DATASET_TYPE_TAR size: 256 } }
pulsar_conf { ax620_virtual_npu: AX620_VIRTUAL_NPU_MODE_111 batch_size: [1, 2] }
)";

Status read_table_text(const std::string& text) {
  const auto table = parse_table(text, "f");
  if (!table.ok()) return table.status();
  const auto again = parse_table(table_text(*table), "f");
  EXPECT_TRUE(again.ok()) << text;
  return {};
}

Status read_rules_text(const std::string& text) {
  const auto rules = parse_rules(text, "f");
  return rules.ok() ? Status{} : rules.status();
}

Status read_configuration_text(const std::string& text) {
  const auto config = Ax620Config::parse(text, "f");
  if (!config.ok()) return config.status();
  ValueInfo data;
  data.name = "data";
  data.shape = {1, 3, 8, 8};
  const Ax620Model model{"onnx", {data}, {}};
  const auto request = config->request(model);
  if (!request.ok()) return request.status();
  std::vector<std::string> notes;
  const std::string saved = config->text(model, *request, ".", notes);
  EXPECT_TRUE(Ax620Config::parse(saved, "f").ok()) << saved;
  return {};
}

/// Cuts the text at every byte, and puts each of a few bytes in the place of every one.
void damage(const std::string& text, Status (*read)(const std::string&)) {
  EXPECT_TRUE(read(text).ok());
  const auto expect_sentence = [&](const std::string& damaged) {
    const Status status = read(damaged);
    EXPECT_TRUE(status.ok() || status.error().message.size() > 10) << damaged;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    expect_sentence(text.substr(0, i));
    for (const char c : {'\0', '"', '-', '9', '{', '}', '\xff'}) {
      std::string damaged = text;
      damaged[i] = c;
      expect_sentence(damaged);
    }
  }
}

TEST(Broken, Tables) {
  damage(kTable, read_table_text);
}

TEST(Broken, Rules) {
  damage(kRules, read_rules_text);
}

TEST(Broken, Configurations) {
  damage(kConfiguration, read_configuration_text);
}

}  // namespace
}  // namespace quern
