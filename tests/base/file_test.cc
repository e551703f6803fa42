#include "quern/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>

namespace quern {
namespace {

std::string in_scratch(const std::string& name) {
  return (std::filesystem::path(testing::TempDir()) / name).string();
}

TEST(Npy, WritesWhatItReads) {
  for (const Shape& shape : {Shape{}, Shape{3}, Shape{2, 0}, Shape{2, 3, 4}}) {
    Tensor tensor = *Tensor::make(DType::int16, shape);
    for (int64_t i = 0; i < tensor.size(); ++i)
      tensor.mutable_data<int16_t>()[static_cast<size_t>(i)] = static_cast<int16_t>(i * 7);
    const std::string path = in_scratch("round.npy");
    ASSERT_TRUE(write_npy(path, tensor).ok());
    const auto back = read_npy(path);
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_EQ(back->shape(), shape);
    EXPECT_EQ(std::memcmp(back->raw(), tensor.raw(), static_cast<size_t>(tensor.bytes())), 0);
  }
}

TEST(Npy, FortranOrderIsTurned) {
  std::string file("\x93NUMPY\x01\x00\x46\x00", 10);
  file += "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }";
  file.resize(10 + 0x46, ' ');
  file += std::string("\x01\x02\x03\x04\x05\x06", 6);  // columns (1,2) (3,4) (5,6)
  const auto tensor = parse_npy(std::as_bytes(std::span(file.data(), file.size())), "x");
  ASSERT_TRUE(tensor.ok()) << tensor.error().message;
  const auto data = tensor->data<uint8_t>();
  EXPECT_EQ(std::vector<uint8_t>(data.begin(), data.end()), (std::vector<uint8_t>{1, 3, 5, 2, 4, 6}));
}

TEST(Npy, EveryCutIsAnErrorNotACrash) {
  const std::string path = in_scratch("cut.npy");
  ASSERT_TRUE(write_npy(path, Tensor::of<float>({2}, {1, 2})).ok());
  const auto bytes = read_file(path);
  for (size_t length = 0; length < bytes->size(); ++length) {
    EXPECT_FALSE(parse_npy(std::span(*bytes).first(length), "cut").ok()) << length;
  }
}

TEST(File, ErrorsNameTheFile) {
  const auto missing = read_file("/no/such/file");
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_EQ(missing.error().file, "/no/such/file");
  EXPECT_EQ(read_file("/").error().code, ErrorCode::not_found);
  EXPECT_EQ(write_file("/no/such/folder/x", std::string("y")).error().code, ErrorCode::io);
}

TEST(File, AFailedWriteLeavesNothing) {
  const std::string folder = in_scratch("occupied");
  std::filesystem::create_directories(folder + "/target.npy/full");
  EXPECT_FALSE(write_npy(folder + "/target.npy", Tensor::of<float>({1}, {1})).ok());
  int entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++entries;
  EXPECT_EQ(entries, 1);
  std::filesystem::remove_all(folder);
}

TEST(File, Sha256OfNothing) {
  EXPECT_EQ(sha256({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(File, TensorNamesBecomeFileNames) {
  EXPECT_EQ(tensor_file_name("a/b:0 c"), "a_b_0_c.npy");
}

}  // namespace
}  // namespace quern
