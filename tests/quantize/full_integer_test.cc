// Full-integer models: what is stored, which scales are demanded, and what the edges become.
#include "quantize/full_integer.h"

#include "quantize/assign.h"
#include "quantize/graphs.h"

namespace quern {
namespace {

Assignment assigned(const std::string& text, std::vector<std::string> loose = {}) {
  AssignOptions options;
  options.full_integer = true;
  options.loose = std::move(loose);
  auto assignment = assign(graph_of(text), options);
  if (!assignment.ok()) {
    ADD_FAILURE() << assignment.error().message;
    return {};
  }
  return *std::move(assignment);
}

size_t id_of(const Assignment& a, const std::string& name) {
  const ValueId id = a.graph.find(name);
  if (id != kNoValue) return static_cast<size_t>(id);
  ADD_FAILURE() << "no value " << name;
  return 0;
}

bool stored(const Assignment& a, const std::string& name) {
  return a.stored[id_of(a, name)];
}

constexpr const char* kConv = R"(
  input %x : float32[1,4,4,3]
  const %w : float32[8,1,1,3] = random 1
  %a = Conv(%x, %w)
)";

std::string with_conv(const std::string& rest) {
  return kConv + rest;
}

TEST(FullInteger, StoresTheTailToo) {
  const Assignment a = assigned(with_conv("%r = ReduceMean(%a) {axes=[1, 2]}\n%y = Softmax(%r) {axis=3}\noutput %y\n"));
  EXPECT_TRUE(stored(a, "x_quantized"));
  EXPECT_TRUE(stored(a, "a"));
  EXPECT_TRUE(stored(a, "r"));
  EXPECT_TRUE(stored(a, "y_quantized"));
}

TEST(FullInteger, StoresWhatSigmoidReads) {
  EXPECT_TRUE(stored(assigned(with_conv("%y = Sigmoid(%a)\noutput %y\n")), "a"));
}

TEST(FullInteger, LeavesWhatHasNoInt8KernelInFloatAndStoresItsResultForTheOutput) {
  const Assignment a = assigned(with_conv("%b = Sqrt(%a)\n%y = Div(%b, %a)\noutput %y\n"));
  EXPECT_TRUE(stored(a, "a"));
  EXPECT_FALSE(stored(a, "b"));
  EXPECT_TRUE(stored(a, "y_quantized"));
  EXPECT_EQ(a.graph.ops[op_named(a.graph, "y")].inputs[1], a.graph.find("a_dequantized"));
}

TEST(FullInteger, DemandsTheScalesOfTflitesKernels) {
  const Assignment a = assigned(with_conv("%s = Sigmoid(%a)\n%t = Tanh(%a)\n%y = Add(%s, %t)\noutput %y\n"));
  EXPECT_EQ(a.demanded[id_of(a, "s")], (Quantization{{1.0F / 256}, {-128}, 0}));
  EXPECT_EQ(a.demanded[id_of(a, "t")], (Quantization{{1.0F / 128}, {0}, 0}));
  EXPECT_TRUE(a.demanded[id_of(a, "y_quantized")].empty());
}

TEST(FullInteger, ADemandHoldsForWhatMovesTheValue) {
  const Assignment a =
      assigned(with_conv("%s = Sigmoid(%a)\n%t = Sigmoid(%x)\n%r = Reshape(%s) {shape=[1, 128]}\n"
                         "%u = Reshape(%t) {shape=[1, 48]}\n%y = Concat(%r, %u) {axis=1}\noutput %y\n"));
  EXPECT_EQ(a.demanded[id_of(a, "y_quantized")].scales, std::vector<float>{1.0F / 256});
}

TEST(FullInteger, RoundsADemandedScaleOnceMoreBeforeItJoinsOthers) {
  const Assignment a = assigned(with_conv("%s = Sigmoid(%a)\n%y = Concat(%s, %a) {axis=3}\noutput %y\n"));
  const Op& concat = a.graph.ops[op_named(a.graph, "y")];
  EXPECT_EQ(concat.inputs[0], a.graph.find("s_requantized"));
  EXPECT_EQ(a.group[id_of(a, "s_requantized")], a.group[id_of(a, "a")]);
  EXPECT_NE(a.group[id_of(a, "s")], a.group[id_of(a, "a")]);
  EXPECT_FALSE(a.demanded[id_of(a, "s")].empty());
  EXPECT_TRUE(a.demanded[id_of(a, "a")].empty());
}

TEST(FullInteger, TiesAveragePoolsAndMaximaAsTflitesKernelsDo) {
  const Assignment a =
      assigned(with_conv("%p = AveragePool(%a) {kernel=[2, 2]}\n%q = MaxPool(%a) {kernel=[2, 2]}\n"
                         "%y = Max(%p, %q)\noutput %y\n"));
  EXPECT_EQ(a.group[id_of(a, "p")], a.group[id_of(a, "a")]);
  EXPECT_EQ(a.group[id_of(a, "y_quantized")], a.group[id_of(a, "a")]);
}

TEST(FullInteger, StoresConstantsThatStandBesideData) {
  const Assignment a = assigned(with_conv("const %c : float32[8] = random 3\n%y = Mul(%a, %c)\noutput %y\n"));
  EXPECT_TRUE(stored(a, "c_quantized"));
  EXPECT_TRUE(a.whole[id_of(a, "c_quantized")]);
  EXPECT_TRUE(a.whole[id_of(a, "x_quantized")]);
  EXPECT_FALSE(a.whole[id_of(a, "a")]);
}

TEST(FullInteger, KeepsLooseJoinsFloatToTheOutput) {
  const std::string text =
      with_conv("%b = Relu(%a)\n%j = Concat(%a, %b) {axis=3}\n%y = Reshape(%j) {shape=[1, 256]}\noutput %y\n");
  EXPECT_TRUE(stored(assigned(text), "y_quantized"));
  const Assignment a = assigned(text, {"j"});
  EXPECT_TRUE(stored(a, "a"));
  EXPECT_FALSE(stored(a, "j"));
  EXPECT_FALSE(stored(a, "y"));
  EXPECT_NE(a.group[id_of(a, "a")], a.group[id_of(a, "b")]);
}

TEST(FullInteger, SpellsSwishAndHardSigmoidInOperatorsThatHaveKernels) {
  Graph graph = graph_of(
      "input %x : float32[4]\n%s = Swish(%x) {alpha=1}\n%y = HardSigmoid(%s) {alpha=0.166666667, "
      "beta=0.5}\noutput %y\n");
  ASSERT_TRUE(spell_out(graph).ok());
  std::string kinds;
  for (const Op& op : graph.ops) kinds += std::string(info(op.kind).name) + " ";
  EXPECT_EQ(kinds, "Sigmoid Mul Add Mul ");
  EXPECT_EQ(std::get<ClampAttrs>(graph.ops[2].attrs).clamp, (Clamp{0, 6}));
}

constexpr const char* kEdges = R"(
  input %x : float32[1,3,4,5]
  %q = Quantize(%x) : int8[1,3,4,5] quant(0.1, 3)
  %t = Transpose(%q) {perm=[0, 2, 3, 1]} : int8[1,4,5,3] quant(0.1, 3)
  %m = MaxPool(%t) {kernel=[1, 1]} : int8[1,4,5,3] quant(0.1, 3)
  %u = Transpose(%m) {perm=[0, 3, 1, 2]} : int8[1,3,4,5] quant(0.1, 3)
  %y = Dequantize(%u)
  output %y
)";

TEST(FullInteger, EdgesBecomeIntegerUnderTheirNames) {
  Graph graph = graph_of(kEdges);
  std::vector<std::string> notes;
  make_edges_integer(graph, notes);
  EXPECT_EQ(graph.value(graph.inputs[0]).name, "x");
  EXPECT_EQ(graph.value(graph.inputs[0]).dtype, DType::int8);
  EXPECT_EQ(graph.value(graph.inputs[0]).quantization.zero_points, std::vector<int32_t>{3});
  EXPECT_EQ(graph.value(graph.outputs[0]).name, "y");
  EXPECT_EQ(graph.value(graph.outputs[0]).dtype, DType::int8);
  EXPECT_EQ(graph.ops.size(), 3U);
  EXPECT_TRUE(notes.empty());
}

TEST(FullInteger, EdgesGetTheirChannelsLastAndSaySo) {
  Graph graph = graph_of(kEdges);
  std::vector<std::string> notes;
  make_edges_integer(graph, notes);
  make_edges_channels_last(graph, notes);
  EXPECT_EQ(graph.value(graph.inputs[0]).shape, (Shape{1, 4, 5, 3}));
  EXPECT_EQ(graph.value(graph.outputs[0]).shape, (Shape{1, 4, 5, 3}));
  ASSERT_EQ(graph.ops.size(), 1U);
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_EQ(notes[0],
            "input 'x' is 1x4x5x3 here, channels last as TFLite's are; it is 1x3x4x5 in the model that was read");
}

TEST(FullInteger, SaysWhichOutputsStayFloat) {
  Graph graph = graph_of("input %x : float32[4]\n%y = Relu(%x)\noutput %y\n");
  std::vector<std::string> notes;
  make_edges_integer(graph, notes);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0], "output 'y' stays float32");
}

}  // namespace
}  // namespace quern
