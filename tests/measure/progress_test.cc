#include <gtest/gtest.h>

#include "graph/infer.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "quern/quantize.h"

namespace quern {
namespace {

TEST(QuantizeProgress, IsToldInSharesOfOne) {
  auto graph = parse_text(R"(graph "test" {
    input %x : float32[1,2,2,3]
    const %w : float32[4,1,1,3] = random 1
    %y = Conv(%x, %w)
    output %y
  })");
  ASSERT_TRUE(graph.ok() && infer(*graph).ok() && verify(*graph).ok());
  const CalibrationData data{8, [](int64_t i) -> Result<std::vector<Tensor>> {
                               Tensor tensor = *Tensor::make(DType::float32, {1, 2, 2, 3});
                               tensor.mutable_data<float>()[static_cast<size_t>(i)] = 1;
                               return std::vector<Tensor>{tensor};
                             }};
  std::vector<std::string> told;
  QuantizeOptions options;
  options.progress = [&](const std::string& what, double share) {
    EXPECT_GE(share, 0);
    EXPECT_LT(share, 1);
    if (told.empty() || told.back() != what) told.push_back(what);
  };
  ASSERT_TRUE(quantize(Model(*std::move(graph), {}), data, options).ok());
  EXPECT_EQ(told, (std::vector<std::string>{"looking closely", "searching", "observing"}));
}

}  // namespace
}  // namespace quern
