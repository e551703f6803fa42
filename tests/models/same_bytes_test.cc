// Every quantized model gives the same bytes on every instruction set and with any number of threads, under both rules.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <random>

#include "quern/compile.h"
#include "quern/session.h"
#include "support/assets.h"

namespace quern {
namespace {

struct Case {
  std::string file;  ///< relative to the assets, or a model that ships (models/…)
  Arithmetic arithmetic;
};

std::string name_of(const testing::TestParamInfo<Case>& info) {
  std::string name = std::filesystem::path(info.param.file).filename().string();
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name + (info.param.arithmetic == Arithmetic::float_rule ? "_float" : "_fixed");
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const char* file :
       {"models/stripes/stripes_int8.onnx", "face/face_det_lite_w8a8.tflite", "face/blazeface_front_int8.tflite",
        "face/yunet_120x160_full_integer_quant.tflite", "classification/mobilenet_v1_0.25_128_quant.tflite",
        "classification/mobilenet_v2_1.0_224_quant.tflite", "classification/tf2_mobilenet_v2_1.0_224_ptq.tflite",
        "classification/mobilenet_v2_qoperator_int8.onnx", "misc/person_detect_int8.tflite",
        "misc/mlperf_tiny_resnet8_cifar10_int8.tflite", "misc/mlperf_tiny_vww96_int8.tflite",
        "misc/split_concat_u8.tflite", "misc/conv_qdq_s8s8_perchannel.onnx", "misc/conv_qdq_u8u8.onnx",
        "bench/face_det_lite.qdq.onnx", "bench/mobilenet_v1.qdq.onnx", "bench/mobilenet_v2.qdq.onnx",
        "bench/nanodet_plus_m_320.qdq.onnx", "bench/squeezenet1_1.qdq.onnx"}) {
    all.push_back({file, Arithmetic::float_rule});
    all.push_back({file, Arithmetic::fixed_rule});
  }
  return all;
}

Model with_fixed_shapes(const Model& model) {
  Model fixed = model;
  for (const ValueInfo& input : model.inputs()) {
    Shape shape = input.shape;
    for (int64_t& extent : shape) extent = extent < 0 ? 1 : extent;
    if (shape != input.shape) fixed = *fixed.with_shape(input.name, shape);
  }
  return fixed;
}

Tensor noise(const ValueInfo& input) {
  Tensor tensor = *Tensor::make(input.dtype, input.shape);
  std::mt19937 random(5);
  if (input.dtype == DType::float32) {
    for (float& v : tensor.mutable_data<float>()) v = static_cast<float>(random() % 2001) / 1000.0F - 1.0F;
  } else {
    for (uint8_t& v : std::span(static_cast<uint8_t*>(tensor.mutable_raw()), static_cast<size_t>(tensor.bytes())))
      v = static_cast<uint8_t>(random());
  }
  return tensor;
}

std::vector<Tensor> outputs_of(const CompiledModel& model, const std::string& isa, int threads) {
  auto session = Session::create(model, {.threads = threads, .isa = isa});
  EXPECT_TRUE(session.ok()) << session.error().message;
  std::vector<Tensor> inputs;
  for (const ValueInfo& input : session->inputs()) inputs.push_back(noise(input));
  return *session->run(inputs);
}

class SameBytes : public testing::TestWithParam<Case> {};

TEST_P(SameBytes, OnEveryInstructionSetAndThreadCount) {
  std::string path = GetParam().file;
  if (!path.starts_with("models/")) path = (test::assets() / path).string();
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "asset " << GetParam().file << " is not here";
  const auto model = load_model(path);
  ASSERT_TRUE(model.ok()) << model.error().message;
  const auto compiled = compile(with_fixed_shapes(*model), {.arithmetic = GetParam().arithmetic});
  ASSERT_TRUE(compiled.ok()) << compiled.error().message;
  const std::vector<Tensor> law = outputs_of(*compiled, "reference", 2);
  for (const IsaInfo& isa : instruction_sets()) {
    if (!isa.supported) continue;
    for (const int threads : {1, 2}) {
      if (isa.name == "reference" && threads == 2) continue;
      const std::vector<Tensor> got = outputs_of(*compiled, isa.name, threads);
      for (size_t i = 0; i < law.size(); ++i) {
        EXPECT_EQ(std::memcmp(law[i].raw(), got[i].raw(), static_cast<size_t>(law[i].bytes())), 0)
            << "output " << i << " on " << isa.name << " with " << threads << " threads";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, SameBytes, testing::ValuesIn(cases()), name_of);

}  // namespace
}  // namespace quern
