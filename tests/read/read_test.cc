// read_model: what is a model, what is not, and what is said of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "quern/file.h"
#include "read/format.h"
#include "read/tflite_builder.h"
#include "support/assets.h"

namespace quern::test {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

/// A file in a folder of its own that goes with the test.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "quern-read-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~Scratch() { std::filesystem::remove_all(folder_); }
  std::string folder() const { return folder_.string(); }
  std::string write(const std::string& text) const {
    const std::string path = (folder_ / "model").string();
    EXPECT_TRUE(write_file(path, text).ok());
    return path;
  }

 private:
  std::filesystem::path folder_;
};

FileFormat told(const std::string& text) {
  return tell_format(std::as_bytes(std::span(text.data(), text.size())));
}

TEST(Format, IsToldByContent) {
  EXPECT_EQ(told(""), FileFormat::empty);
  EXPECT_EQ(told("\x1c\0\0\0TFL3"s), FileFormat::tflite);
  EXPECT_EQ(told("graph \"main\" {\n}"), FileFormat::text);
  EXPECT_EQ(told("# a comment\n\ngraph {\n}"), FileFormat::text);
  EXPECT_EQ(told("PK\x03\x04....archive/data.pkl"), FileFormat::torch_zip);
  EXPECT_EQ(told("PK\x03\x04....model.tflite"), FileFormat::zip);
  EXPECT_EQ(told("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19..."), FileFormat::torch_legacy);
  EXPECT_EQ(told("\x80\x02}q\x01."), FileFormat::torch_legacy);
  EXPECT_EQ(told("\x89HDF\r\n\x1a\n...."), FileFormat::hdf5);
  EXPECT_EQ(told("7767517\n75 83\n"), FileFormat::ncnn_param);
  EXPECT_EQ(told("{\"a\": 1}"), FileFormat::json);
  EXPECT_EQ(told("<!DOCTYPE html><html>"), FileFormat::unknown);
}

TEST(Format, OnnxIsToldByItsFirstFields) {
  EXPECT_EQ(told("\x08\x07\x12\x07pytorch\x1a\x03"
                 "2.1:\x02\x12\x00"s),
            FileFormat::onnx);
  EXPECT_EQ(told("\x08\x07:\xff\x7f..cut"s), FileFormat::onnx);
  EXPECT_EQ(told("\x0a\x12\x0a\x05input\x12\x0bPlaceholder"s), FileFormat::tensorflow_pb);
}

TEST(ReadModel, MissingFileAndFolderAreNotFound) {
  const Scratch scratch;
  const auto missing = read_model(scratch.folder() + "/none.tflite");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  const auto folder = read_model(scratch.folder());
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.error().code, ErrorCode::not_found);
}

TEST(ReadModel, OtherFormatsAreRefusedWithAdvice) {
  const Scratch scratch;
  const auto refused = [&](const std::string& text) { return message(read_model(scratch.write(text))); };
  EXPECT_THAT(refused(""), HasSubstr("empty"));
  EXPECT_THAT(refused("PK\x03\x04....archive/data.pkl"), HasSubstr("torch.onnx.export"));
  EXPECT_THAT(refused("\x89HDF\r\n\x1a\n...."), HasSubstr("TFLiteConverter"));
  EXPECT_THAT(refused("7767517\n75 83\n"), HasSubstr("ncnn"));
  EXPECT_THAT(refused("<!DOCTYPE html>"), HasSubstr("download page"));
}

TEST(ReadModel, ErrorsNameTheFile) {
  const Scratch scratch;
  const std::string path = scratch.write("nothing");
  const auto graph = read_model(path);
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().file, path);
}

TEST(ReadModel, TextGraphsRead) {
  const Scratch scratch;
  const auto graph =
      read_model(scratch.write("graph \"g\" {\n  input %x : float32[1,4]\n  %y = Relu(%x)\n  output %y\n}\n"));
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(graph->value(graph->find("y")).shape, (Shape{1, 4}));
}

TEST(ReadModel, ShapesAreInferredNotBelieved) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 4});
  const int y = file.tensor("y", {7, 7, 7});
  file.op(Builtin::RELU, {x}, {y});
  const auto bytes = file.file({y});
  const Scratch scratch;
  const auto graph = read_model(scratch.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(graph->value(graph->find("y")).shape, (Shape{1, 4}));
}

TEST(ReadModel, ContradictionsAreFoundByInference) {
  TfliteBuilder file;
  const int x = file.input("x", {1, 4});
  const int y = file.tensor("y", {});
  file.op(Builtin::ADD, {x, file.floats("c", {3})}, {y});
  const auto bytes = file.file({y});
  const Scratch scratch;
  const auto graph = read_model(scratch.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, ErrorCode::invalid_file);
  EXPECT_EQ(graph.error().op, "y");
}

TEST(ReadModel, TextNamedOnnxIsRefused) {
  QUERN_ASSET_OR_SKIP(path, "negative/corrupt-model.onnx");
  const auto graph = read_model(path);
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, ErrorCode::invalid_file);
}

}  // namespace
}  // namespace quern::test
