// Channels that a quantizer scaled are compared in the reference's units; a scale that is wrong stays an error.
#include "graph/text.h"
#include "measure/plants.h"

namespace quern {
namespace {

constexpr const char* kNetwork = R"(graph "equalized" {
  input %image : float32[1,16,16,3]
  const %w1 : float32[6,3,3,3] = random 1
  const %b1 : float32[6] = random 2
  const %w2 : float32[6,3,3,1] = random 3
  const %b2 : float32[6] = random 4
  const %w3 : float32[4,1,1,6] = random 5
  const %b3 : float32[4] = random 6
  %first = Conv(%image, %w1, %b1) {pads=[1, 1, 1, 1], clamp=[0, inf]}
  %pool = MaxPool(%first) {kernel=[2, 2], strides=[2, 2]}
  %depth = Conv(%pool, %w2, %b2) {pads=[1, 1, 1, 1], groups=6, clamp=[0, inf]}
  %last = Conv(%depth, %w3, %b3)
  output %last
})";

constexpr float kFactors[] = {4, 1, 0.25F, 10, 0.5F, 3};

Graph network() {
  Graph graph = *parse_text(kNetwork);
  EXPECT_TRUE(infer(graph).ok());
  return graph;
}

void multiply(Graph& graph, const std::string& name, const std::function<float(size_t)>& factor) {
  auto numbers = graph.value(graph.find(name)).constant->mutable_data<float>();
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] *= factor(i);
}

/// The channels of `first` times kFactors; the depthwise convolution behind divides them out when `back`.
Graph scaled(bool back) {
  Graph graph = network();
  multiply(graph, "w1", [](size_t i) { return kFactors[i / 27]; });
  multiply(graph, "b1", [](size_t i) { return kFactors[i]; });
  if (back) multiply(graph, "w2", [](size_t i) { return 1 / kFactors[i / 9]; });
  return graph;
}

Comparison compared(const Graph& candidate) {
  const Graph reference = network();
  const auto samples = test::pictures_for(reference, 3);
  const Graph stored = test::quantized_plainly(candidate, samples, true);
  const auto found = compare(test::as_model(reference), test::as_model(stored), test::data_of(stored, samples));
  EXPECT_TRUE(found.ok()) << (found.ok() ? "" : found.error().message);
  return *found;
}

const LayerComparison& layer(const Comparison& found, const std::string& name) {
  return *std::ranges::find(found.layers, name, &LayerComparison::name);
}

TEST(ChannelFactors, EqualizedChannelsAreComparedInTheReferencesUnits) {
  const Comparison found = compared(scaled(true));
  EXPECT_TRUE(layer(found, "first").equalized);
  EXPECT_TRUE(layer(found, "pool").equalized);
  EXPECT_FALSE(layer(found, "depth").equalized);
  for (const LayerComparison& row : found.layers) {
    EXPECT_GT(row.isolated->sqnr_db, 25) << row.name;
    EXPECT_GT(row.accumulated.sqnr_db, 10) << row.name;  // one scale for channels of 0.25 to 10
    EXPECT_FALSE(row.cause && row.cause->name == "different_weights") << row.name;
  }
  ASSERT_EQ(found.notes.size(), 1U);
  EXPECT_TRUE(found.notes[0].starts_with("the channels of 2 values are scaled")) << found.notes[0];
}

TEST(ChannelFactors, AScaleThatNothingDividesOutStaysAnError) {
  const Comparison found = compared(scaled(false));
  EXPECT_FALSE(layer(found, "first").equalized);
  EXPECT_LT(layer(found, "first").isolated->sqnr_db, 6);
  EXPECT_EQ(found.layers[found.ranking[0]].name, "first");
}

TEST(ChannelFactors, AModelThatIsNotEqualizedHasNone) {
  const Comparison found = compared(network());
  EXPECT_TRUE(std::ranges::none_of(found.layers, &LayerComparison::equalized));
  EXPECT_TRUE(found.notes.empty());
}

}  // namespace
}  // namespace quern
