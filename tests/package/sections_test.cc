#include "package/sections.h"

#include <gtest/gtest.h>

namespace quern {
namespace {

std::vector<std::byte> bytes(std::initializer_list<int> numbers) {
  std::vector<std::byte> out;
  for (const int number : numbers) out.push_back(static_cast<std::byte>(number));
  return out;
}

std::vector<std::byte> sample() {
  return write_sections({{"plan", bytes({1, 2, 3})}, {"constants", bytes({})}, {"table", bytes({9, 8, 7, 6})}});
}

TEST(Sections, GiveBackWhatWasWritten) {
  const std::vector<std::byte> file = sample();
  const auto sections = Sections::open(file, "m.quern");
  ASSERT_TRUE(sections.ok()) << sections.error().message;
  ASSERT_EQ(sections->entries().size(), 3U);
  const auto table = sections->get("table");
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(std::vector(table->begin(), table->end()), bytes({9, 8, 7, 6}));
  EXPECT_TRUE(sections->get("constants")->empty());
  EXPECT_FALSE(sections->has("labels"));
  EXPECT_EQ(sections->entries()[2].offset % 64, 0U);
}

TEST(Sections, EveryFlippedByteIsFound) {
  const std::vector<std::byte> file = sample();
  for (size_t at = 0; at < file.size(); ++at) {
    if (at >= 12 && at < 16) continue;  // the minor version: a newer one is read
    std::vector<std::byte> damaged = file;
    damaged[at] ^= std::byte{0x10};
    const auto sections = Sections::open(damaged, "m.quern");
    bool found = !sections.ok();
    if (sections.ok()) {
      for (const Sections::Entry& entry : sections->entries()) found = found || !sections->get(entry.name).ok();
    }
    EXPECT_TRUE(found) << "byte " << at;
  }
}

TEST(Sections, EveryCutIsFound) {
  const std::vector<std::byte> file = sample();
  for (size_t size = 0; size < file.size(); ++size)
    EXPECT_FALSE(Sections::open(std::span(file).first(size), "m.quern").ok()) << size;
}

TEST(Sections, AnotherMajorVersionIsUnsupportedAndSaysWhatToDo) {
  std::vector<std::byte> file = sample();
  file[8] = std::byte{9};
  const auto sections = Sections::open(file, "m.quern");
  ASSERT_FALSE(sections.ok());
  EXPECT_EQ(sections.error().code, ErrorCode::unsupported);
  EXPECT_NE(sections.error().message.find("version 9"), std::string::npos);
}

}  // namespace
}  // namespace quern
