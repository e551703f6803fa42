// Where the test models and pictures are, when they are there at all.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace quern::test {

/// The folder of test assets: QUERN_ASSETS, or ../shared/assets beside the checkout.
inline std::filesystem::path assets() {
  const char* set = std::getenv("QUERN_ASSETS");
  return set != nullptr ? std::filesystem::path(set) : std::filesystem::path("../shared/assets");
}

}  // namespace quern::test

/// Declares `name` as the path of an asset, or skips the test and says so.
#define QUERN_ASSET_OR_SKIP(name, relative)                               \
  const std::string name = (quern::test::assets() / (relative)).string(); \
  if (!std::filesystem::exists(name)) GTEST_SKIP() << "asset " << (relative) << " is not here"
