#include <gmock/gmock.h>

#include <filesystem>

#include "quern/file.h"
#include "quern/task.h"

namespace quern {
namespace {

Result<std::vector<std::string>> labels_of(const std::string& text) {
  const std::string path = (std::filesystem::temp_directory_path() / "quern_tasks_labels.txt").string();
  EXPECT_TRUE(write_file(path, text).ok());
  auto labels = read_labels(path);
  std::filesystem::remove(path);
  return labels;
}

TEST(Labels, AreOneALine) {
  EXPECT_THAT(*labels_of("cat\ndog"), testing::ElementsAre("cat", "dog"));
}
TEST(Labels, DropCarriageReturnsAndTrailingBlanks) {
  EXPECT_THAT(*labels_of("cat\r\ndog\r\n\r\n \n"), testing::ElementsAre("cat", "dog"));
}
TEST(Labels, KeepBlanksBetween) {
  EXPECT_THAT(*labels_of("cat\n\ndog\n"), testing::ElementsAre("cat", "", "dog"));
}
TEST(Labels, OfAnEmptyFileAreRefused) {
  EXPECT_EQ(labels_of("\n\n").error().code, ErrorCode::invalid_file);
}
TEST(Labels, OfNoFileAreNotFound) {
  EXPECT_EQ(read_labels("no/such/labels.txt").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace quern
