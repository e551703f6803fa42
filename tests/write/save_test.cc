// save_model: the suffix, and what is refused.
#include <gtest/gtest.h>

#include <filesystem>

#include "quern/model.h"
#include "write/round_trip.h"

namespace quern {
namespace {

Model tiny() {
  return Model(test::graph_of("graph { input %x : float32[1,4] %y = Relu(%x) output %y }"), {});
}

TEST(SaveModel, RefusesASuffixItDoesNotKnow) {
  const Status saved = save_model(tiny(), "model.pb");
  ASSERT_FALSE(saved.ok());
  EXPECT_EQ(saved.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(saved.error().message, "'model.pb' does not say which format to write; end the name in .onnx, .tflite");
}

TEST(SaveModel, WritesAFileThatLoads) {
  const std::string path = (std::filesystem::temp_directory_path() / "quern_save_test.ONNX").string();
  ASSERT_TRUE(save_model(tiny(), path).ok());
  const auto back = load_model(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->operators().size(), 1U);
  EXPECT_TRUE(back->info().producer.starts_with("quern "));
}

TEST(SaveModel, SaysThatAModelIsNotPrepared) {
  auto graph = parse_text("graph { input %x : float32[N?,4] %y = Relu(%x) output %y }");
  ASSERT_TRUE(graph.ok());
  const auto bytes = write_onnx(*graph);
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().code, ErrorCode::invalid_argument);
}

TEST(SaveModel, RefusesIntegersOf32Bits) {
  auto graph = parse_text(
      "graph { input %x : float32[4] %q = Quantize(%x) : int32[4] quant(0.1, 0) %y = Dequantize(%q) : float32[4] "
      "output %y }");
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  const auto bytes = write_onnx(*graph);
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace quern
