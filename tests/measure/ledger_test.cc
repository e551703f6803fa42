#include "measure/drop/ledger.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <span>

#include "quern/file.h"

namespace quern {
namespace {

const DropFingerprint kMark{"model", "data", "options"};

std::string path_of(const std::string& name) {
  const std::string path = testing::TempDir() + "quern_ledger_" + name;
  std::filesystem::remove(path);
  return path;
}

std::string bytes_of(const std::string& path) {
  const auto bytes = read_file(path);
  EXPECT_TRUE(bytes.ok());
  return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
}

/// A ledger with two trials.
std::string filled(const std::string& name) {
  const std::string path = path_of(name);
  auto ledger = Ledger::open(path, kMark);
  EXPECT_TRUE(ledger.ok());
  EXPECT_TRUE(ledger->add({{"wide \"one\""}, {}}, {31.5, 2.25}).ok());
  EXPECT_TRUE(ledger->add({{"a", "b"}, {"conv"}}, {40, 1}).ok());
  return path;
}

std::string digest(const std::string& text) {
  return sha256(std::as_bytes(std::span(text)));
}

TEST(Ledger, RemembersWhatWasTried) {
  const auto ledger = Ledger::open(filled("remembers"), kMark);
  ASSERT_TRUE(ledger.ok()) << ledger.error().message;
  const auto found = ledger->find({{"wide \"one\""}, {}});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->measured, 31.5);
  EXPECT_EQ(found->drop, 2.25);
  EXPECT_TRUE(ledger->find({{"b", "a"}, {"conv"}}));
  EXPECT_FALSE(ledger->find({{"a"}, {"conv"}}));
}

TEST(Ledger, NeedsNoFile) {
  auto ledger = Ledger::open("", kMark);
  ASSERT_TRUE(ledger.ok());
  EXPECT_TRUE(ledger->add({}, {1, 1}).ok());
  EXPECT_TRUE(ledger->find({}));
}

TEST(Ledger, RefusesEveryChangedByte) {
  const std::string path = filled("changed");
  const std::string good = bytes_of(path);
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    ASSERT_TRUE(write_file(path, bad).ok());
    const auto ledger = Ledger::open(path, kMark);
    ASSERT_FALSE(ledger.ok()) << "byte " << i;
    EXPECT_EQ(ledger.error().code, ErrorCode::invalid_file);
  }
}

TEST(Ledger, RefusesEveryShorterFile) {
  const std::string path = filled("shorter");
  const std::string good = bytes_of(path);
  for (size_t size = 0; size < good.size(); ++size) {
    ASSERT_TRUE(write_file(path, good.substr(0, size)).ok());
    const auto ledger = Ledger::open(path, kMark);
    ASSERT_FALSE(ledger.ok()) << size << " bytes";
    EXPECT_NE(ledger.error().message.find("damaged"), std::string::npos);
  }
}

TEST(Ledger, RefusesARightDigestOfSomethingElse) {
  const std::string path = path_of("else");
  for (const std::string body :
       {"", "[]", "{}", "nonsense", R"({"schema":"quern.drop-ledger/1"})", R"({"schema":"other/1"})",
        R"({"schema":"quern.drop-ledger/1","model":"model","data":"data","options":"options","trials":[{"int16":3}]})",
        R"({"schema":"quern.drop-ledger/1","model":1,"data":"data","options":"options","trials":[]})"}) {
    ASSERT_TRUE(write_file(path, digest(body) + "\n" + body).ok());
    const auto ledger = Ledger::open(path, kMark);
    ASSERT_FALSE(ledger.ok()) << body;
    EXPECT_EQ(ledger.error().code, ErrorCode::invalid_file) << body;
  }
}

TEST(Ledger, RefusesAnotherRunAndSaysWhatDiffers) {
  const std::string path = filled("other");
  const auto complaint = [&](DropFingerprint mark) {
    const auto ledger = Ledger::open(path, std::move(mark));
    EXPECT_FALSE(ledger.ok());
    EXPECT_EQ(ledger.error().code, ErrorCode::invalid_argument);
    return ledger.error().message;
  };
  EXPECT_NE(complaint({"x", "data", "options"}).find("of another model"), std::string::npos);
  EXPECT_NE(complaint({"model", "x", "options"}).find("of other samples"), std::string::npos);
  EXPECT_NE(complaint({"model", "data", "x"}).find("of other options"), std::string::npos);
}

TEST(Ledger, SaysWhereItCannotBeWritten) {
  auto ledger = Ledger::open(testing::TempDir() + "no_such_folder_of_quern/ledger", kMark);
  ASSERT_TRUE(ledger.ok());
  const Status added = ledger->add({}, {1, 1});
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().code, ErrorCode::io);
}

}  // namespace
}  // namespace quern
