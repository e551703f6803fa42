#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <random>

#include "quern/compile.h"
#include "quern/file.h"
#include "quern/model.h"
#include "quern/session.h"

namespace quern {
namespace {

Model stripes() {
  return *load_model("models/stripes/stripes_int8.onnx")->with_shape("image", {1, 3, 64, 64});
}

class Packages : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("quern_package_test_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    const Model model = stripes();
    compiled_ = compile(model, {.arithmetic = Arithmetic::fixed_rule});
    info_.quern_version = "0.1.0";
    info_.source = model.info();
    info_.options = {{"--target", "cpu"}};
    info_.task = R"({"task":"classify"})";
    info_.table = "a table\n";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const char* name) const { return (folder_ / name).string(); }

  std::filesystem::path folder_;
  Result<CompiledModel> compiled_ = Error{};
  PackageInfo info_;
};

std::vector<Tensor> outputs_of(const CompiledModel& model) {
  auto session = *Session::create(model, {.threads = 1});
  std::mt19937 random(3);
  std::vector<Tensor> inputs;
  for (const ValueInfo& input : session.inputs()) {
    inputs.push_back(*Tensor::make(input.dtype, input.shape));
    for (float& number : inputs.back().mutable_data<float>()) number = static_cast<float>(random() % 1000) / 1000.0F;
  }
  return *session.run(inputs);
}

TEST_F(Packages, RunAsTheModelDoes) {
  ASSERT_TRUE(save_package(*compiled_, info_, path("m.quern")).ok());
  const auto package = load_package(path("m.quern"));
  ASSERT_TRUE(package.ok()) << package.error().message;
  const auto ours = outputs_of(package->model);
  const auto theirs = outputs_of(*compiled_);
  ASSERT_EQ(ours.size(), theirs.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    ASSERT_EQ(ours[i].bytes(), theirs[i].bytes());
    EXPECT_EQ(std::memcmp(ours[i].raw(), theirs[i].raw(), static_cast<size_t>(ours[i].bytes())), 0);
  }
  EXPECT_EQ(package->info.table, info_.table);
  EXPECT_EQ(package->info.task, info_.task);
  EXPECT_EQ(package->info.options, info_.options);
  EXPECT_EQ(package->info.source.sha256, info_.source.sha256);
  EXPECT_EQ(package->model.placement().rows.size(), compiled_->placement().rows.size());
}

TEST_F(Packages, HoldThePartitionsOfASimulatedNpu) {
  const auto npu = compile(stripes(), {.target = "sim:ax620"});
  ASSERT_TRUE(npu.ok()) << npu.error().message;
  ASSERT_GT(npu->placement().npu_operators, 0);
  ASSERT_TRUE(save_package(*npu, info_, path("m.quern")).ok());
  const auto package = load_package(path("m.quern"));
  ASSERT_TRUE(package.ok()) << package.error().message;
  ASSERT_TRUE(save_package(*compiled_, info_, path("cpu.quern")).ok());
  EXPECT_LT(peek_package(path("m.quern"))->sections.back().bytes,
            peek_package(path("cpu.quern"))->sections.back().bytes)
      << "weights that only programs read are not kept twice";
  const auto ours = outputs_of(package->model);
  const auto theirs = outputs_of(*compiled_);  // on the processor, by the same rule
  for (size_t i = 0; i < theirs.size(); ++i)
    EXPECT_EQ(std::memcmp(ours[i].raw(), theirs[i].raw(), static_cast<size_t>(theirs[i].bytes())), 0);
}

TEST_F(Packages, OutliveTheirFile) {
  ASSERT_TRUE(save_package(*compiled_, info_, path("m.quern")).ok());
  const auto package = load_package(path("m.quern"));
  ASSERT_TRUE(package.ok());
  std::filesystem::remove(path("m.quern"));
  EXPECT_EQ(outputs_of(package->model).size(), outputs_of(*compiled_).size());
}

TEST_F(Packages, AreTheSameBytesEachTime) {
  for (const char* file : {"a.quern", "b.quern"})
    ASSERT_TRUE(save_package(*compile(stripes(), {.target = "sim:qcs6490"}), info_, path(file)).ok());
  EXPECT_EQ(*read_file(path("a.quern")), *read_file(path("b.quern")));
}

TEST_F(Packages, AreLookedAtWithoutTheirConstants) {
  ASSERT_TRUE(save_package(*compiled_, info_, path("m.quern")).ok());
  auto bytes = *read_file(path("m.quern"));
  const auto whole = peek_package(path("m.quern"));
  ASSERT_TRUE(whole.ok());
  bytes[static_cast<size_t>(whole->sections.back().offset)] ^= std::byte{1};  // the first constant
  ASSERT_EQ(whole->sections.back().name, "constants");
  ASSERT_TRUE(write_file(path("m.quern"), bytes).ok());
  EXPECT_TRUE(peek_package(path("m.quern")).ok());
  const auto loaded = load_package(path("m.quern"));
  ASSERT_FALSE(loaded.ok());
  EXPECT_NE(loaded.error().message.find("the sum of section 'constants' is wrong"), std::string::npos);
}

TEST_F(Packages, EveryFlippedByteIsFoundOrHarmless) {
  const auto npu = compile(stripes(), {.target = "sim:ax620"});
  ASSERT_TRUE(npu.ok());
  ASSERT_TRUE(save_package(*npu, info_, path("m.quern")).ok());
  const auto bytes = *read_file(path("m.quern"));
  const auto expected = outputs_of(*compiled_);
  std::mt19937 random(17);
  for (int round = 0; round < 2000; ++round) {
    auto damaged = bytes;
    const size_t at = random() % damaged.size();
    damaged[at] ^= static_cast<std::byte>(1U << (random() % 8));
    ASSERT_TRUE(write_file(path("d.quern"), damaged).ok());
    const auto package = load_package(path("d.quern"));
    if (!package.ok()) continue;
    const auto outputs = outputs_of(package->model);
    for (size_t i = 0; i < outputs.size(); ++i)
      EXPECT_EQ(std::memcmp(outputs[i].raw(), expected[i].raw(), static_cast<size_t>(outputs[i].bytes())), 0) << at;
  }
}

TEST_F(Packages, AFileThatIsNoneIsSaidToBeNone) {
  ASSERT_TRUE(write_file(path("t.quern"), std::string("hello")).ok());
  EXPECT_FALSE(*is_package_file(path("t.quern")));
  EXPECT_EQ(load_package(path("t.quern")).error().code, ErrorCode::invalid_file);
  EXPECT_EQ(load_package(path("nothing.quern")).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace quern
