// Channels that a quantizer lowered are compared in the reference's units; a bias that is wrong stays an error.
#include <map>

#include "graph/text.h"
#include "measure/plants.h"
#include "quantize/absorb.h"

namespace quern {
namespace {

constexpr const char* kNetwork = R"(graph "absorbed" {
  input %image : float32[1,16,16,3]
  const %w1 : float32[6,3,3,3] = random 1
  const %b1 : float32[6] = [20, 30, 25, 20, 0, 22]
  const %w2 : float32[6,1,1,6] = random 3
  const %b2 : float32[6] = [30, 25, 20, 28, 30, 31]
  const %w3 : float32[4,1,1,6] = random 5
  const %b3 : float32[4] = random 6
  %first = Conv(%image, %w1, %b1) {pads=[1, 1, 1, 1], clamp=[0, inf]}
  %pool = MaxPool(%first) {kernel=[2, 2], strides=[2, 2]}
  %second = Conv(%pool, %w2, %b2) {clamp=[0, inf]}
  %last = Conv(%second, %w3, %b3)
  output %last
})";

Graph network() {
  Graph graph = *parse_text(kNetwork);
  EXPECT_TRUE(infer(graph).ok());
  return graph;
}

using Wishes = std::map<std::string, std::vector<float>>;
const Wishes kBoth = {{"first", {15, 24, 20, 14, 0, 15}}, {"second", {8, 7, 5, 9, 8, 10}}};

/// The network with these offsets taken off and moved on.
Graph absorbing(const Wishes& wishes) {
  Assignment assignment;
  assignment.graph = network();
  const size_t count = assignment.graph.values.size();
  for (size_t id = 0; id < count; ++id) assignment.group.push_back(static_cast<ValueId>(id));
  assignment.stored.assign(count, true);
  assignment.wide.assign(count, false);
  ChannelOffsets wished(count);
  for (const auto& [name, c] : wishes) wished[static_cast<size_t>(assignment.graph.find(name))] = c;
  const auto offsets = absorb(assignment, wished);
  EXPECT_TRUE(offsets.ok() && !offsets->empty());
  return assignment.graph;
}

/// `first` lower by offsets that no bias has.
Graph broken() {
  Graph graph = network();
  auto bias = graph.value(graph.find("b1")).constant->mutable_data<float>();
  for (size_t c = 0; c < bias.size(); ++c) bias[c] -= kBoth.at("first")[c];
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

void expect_good(const Comparison& found, const std::string& note) {
  for (const LayerComparison& row : found.layers) {
    EXPECT_GT(row.isolated->sqnr_db, 30) << row.name;
    EXPECT_GT(row.accumulated.sqnr_db, 20) << row.name;
    EXPECT_FALSE(row.cause && row.cause->name == "bias_mismatch") << row.name;
  }
  ASSERT_EQ(found.notes.size(), 1U);
  EXPECT_TRUE(found.notes[0].starts_with(note)) << found.notes[0];
}

TEST(ChannelOffsets, AbsorbedChannelsAreComparedInTheReferencesUnits) {
  expect_good(compared(absorbing({{"second", kBoth.at("second")}})), "1 value lies lower");
}

TEST(ChannelOffsets, AreToldApartWhereLayersAbsorbOneBehindTheOther) {
  expect_good(compared(absorbing(kBoth)), "3 values lie lower");
}

TEST(ChannelOffsets, ABiasThatNothingBehindMakesGoodStaysAnError) {
  const Comparison found = compared(broken());
  EXPECT_TRUE(found.notes.empty());
  EXPECT_LT(layer(found, "first").isolated->sqnr_db, 12);
  const auto& cause = layer(found, "first").cause;
  EXPECT_TRUE(cause && cause->name == "bias_mismatch") << (cause ? cause->name : "none");
}

TEST(ChannelOffsets, AModelThatAbsorbsNothingHasNone) {
  EXPECT_TRUE(compared(network()).notes.empty());
}

}  // namespace
}  // namespace quern
