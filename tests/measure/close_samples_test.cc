#include "measure/calibrate/close_samples.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "graph/infer.h"
#include "graph/text.h"

namespace quern {
namespace {

/// A picture of that many pixels a side and two layers.
Assignment assignment_of(int side) {
  auto graph = parse_text(fmt::format(R"(graph "pictures" {{
    input %x : float32[1,{0},{0},3]
    const %w : float32[8,3,3,3] = random 1
    const %v : float32[2,1,1,8] = random 2
    %a = Conv(%x, %w) {{pads=[1,1,1,1], clamp=[0, inf]}}
    %y = Conv(%a, %v)
    output %y
  }})",
                                      side));
  EXPECT_TRUE(graph.ok() && infer(*graph).ok());
  return *assign(*graph, {});
}

TEST(CloseSamples, AreAllOfFew) {
  EXPECT_EQ(close_samples(assignment_of(64), 3), 3);
  EXPECT_EQ(close_samples(assignment_of(1024), 20), 20);
}

TEST(CloseSamples, AreAsManyAsCanBeHeld) {
  EXPECT_EQ(close_samples(assignment_of(64), 1000), 32);
  // Of 140 x 140 pixels: 12 bytes each of the input, 8 of the output, and of two trials 8 + 2 of what is stored.
  const int64_t some = close_samples(assignment_of(140), 1000);
  EXPECT_LT(some, 32);
  EXPECT_GT(some, 20);
  EXPECT_EQ(close_samples(assignment_of(1024), 1000), 20);
}

TEST(CloseSamples, DependOnTheModelAndNotOnHowManyMoreThereAre) {
  EXPECT_EQ(close_samples(assignment_of(140), 100), close_samples(assignment_of(140), 100000));
}

TEST(Segments, BeginWhereWeightsAreMade) {
  const Assignment assignment = assignment_of(8);  // Quantize; Conv; Conv, Dequantize
  std::vector<size_t> ends;
  for (size_t begin = 0; begin < assignment.graph.ops.size(); begin = ends.back())
    ends.push_back(segment_end(assignment, begin));
  EXPECT_EQ(ends, (std::vector<size_t>{1, 2, 4}));
}

}  // namespace
}  // namespace quern
