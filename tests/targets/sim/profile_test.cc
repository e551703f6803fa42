#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "small_profile.h"

namespace quern {
namespace {

using test::small_profile;
using test::small_profile_json;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Profile, HoldsWhatTheFileSays) {
  const TargetProfile profile = small_profile();
  EXPECT_EQ(profile.name, "small");
  EXPECT_EQ(profile.figures.macs_per_cycle_int16, 500);
  EXPECT_EQ(profile.figures.scratch_banks, 4);
  EXPECT_EQ(profile.figures.run_us, 100);
  EXPECT_TRUE(profile.fold_kernel_row);
  EXPECT_THAT(profile.lookup_pass, ElementsAre(OpKind::Sigmoid));
  EXPECT_EQ(profile.fits[0].points, 3);
  EXPECT_DOUBLE_EQ(peak_macs_per_s(profile.figures), 1e12);
  EXPECT_DOUBLE_EQ(peak_macs_per_s(profile.figures, true), 5e11);
}

TEST(Profile, OperatorRowsAreFoundByKind) {
  const TargetProfile profile = small_profile();
  const OperatorRule* conv = rule_for(profile, OpKind::Conv);
  ASSERT_NE(conv, nullptr);
  EXPECT_TRUE(conv->kernel_extent->holds(18));
  EXPECT_FALSE(conv->kernel_extent->holds(19));
  EXPECT_THAT(conv->strides, ElementsAre(Pair{1, 1}, Pair{2, 2}));
  EXPECT_THAT(conv->stride_as_kernel, ElementsAre(StrideForm::tall));
  EXPECT_EQ(rule_for(profile, OpKind::Pad)->pad_values[1], -std::numeric_limits<double>::infinity());
  EXPECT_THAT(rule_for(profile, OpKind::ArgMax)->only_after, ElementsAre(OpKind::Conv));
  EXPECT_FALSE(rule_for(profile, OpKind::Lrn)->on_npu);
  EXPECT_EQ(rule_for(profile, OpKind::Dequantize), rule_for(profile, OpKind::Quantize));
  EXPECT_EQ(rule_for(profile, OpKind::Softmax), nullptr);
}

TEST(Profile, ModeHasItsShareAndItsOwnFigures) {
  const auto half = with_mode(small_profile(), 7);
  ASSERT_TRUE(half.ok());
  EXPECT_EQ(half->mode, 7);
  EXPECT_EQ(half->figures.macs_per_cycle_int8, 500);
  EXPECT_EQ(half->figures.scratch_bytes, 32768);
  EXPECT_EQ(half->figures.dma_gb_per_s, 0.5);
  EXPECT_EQ(half->figures.layer_us, 10);
  EXPECT_EQ(half->figures.mac_efficiency, 0.5);
  const auto quarter = with_mode(*half, 8);
  ASSERT_TRUE(quarter.ok());
  EXPECT_EQ(quarter->figures.macs_per_cycle_int8, 250);
  EXPECT_EQ(quarter->figures.layer_us, 3);
}

TEST(Profile, UnknownModeNamesThoseThereAre) {
  const auto none = with_mode(small_profile(), 9);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::not_found);
  EXPECT_EQ(none.error().message, "target 'small' has no mode 9; it has 0, 7, 8");
}

TEST(Profile, EveryShippedFileIsSoundAndNamedAsItself) {
  ASSERT_GE(shipped_profiles().size(), 9u);
  for (const ShippedProfile& shipped : shipped_profiles()) {
    const auto profile = find_profile("sim:" + std::string(shipped.name));
    ASSERT_TRUE(profile.ok()) << profile.error().message;
    EXPECT_EQ(profile->name, shipped.name);
    std::ifstream file("config/targets/" + profile->name + ".json", std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(text, shipped.json) << "the library holds another text than the file";
  }
}

TEST(Profile, ShippedModesAreThoseOfTheChips) {
  const auto modes = [](const char* name) {
    std::vector<int64_t> ids;
    const auto profile = find_profile(name);
    for (const TargetMode& mode : profile->modes) ids.push_back(mode.id);
    return ids;
  };
  EXPECT_THAT(modes("ax620"), ElementsAre(0, 111, 112));
  EXPECT_THAT(modes("sim:ax630a"), ElementsAre(0, 311, 312, 221, 222));
  EXPECT_THAT(modes("ax650n"), ElementsAre(1, 3));
  EXPECT_DOUBLE_EQ(peak_macs_per_s(with_mode(*find_profile("ax620"), 111)->figures), 0.9e12);
}

TEST(Profile, UnknownNameSuggestsTheNearest) {
  const auto none = find_profile("sim:ax62");
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::not_found);
  EXPECT_THAT(none.error().message, HasSubstr("did you mean 'sim:ax620'?"));
}

TEST(Profile, OwnFileIsUsedByItsName) {
  const std::string path = testing::TempDir() + "/small_target.json";
  std::ofstream(path) << small_profile_json().dump(2);
  for (const std::string& name : {path, "sim:" + path}) {
    const auto profile = find_profile(name);
    ASSERT_TRUE(profile.ok()) << profile.error().message;
    EXPECT_EQ(profile->name, "small");
  }
  const auto missing = find_profile("sim:" + path + ".not.json");
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().message, HasSubstr(".not.json"));
}

}  // namespace
}  // namespace quern
