#include "base/bytes.h"

#include <gtest/gtest.h>

namespace quern {
namespace {

std::vector<std::byte> sample() {
  ByteWriter out;
  out.number(int32_t{-5});
  out.text("stem");
  out.number(1.5F);
  out.number(true);
  return out.take();
}

TEST(Bytes, ReadsWhatWasWritten) {
  const std::vector<std::byte> bytes = sample();
  ByteReader in(bytes, "a sample");
  EXPECT_EQ(in.number<int32_t>(), -5);
  EXPECT_EQ(in.text(), "stem");
  EXPECT_EQ(in.number<float>(), 1.5F);
  EXPECT_TRUE(in.number<bool>());
  EXPECT_TRUE(in.finished().ok());
}

TEST(Bytes, EveryCutIsAnErrorAndReadsAsNothing) {
  const std::vector<std::byte> bytes = sample();
  for (size_t size = 0; size < bytes.size(); ++size) {
    ByteReader in(std::span<const std::byte>(bytes).first(size), "a sample");
    in.number<int32_t>();
    in.text();
    in.number<float>();
    EXPECT_FALSE(in.number<bool>()) << size;
    EXPECT_EQ(in.finished().error().code, ErrorCode::invalid_file) << size;
  }
}

TEST(Bytes, ACountIsNeverMoreThanTheBytesCanHold) {
  ByteWriter out;
  out.number(uint32_t{0xFFFFFFFF});
  out.number(uint64_t{0});
  ByteReader in(out.bytes(), "a sample");
  EXPECT_EQ(in.count(4, "the number of extents"), 0U);
  EXPECT_EQ(in.status().error().message,
            "a sample, byte 4: the number of extents is 4294967295, more than the 8 bytes left can hold; the file is "
            "damaged or no file of "
            "Quern's");
}

TEST(Bytes, TheFirstErrorStays) {
  ByteReader in({}, "nothing");
  in.number_in(7, 0, 3, "a dtype");
  in.number<int64_t>();
  EXPECT_NE(in.status().error().message.find("a dtype is 7, outside 0 to 3"), std::string::npos);
}

TEST(Bytes, WhatIsLeftOverIsAnError) {
  const std::vector<std::byte> bytes = sample();
  ByteReader in(bytes, "a sample");
  in.number<int32_t>();
  EXPECT_TRUE(in.status().ok());
  EXPECT_FALSE(in.finished().ok());
}

}  // namespace
}  // namespace quern
