#include "quantize/absorb.h"

#include <cmath>
#include <limits>
#include <numeric>

#include "prepare/evaluate.h"
#include "quantize/graphs.h"

namespace quern {
namespace {

/// Every value of its own scale, nothing decided yet.
Assignment assignment_of(const std::string& text) {
  Assignment assignment;
  assignment.graph = graph_of(text);
  const size_t count = assignment.graph.values.size();
  assignment.stored.assign(count, true);
  assignment.wide.assign(count, false);
  assignment.group.resize(count);
  std::iota(assignment.group.begin(), assignment.group.end(), 0);
  return assignment;
}

std::vector<Tensor> run(const Graph& graph, const Tensor& input) {
  std::vector<Tensor> values(graph.values.size());
  for (size_t id = 0; id < values.size(); ++id) {
    if (graph.values[id].constant) values[id] = *graph.values[id].constant;
  }
  values[static_cast<size_t>(graph.inputs[0])] = input;
  for (const Op& op : graph.ops) {
    std::vector<const Tensor*> inputs;
    for (ValueId id : op.inputs) inputs.push_back(&values[static_cast<size_t>(id)]);
    auto results = evaluate(graph, op, inputs);
    EXPECT_TRUE(results.ok()) << results.error().message;
    for (size_t i = 0; i < op.outputs.size(); ++i)
      values[static_cast<size_t>(op.outputs[i])] = std::move((*results)[i]);
  }
  return values;
}

/// Between `low` and `low` + 1.
Tensor numbers(const Shape& shape, float low) {
  Tensor tensor = *Tensor::make(DType::float32, shape);
  uint32_t state = 17;
  for (float& v : tensor.mutable_data<float>()) {
    state = state * 1664525U + 1013904223U;
    v = low + static_cast<float>(state >> 8) / 16777216.0F;
  }
  return tensor;
}

/// What `absorb` makes of the offsets `c` wished for the value `name`.
ChannelOffsets absorbed(Assignment& assignment, const std::string& name, const std::vector<float>& c) {
  ChannelOffsets wished(assignment.graph.values.size());
  wished[static_cast<size_t>(assignment.graph.find(name))] = c;
  auto offsets = absorb(assignment, wished);
  EXPECT_TRUE(offsets.ok()) << (offsets.ok() ? "" : offsets.error().message);
  return *std::move(offsets);
}

/// The channels of `a` are its inputs' plus 2, 0.5 and 3.
constexpr const char* kFirst = R"(
  input %x : float32[1,4,4,3]
  const %one : float32[3,1,1,3] = [1,0,0, 0,1,0, 0,0,1]
  const %bias : float32[3] = [2, 0.5, 3]
  const %v : float32[2,1,1,3] = [1,-2,3, 4,5,-6]
  const %e : float32[2] = [0.25, -0.25]
)";

const std::vector<float> kOffsets = {1.5F, 0, 2.5F};

/// The outputs are as before on inputs that leave every channel above its offset, and `name` is lower by it.
void expect_equivalent(const std::string& text, const std::string& name, const std::vector<float>& c) {
  Assignment assignment = assignment_of(text);
  const Graph before = assignment.graph;
  const ChannelOffsets offsets = absorbed(assignment, name, c);
  ASSERT_FALSE(offsets.empty());
  const Graph& after = assignment.graph;
  const Tensor input = numbers(before.value(before.inputs[0]).shape, 0);
  const auto was = run(before, input);
  const auto is = run(after, input);
  for (ValueId output : before.outputs) {
    const auto r = was[static_cast<size_t>(output)].data<float>();
    const auto q = is[static_cast<size_t>(output)].data<float>();
    for (size_t i = 0; i < r.size(); ++i) EXPECT_NEAR(q[i], r[i], 2e-5F * (1 + std::abs(r[i]))) << i;
  }
  for (size_t id = 0; id < before.values.size(); ++id) {
    if (before.values[id].constant || offsets[id].empty()) continue;
    const auto r = was[id].data<float>();
    const auto q = is[id].data<float>();
    for (size_t i = 0; i < r.size(); ++i)
      EXPECT_NEAR(q[i], r[i] - offsets[id][i % offsets[id].size()], 1e-5F) << before.values[id].name;
  }
}

void expect_refused(const std::string& text, const std::string& name = "a") {
  Assignment assignment = assignment_of(text);
  const auto bias = assignment.graph.value(assignment.graph.find("bias")).constant->clone();
  EXPECT_TRUE(absorbed(assignment, name, kOffsets).empty());
  const auto left = assignment.graph.value(assignment.graph.find("bias")).constant->data<float>();
  for (size_t i = 0; i < left.size(); ++i) EXPECT_EQ(left[i], bias.data<float>()[i]);
}

const std::string kFirstText = kFirst;
const std::string kRelu = kFirstText + "%a = Conv(%x, %one, %bias) {clamp=[0, inf]}\n";

TEST(Absorb, LeavesTheOutputsAsTheyAreWhereNothingFallsBelowZero) {
  expect_equivalent(kRelu + "%y = Conv(%a, %v, %e)\noutput %y\n", "a", kOffsets);
}

TEST(Absorb, GivesADepthwiseReaderItsOwnChannelsOffset) {
  expect_equivalent(kRelu + R"(
    const %d : float32[3,3,3,1] = random 5
    const %f : float32[3] = [0, 1, 2]
    %y = Conv(%a, %d, %f) {groups=3}
    output %y
  )",
                    "a", kOffsets);
}

TEST(Absorb, GoesAlongThroughPoolsConcatsAndFlattening) {
  expect_equivalent(kRelu + R"(
    const %w : float32[5,48] = random 3
    const %f : float32[5] = [0, 1, 2, 3, 4]
    %m = MaxPool(%a) {kernel=[3,3], strides=[2,2], pads=[1,1,1,1]}
    %p = AveragePool(%a) {kernel=[3,3], strides=[2,2], pads=[1,1,1,1]}
    %both = Concat(%m, %p) {axis=3}
    %half = Slice(%both) {starts=[0], ends=[6], axes=[3], steps=[1]}
    %mean = ReduceMean(%half) {axes=[1, 2], keep_dims=false}
    %flat = Reshape(%a) {shape=[1,48]}
    const %u : float32[2,6] = random 9
    const %g : float32[2] = [0, 0]
    %y = FullyConnected(%flat, %w, %f)
    %z = FullyConnected(%mean, %u, %g)
    output %y
    output %z
  )",
                    "a", kOffsets);
}

TEST(Absorb, CutsWhatFallsBelowTheOffset) {
  Assignment assignment = assignment_of(kRelu + "%y = Conv(%a, %v, %e)\noutput %y\n");
  absorbed(assignment, "a", kOffsets);
  const auto values = run(assignment.graph, numbers({1, 4, 4, 3}, -4));
  for (float v : values[static_cast<size_t>(assignment.graph.find("a"))].data<float>()) EXPECT_EQ(v, 0);
}

TEST(Absorb, RefusesAReaderWithPadding) {
  expect_refused(kRelu + R"(
    const %w : float32[2,3,3,3] = random 3
    %y = Conv(%a, %w, %e) {pads=[1,1,1,1]}
    output %y
  )");
}

TEST(Absorb, RefusesOneReaderWithPaddingAmongOthers) {
  expect_refused(kRelu + R"(
    const %w : float32[2,3,3,3] = random 3
    %y = Conv(%a, %v, %e)
    %z = Conv(%a, %w, %e) {pads=[0,0,1,1]}
    output %y
    output %z
  )");
}

TEST(Absorb, RefusesOtherActivationsAndNone) {
  for (const char* clamp : {"", " {clamp=[0, 6]}", " {clamp=[-1, inf]}"})
    expect_refused(kFirstText + "%a = Conv(%x, %one, %bias)" + clamp + "\n%y = Conv(%a, %v, %e)\noutput %y\n");
}

TEST(Absorb, RefusesWhatLeavesTheModelOrIsReadByAnythingElse) {
  expect_refused(kRelu + "%y = Conv(%a, %v, %e)\noutput %a\noutput %y\n");
  expect_refused(kRelu + "%s = Sigmoid(%a)\n%y = Conv(%s, %v, %e)\noutput %y\n");
  expect_refused(kRelu + "%s = Add(%a, %x)\n%y = Conv(%s, %v, %e)\noutput %y\n");
  expect_refused(kRelu + "%s = Pad(%a) {pads=[0,1,1,0,0,0,0,0]}\n%y = Conv(%s, %v, %e)\noutput %y\n");
  expect_refused(kRelu + "%s = AveragePool(%a) {kernel=[3,3], pads=[1,1,1,1], count_include_pad=true}\n" +
                 "%y = Conv(%s, %v, %e)\noutput %y\n");
}

TEST(Absorb, RefusesAReaderWithoutABias) {
  expect_refused(kRelu + "%y = Conv(%a, %v)\noutput %y\n");
}

TEST(Absorb, RefusesWhereAChannelWouldHoldSeveralOffsets) {
  expect_refused(kRelu + "%t = Transpose(%a) {perm=[0,3,1,2]}\n" + R"(
    const %w : float32[2,1,1,4] = random 3
    %y = Conv(%t, %w, %e)
    output %y
  )");
}

TEST(Absorb, RefusesAScaleThatIsDecidedAlready) {
  Assignment assignment = assignment_of(kRelu + "%y = Conv(%a, %v, %e)\noutput %y\n");
  assignment.pins.values.resize(assignment.graph.values.size());
  assignment.pins.values[static_cast<size_t>(assignment.graph.find("a"))] = {{0.1F}, {0}, 0};
  EXPECT_TRUE(absorbed(assignment, "a", kOffsets).empty());
}

}  // namespace
}  // namespace quern
