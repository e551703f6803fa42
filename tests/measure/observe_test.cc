#include "measure/calibrate/observe.h"

#include <gtest/gtest.h>

#include <cmath>

#include "graph/infer.h"
#include "graph/text.h"
#include "measure/calibrate/ranges.h"
#include "measure/calibrate/taps.h"

namespace quern {
namespace {

Graph graph_of(const std::string& text) {
  auto graph = parse_text("graph \"test\" {\n" + text + "}\n");
  EXPECT_TRUE(graph.ok() && infer(*graph).ok());
  return *std::move(graph);
}

/// Sample i shows the channels i and -10 i.
std::vector<Observations> seen_of(int64_t samples, size_t parts) {
  const Graph graph = graph_of("input %x : float32[1,1,2,2]\n%y = Relu(%x)\noutput %y\n");
  const auto runner = GraphRunner::create(std::make_shared<const Graph>(graph), std::make_shared<ThreadPool>(1));
  const SampleSource source{samples, [](int64_t i) -> Result<std::vector<Tensor>> {
                              const auto v = static_cast<float>(i);
                              return std::vector<Tensor>{Tensor::of<float>({1, 1, 2, 2}, {v, -10 * v, 0, 0})};
                            }};
  return *observe(*runner, {true, false}, source, true, parts);
}

TEST(Observe, PartsTakeTurnsAndTogetherSawEverything) {
  const auto parts = seen_of(6, 3);
  EXPECT_EQ(parts[0][0].range, (Range{-30, 3}));
  EXPECT_EQ(parts[2][0].range, (Range{-50, 5}));
  const auto whole = seen_of(6, 1);
  Observation joined = together(together(parts[0][0], 2, parts[1][0], 2), 4, parts[2][0], 2);
  EXPECT_EQ(joined.range, whole[0][0].range);
  EXPECT_EQ(joined.channels, whole[0][0].channels);
  EXPECT_EQ(joined.histograms[1].counts, whole[0][0].histograms[1].counts);
  EXPECT_NEAR(joined.mean_range.low, whole[0][0].mean_range.low, 1e-5);
}

TEST(Observe, LeavesWhatIsNotWantedEmpty) {
  EXPECT_TRUE(seen_of(6, 1)[0][1].empty());
}

TEST(Observe, CountsZerosApart) {
  const auto whole = seen_of(6, 1);
  EXPECT_EQ(whole[0][0].histograms[0].zeros, 7);  // one a sample, and sample 0's own
}

TEST(Divided, IsWhatDividedChannelsWouldShow) {
  const auto seen = seen_of(6, 1)[0][0];
  const std::vector<float> by = {1, 10};
  const Observation even = divided(seen, by);
  EXPECT_EQ(even.range, (Range{-5, 5}));
  const Tally tally = joined({even}, {0});
  double counted = 0;
  for (double n : tally.histogram.counts) counted += n;
  EXPECT_EQ(counted, 24);
}

TEST(ReaderWeights, GrowWithWhatTheReaderMakesOfAnError) {
  const Graph graph = graph_of(R"(
    input %x : float32[1,2,2,2]
    const %w : float32[2,1,1,2] = [1, 0, 0, 1]
    const %v : float32[1,1,1,2] = [3, 1]
    %a = Conv(%x, %w)
    %b = Relu(%a)
    %y = Conv(%b, %v)
    output %y
  )");
  const auto weights = reader_weights(graph);
  ASSERT_TRUE(weights.ok());
  const auto& own = (*weights)[static_cast<size_t>(graph.find("b"))];
  ASSERT_EQ(own.size(), 2);
  EXPECT_FLOAT_EQ(own[0] / own[1], 9);
  EXPECT_TRUE((*weights)[static_cast<size_t>(graph.find("x"))].empty());  // an input's channels are nobody's to weigh
}

TEST(ChooseRange, ReadersDecideWhatAnOutlierIsWorth) {
  Observations seen(1);
  seen[0].range = {0, 10};
  seen[0].channels = {{0, 1}, {0, 10}};
  seen[0].histograms = {{{0, 1}, std::vector<double>(100, 1000), 0}, {{0, 10}, std::vector<double>(100, 10), 0}};
  const auto high = [&](float first, float second) {
    RangeOptions options;
    options.method = Calibration::mse;
    return choose_range(joined(seen, {0}, {{first, second}}), options).high;
  };
  EXPECT_LT(high(100, 0.001F), 4);
  EXPECT_GT(high(0.001F, 100), 8);
}

TEST(Taps, MeetTheSameInCodesAsInReals) {
  const Graph graph = graph_of(R"(
    input %x : float32[1,3,4,2]
    const %w : float32[1,3,3,2] = random 1
    %y = Conv(%x, %w) {pads=[1,1,1,1], strides=[2,1]}
    output %y
  )");
  Tensor stored = *Tensor::make(DType::int8, {1, 3, 4, 2});
  stored.quantization = {{0.5F}, {-3}, 0};
  Tensor real = *Tensor::make(DType::float32, {1, 3, 4, 2});
  for (size_t i = 0; i < 24; ++i) {
    const auto code = static_cast<int8_t>(i * 7 % 50 - 20);
    stored.mutable_data<int8_t>()[i] = code;
    real.mutable_data<float>()[i] = 0.5F * static_cast<float>(code + 3);
  }
  const Taps taps(graph, graph.ops[0]);
  const TapMeans a = taps.means(stored);
  const TapMeans b = taps.means(real);
  ASSERT_EQ(a.mean.size(), 18);
  for (size_t i = 0; i < a.mean.size(); ++i) EXPECT_NEAR(a.mean[i], b.mean[i], 1e-5) << i;
}

}  // namespace
}  // namespace quern
