#include "quantize/equalize.h"

#include "quantize/graphs.h"

namespace quern {
namespace {

TEST(ChannelClasses, FollowAChannelShuffle) {
  const Graph graph = graph_of(R"(
    input %x : float32[1,2,2,3]
    const %w : float32[4,1,1,3] = random 1
    const %v : float32[2,1,1,4] = random 2
    %a = Conv(%x, %w)
    %split = Reshape(%a) {shape=[4,2,2]}
    %turned = Transpose(%split) {perm=[0,2,1]}
    %shuffled = Reshape(%turned) {shape=[1,2,2,4]}
    %y = Conv(%shuffled, %v)
    output %y
  )");
  const auto classes = ChannelClasses::find(graph);
  ASSERT_TRUE(classes.ok()) << classes.error().message;
  const auto& before = classes->of(graph.find("a"));
  const auto& after = classes->of(graph.find("shuffled"));
  ASSERT_EQ(before.size(), 4U);
  EXPECT_EQ(after, (std::vector<int>{before[0], before[2], before[1], before[3]}));
  EXPECT_NE(before[0], before[1]);
}

TEST(ChannelClasses, TieBothSidesOfAnAddition) {
  const Graph graph = graph_of(R"(
    input %x : float32[1,2,2,3]
    const %w : float32[4,1,1,3] = random 1
    const %v : float32[2,1,1,4] = random 2
    %a = Conv(%x, %w)
    %b = Conv(%x, %w)
    %c = Add(%a, %b)
    %y = Conv(%c, %v)
    output %y
  )");
  const auto classes = ChannelClasses::find(graph);
  EXPECT_EQ(classes->of(graph.find("a")), classes->of(graph.find("b")));
  EXPECT_NE(classes->of(graph.find("a"))[0], ChannelClasses::kFixed);
}

TEST(ChannelClasses, FixInputsOutputsAndWhatIsNotHomogeneous) {
  const Graph graph = graph_of(R"(
    input %x : float32[1,2,2,3]
    const %w : float32[4,1,1,3] = random 1
    const %v : float32[2,1,1,4] = random 2
    %a = Conv(%x, %w)
    %s = Sigmoid(%a)
    %y = Conv(%s, %v)
    output %y
  )");
  const auto classes = ChannelClasses::find(graph);
  for (const char* name : {"x", "a", "s", "y"}) {
    for (int cls : classes->of(graph.find(name))) EXPECT_EQ(cls, ChannelClasses::kFixed) << name;
  }
}

TEST(ChannelClasses, KnowTheCeilingOfARelu6) {
  const Graph graph = graph_of(R"(
    input %x : float32[1,2,2,3]
    const %w : float32[4,1,1,3] = random 1
    const %v : float32[2,1,1,4] = random 2
    %a = Conv(%x, %w) {clamp=[0, 6]}
    %y = Conv(%a, %v)
    output %y
  )");
  const auto classes = ChannelClasses::find(graph);
  EXPECT_EQ(classes->ceiling(classes->of(graph.find("a"))[0]), 6);
}

/// Channel 1 of `a` is a hundredth of channel 0.
constexpr const char* kUneven = R"(
  input %x : float32[1,1,1,1]
  const %w : float32[2,1,1,1] = [1, 0.01]
  const %bias : float32[2] = [0.5, 0.005]
  const %v : float32[1,1,1,2] = [1, 1]
  %a = Conv(%x, %w, %bias) {clamp=[0, inf]}
  %y = Conv(%a, %v)
  output %y
)";

TEST(Equalize, MakesWeakChannelsStrongAndTheirReadersWeak) {
  auto assignment = assign(graph_of(kUneven), {});
  ASSERT_TRUE(assignment.ok());
  std::vector<std::vector<Range>> channels(assignment->graph.values.size());
  channels[static_cast<size_t>(assignment->graph.find("a"))] = {{0, 1}, {0, 0.01F}};
  const auto factors = equalize(*assignment, channels, {.strength = 1, .care = 0, .margin = 2, .floor = 0.001F});
  ASSERT_TRUE(factors.ok());
  const Graph& graph = assignment->graph;
  const auto w = graph.value(graph.find("w")).constant->data<float>();
  const auto b = graph.value(graph.find("bias")).constant->data<float>();
  const auto v = graph.value(graph.find("v")).constant->data<float>();
  EXPECT_FLOAT_EQ(w[0], 1);
  EXPECT_FLOAT_EQ(w[1], 0.5F);  // 0.01 / (0.01 * margin)
  EXPECT_FLOAT_EQ(b[1], 0.25F);
  EXPECT_FLOAT_EQ(v[1], 0.02F);
  EXPECT_FLOAT_EQ((*factors)[static_cast<size_t>(graph.find("a"))][1], 0.02F);
}

}  // namespace
}  // namespace quern
