// What a comparison is said to come to.
#include "measure/compare/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quern {
namespace {

using testing::HasSubstr;

LayerComparison layer(const char* name, const char* dtype, double lost_db, double share_pct) {
  LayerComparison one;
  one.name = name;
  one.kind = "Conv";
  one.dtype = dtype;
  one.lost_db = lost_db;
  one.share_pct = share_pct;
  return one;
}

Comparison with(std::vector<LayerComparison> layers) {
  Comparison found;
  Distance distance;
  distance.sqnr_db = 20;
  found.outputs.push_back({"scores", distance});
  found.layers = std::move(layers);
  found.first_offender = first_offender(found.layers);
  return found;
}

TEST(Verdict, ALayerIsMeasuredByTheBitsOfItsOwnNumbers) {
  EXPECT_THAT(verdict(with({layer("a", "int8", 1, 5), layer("b", "int16", 9, 50)})),
              HasSubstr("'b' (Conv), 9.0 dB below what 16 bits can do"));
  EXPECT_THAT(verdict(with({layer("a", "uint8", 9, 50), layer("b", "int16", 1, 5)})),
              HasSubstr("'a' (Conv), 9.0 dB below what 8 bits can do"));
  EXPECT_THAT(verdict(with({layer("a", "float32", 9, 50)})), HasSubstr("9.0 dB below what its weights' bits can do"));
}

TEST(Verdict, WhereNoLayerStandsOutAllWidthsAreNamed) {
  EXPECT_THAT(verdict(with({layer("a", "int8", 1, 5), layer("b", "float32", 1, 5)})),
              HasSubstr("the error is what 8 bits cost"));
  EXPECT_THAT(verdict(with({layer("a", "int16", 1, 5), layer("b", "int8", 1, 5)})),
              HasSubstr("the error is what 8 and 16 bits cost"));
  EXPECT_THAT(verdict(with({layer("a", "int16", 1, 5)})), HasSubstr("the error is what 16 bits cost"));
}

}  // namespace
}  // namespace quern
