// The frame of the file: versions, names, constants and where they lie, and files that were damaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "quern/file.h"
#include "read/onnx_builder.h"
#include "support/assets.h"

namespace quern::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// y = relu(x)
struct Small : OnnxBuilder {
  explicit Small(int64_t opset = 17) : OnnxBuilder(opset) {
    input("x", {1, 2});
    node("Relu", {"x"}, {"y"});
    output("y");
  }
};

TEST(OnnxStructure, NamesAndOriginAreKept) {
  Small file;
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_EQ(graph->name, "main");
  EXPECT_EQ(graph->origin.format, "onnx");
  EXPECT_EQ(graph->origin.producer, "by hand");
  EXPECT_EQ(graph->value(graph->inputs[0]).name, "x");
  EXPECT_EQ(graph->value(graph->outputs[0]).name, "y");
  EXPECT_EQ(graph->ops[0].name, "y");
  EXPECT_EQ(graph->ops[0].source_kind, "Relu");
}

TEST(OnnxStructure, SymbolsStandForExtentsThatAreNotFixed) {
  Small file;
  file.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_param(
      "batch");
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(graph->value(graph->inputs[0]).shape, ElementsAre(-1, 2));
  EXPECT_THAT(graph->value(graph->inputs[0]).symbols, ElementsAre("batch", ""));
}

TEST(OnnxStructure, OpsetsOutsideTheRangeAreRefused) {
  EXPECT_THAT(onnx_message(Small(6).read()), HasSubstr("opset 6"));
  EXPECT_THAT(onnx_message(Small(23).read()), HasSubstr("opset 23"));
  EXPECT_TRUE(Small(7).read().ok());
  EXPECT_TRUE(Small(22).read().ok());
}

TEST(OnnxStructure, OldIrIsRefused) {
  Small file;
  file.model.set_ir_version(2);
  EXPECT_THAT(onnx_message(file.read()), HasSubstr("IR version 2"));
}

TEST(OnnxStructure, FunctionsAreRefusedByName) {
  Small file;
  file.model.add_functions()->set_name("Helper");
  EXPECT_THAT(onnx_message(file.read()), HasSubstr("'Helper'"));
}

TEST(OnnxStructure, AnUnknownOperatorIsNamedWithDomainAndOpset) {
  Small file;
  file.node("DeformConv", {"x"}, {"z"}).set_name("bend");
  const auto graph = file.read();
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, ErrorCode::unsupported);
  EXPECT_EQ(graph.error().op, "bend");
  EXPECT_EQ(graph.error().kind, "DeformConv");
  EXPECT_EQ(graph.error().file, "model.onnx");
  EXPECT_THAT(graph.error().message, HasSubstr("ai.onnx, opset 17"));
}

TEST(OnnxStructure, AnUnknownAttributeIsRefused) {
  Small file;
  set(*file.graph().mutable_node(0), "slope", 0.5f);
  EXPECT_THAT(onnx_message(file.read()), HasSubstr("attribute 'slope'"));
}

TEST(OnnxStructure, AnAttributeOfTheWrongTypeIsRefused) {
  Small file;
  set(file.node("Softmax", {"y"}, {"z"}), "axis", 1.0f);
  EXPECT_THAT(onnx_message(file.read()), HasSubstr("'axis' must be an integer"));
}

TEST(OnnxStructure, AValueThatNothingGivesIsNamed) {
  Small file;
  file.node("Relu", {"ghost"}, {"z"});
  EXPECT_THAT(onnx_message(file.read()), HasSubstr("'ghost'"));
}

TEST(OnnxStructure, ANameGivenTwiceIsRefused) {
  Small file;
  file.node("Relu", {"x"}, {"y"});
  EXPECT_THAT(onnx_message(file.read()), HasSubstr("'y' is given twice"));
}

TEST(OnnxStructure, InitializersThatAreInputsAreConstants) {
  Small file;
  file.input("w", {2});
  file.floats("w", {2}, {1, 2});
  file.node("Add", {"x", "w"}, {"z"});
  file.output("z");
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_EQ(graph->inputs.size(), 1U);
  EXPECT_TRUE(graph->is_constant(graph->find("w")));
}

TEST(OnnxStructure, ConstantNodesBecomeConstants) {
  OnnxBuilder file;
  file.input("x", {2});
  auto* value = file.node("Constant", {}, {"two"}).add_attribute();
  value->set_name("value_float");
  value->set_type(onnx::AttributeProto::FLOAT);
  value->set_f(2);
  file.node("Mul", {"x", "two"}, {"y"});
  file.output("y");
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre("Mul"));
  EXPECT_EQ(graph->value(graph->find("two")).constant->data<float>()[0], 2);
}

TEST(OnnxStructure, NarrowTypesComeFromInt32Data) {
  OnnxBuilder file;
  file.input("x", {2});
  onnx::TensorProto& halves = file.constant<uint8_t>("h", {2}, onnx::TensorProto::FLOAT16, {});
  halves.clear_raw_data();
  halves.add_int32_data(0x3C00);
  halves.add_int32_data(0xC000);
  file.node("Add", {"x", "h"}, {"y"});
  file.output("y");
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(graph->value(graph->find("h")).constant->data<float>(), ElementsAre(1, -2));
}

TEST(OnnxStructure, HalfPrecisionStaysOutside) {
  OnnxBuilder file;
  file.input("x", {2}, onnx::TensorProto::FLOAT16);
  file.node("Relu", {"x"}, {"y"});
  file.output("y", onnx::TensorProto::FLOAT16);
  const auto graph = file.read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_THAT(kinds(*graph), ElementsAre("Cast", "Relu", "Cast"));
  EXPECT_EQ(graph->value(graph->inputs[0]).dtype, DType::float16);
  EXPECT_EQ(graph->value(graph->outputs[0]).dtype, DType::float16);
  EXPECT_EQ(graph->value(graph->outputs[0]).name, "y");
}

TEST(OnnxStructure, AShapeThatItsBytesDoNotFillIsRefused) {
  Small file;
  file.floats("w", {1 << 20, 1 << 20}, {1});
  EXPECT_FALSE(file.read().ok());
  Small other;
  other.floats("w", {3}, {1});
  EXPECT_THAT(onnx_message(other.read()), HasSubstr("12 bytes, but 4 are stored"));
}

TEST(OnnxStructure, TypesThatAreNotReadAreNamed) {
  Small file;
  file.constant<uint8_t>("w", {1}, onnx::TensorProto::INT4, {0});
  EXPECT_THAT(onnx_message(file.read()), HasSubstr("INT4"));
}

/// A folder of its own, gone with the test.
struct OnnxExternal : testing::Test {
  std::filesystem::path folder = std::filesystem::temp_directory_path() / ("quern_onnx_" + std::to_string(getpid()));
  Small file;
  onnx::TensorProto* tensor = nullptr;

  void SetUp() override {
    std::filesystem::create_directories(folder / "sub");
    std::ofstream(folder / "weights.bin", std::ios::binary) << std::string(4, 'x') + std::string("\0\0\x80\x3F", 4);
    file.node("Add", {"y", "w"}, {"z"});
    file.output("z");
    tensor = &file.constant<uint8_t>("w", {1}, onnx::TensorProto::FLOAT, {});
    tensor->clear_raw_data();
    tensor->set_data_location(onnx::TensorProto::EXTERNAL);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  void say(const std::string& key, const std::string& value) {
    auto* entry = tensor->add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  }
  Result<Graph> read() { return file.read((folder / "any_name.onnx").string()); }
};

TEST_F(OnnxExternal, ElementsAreReadFromTheFileBesideTheModel) {
  say("location", "weights.bin");
  say("offset", "4");
  say("length", "4");
  const auto graph = read();
  ASSERT_TRUE(graph.ok()) << onnx_message(graph);
  EXPECT_EQ(graph->value(graph->find("w")).constant->data<float>()[0], 1.0f);
}

TEST_F(OnnxExternal, BytesBehindTheEndAreRefused) {
  say("location", "weights.bin");
  say("offset", "6");
  EXPECT_THAT(onnx_message(read()), HasSubstr("holds 8 bytes"));
}

TEST_F(OnnxExternal, AnOffsetThatIsNoSizeIsRefused) {
  say("location", "weights.bin");
  say("offset", "-4");
  EXPECT_THAT(onnx_message(read()), HasSubstr("not a size"));
}

TEST_F(OnnxExternal, PathsOutOfTheFolderAreRefused) {
  say("location", "sub/../../weights.bin");
  EXPECT_THAT(onnx_message(read()), HasSubstr("model's own folder"));
}

TEST_F(OnnxExternal, AbsolutePathsAreRefused) {
  say("location", (folder / "weights.bin").string());
  EXPECT_THAT(onnx_message(read()), HasSubstr("model's own folder"));
}

TEST_F(OnnxExternal, LinksOutOfTheFolderAreRefused) {
  std::filesystem::create_symlink("/etc/hostname", folder / "link.bin");
  say("location", "link.bin");
  EXPECT_FALSE(read().ok());
}

TEST_F(OnnxExternal, AMissingFileIsNamed) {
  say("location", "gone.bin");
  const auto graph = read();
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, ErrorCode::not_found);
  EXPECT_THAT(graph.error().message, HasSubstr("gone.bin"));
}

/// Every outcome is fine but a crash; the seed makes a failure repeatable.
TEST(OnnxDamaged, CutAndFlippedFilesNeverCrash) {
  QUERN_ASSET_OR_SKIP(path, "misc/conv_qdq_u8u8.onnx");
  const auto bytes = read_file(path);
  ASSERT_TRUE(bytes.ok());
  std::mt19937 random(20240607);
  int read = 0;
  for (int i = 0; i < 400; ++i) {
    std::vector<std::byte> bad = *bytes;
    if (i % 4 == 0) bad.resize(random() % bad.size());
    for (int k = 0; k < 1 + i % 5 && !bad.empty(); ++k) bad[random() % bad.size()] = static_cast<std::byte>(random());
    const auto graph = read_onnx(bad, "bad.onnx");
    read += graph.ok() ? 1 : 0;
    EXPECT_TRUE(graph.ok() || !graph.error().message.empty());
  }
  EXPECT_LT(read, 400);
}

TEST(OnnxDamaged, OneConstantReadInManyNodesDoesNotBlowUp) {
  OnnxBuilder file;
  file.input("x", {1});
  file.constant<uint8_t>("big", {1 << 20}, onnx::TensorProto::UINT8, std::vector<uint8_t>(1 << 20));
  file.scale("s", 1);
  for (int i = 0; i < 40; ++i) {
    const std::string n = std::to_string(i);
    file.node("DequantizeLinear", {"big", "s"}, {"real" + n});
    file.node("Add", {"x", "real" + n}, {"y" + n});
  }
  file.output("y0");
  const auto graph = file.read();
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, ErrorCode::out_of_memory);
}

TEST(OnnxDamaged, TextIsNoModel) {
  const std::string text = "version https://example.org/spec/v1\n";
  EXPECT_THAT(onnx_message(read_onnx(std::as_bytes(std::span(text)), "m.onnx")), HasSubstr("not an ONNX model"));
}

}  // namespace
}  // namespace quern::test
