// The frame of the file: subgraphs, operands, codes, and files that were damaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "quern/file.h"
#include "read/tflite_builder.h"
#include "support/assets.h"

namespace quern::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// relu(x)
struct Small : TfliteBuilder {
  int x = input("x", {1, 2});
  int y = tensor("y", {1, 2});
  Small() { op(Builtin::RELU, {x}, {y}); }
  tfl::OperatorT& relu() { return *subgraph().operators[0]; }
};

TEST(TfliteStructure, InputsOutputsAndOriginAreKept) {
  Small file;
  const auto graph = file.read({file.y});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(graph->name, "main");
  EXPECT_EQ(graph->origin.format, "tflite");
  EXPECT_EQ(graph->origin.producer, "by hand");
  EXPECT_EQ(graph->value(graph->inputs[0]).name, "x");
  EXPECT_EQ(graph->value(graph->outputs[0]).name, "y");
  EXPECT_EQ(graph->ops[0].name, "y");
  EXPECT_EQ(graph->ops[0].source_kind, "RELU");
}

TEST(TfliteStructure, OldFilesNameOperatorsByTheNarrowCode) {
  Small file;
  file.model.operator_codes[0]->builtin_code = 0;
  const auto graph = file.read({file.y});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_EQ(graph->ops[0].kind, OpKind::Relu);
}

TEST(TfliteStructure, OtherSubgraphsAreLeftWithANote) {
  Small file;
  file.model.subgraphs.push_back(std::make_unique<tfl::SubGraphT>());
  const auto graph = file.read({file.y});
  ASSERT_TRUE(graph.ok()) << message(graph);
  EXPECT_THAT(graph->origin.notes, ElementsAre(HasSubstr("2 subgraphs")));
}

struct Bent {
  const char* what;
  void (*bend)(Small&);
  ErrorCode code;
  const char* says;
};

class TfliteStructureRefused : public testing::TestWithParam<Bent> {};

TEST_P(TfliteStructureRefused, BySentence) {
  Small file;
  GetParam().bend(file);
  const auto graph = file.read({file.y});
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, GetParam().code) << message(graph);
  EXPECT_THAT(message(graph), HasSubstr(GetParam().says));
}

constexpr auto kInvalid = ErrorCode::invalid_file;
constexpr auto kUnsupported = ErrorCode::unsupported;

void becomes(Small& f, Builtin code) {
  f.model.operator_codes[0]->builtin_code = static_cast<int>(code);
}

const Bent kBent[] = {
    {"no_subgraph", [](Small& f) { f.model.subgraphs.clear(); }, kInvalid, "no subgraph"},
    {"no_codes", [](Small& f) { f.model.operator_codes.clear(); }, kInvalid, "lists 0 codes"},
    {"code_index", [](Small& f) { f.relu().opcode_index = 5; }, kInvalid, "has the code 5"},
    {"input_index", [](Small& f) { f.relu().inputs = {9}; }, kInvalid, "tensor 9 does not exist"},
    {"input_negative", [](Small& f) { f.relu().inputs = {-2}; }, kInvalid, "tensor -2 does not exist"},
    {"input_absent", [](Small& f) { f.relu().inputs = {-1}; }, kInvalid, "input 0 is absent"},
    {"output_index", [](Small& f) { f.relu().outputs = {9}; }, kInvalid, "tensor 9 does not exist"},
    {"output_absent", [](Small& f) { f.relu().outputs = {-1}; }, kInvalid, "tensor -1 does not exist"},
    {"few_inputs", [](Small& f) { f.relu().inputs = {}; }, kInvalid, "takes at least 1"},
    {"many_inputs",
     [](Small& f) {
       f.relu().inputs = {0, 0};
     },
     kInvalid, "takes at most 1"},
    {"many_outputs",
     [](Small& f) {
       f.relu().outputs = {1, 1};
     },
     kInvalid, "has 2 outputs, but gives 1"},
    {"own_output", [](Small& f) { f.relu().inputs = {1}; }, kInvalid, "before anything makes it"},
    {"writes_input", [](Small& f) { f.relu().outputs = {0}; }, kInvalid, "made twice"},
    {"input_twice",
     [](Small& f) {
       f.subgraph().inputs = {0, 0};
     },
     kInvalid, "made twice"},
    {"graph_input", [](Small& f) { f.subgraph().inputs = {4}; }, kInvalid, "tensor 4 does not exist"},
    {"never_made", [](Small& f) { f.subgraph().operators.clear(); }, kInvalid, "nothing makes tensor 1 'y'"},
    {"options",
     [](Small& f) {
       becomes(f, Builtin::SOFTMAX);
       f.relu().builtin_options.Set(tfl::PackOptionsT());
     },
     kInvalid, "options of another operator"},
    {"custom",
     [](Small& f) {
       becomes(f, Builtin::CUSTOM);
       f.model.operator_codes[0]->custom_code = "TFLite_Detection_PostProcess";
     },
     kUnsupported, "TFLite_Detection_PostProcess 'y': this custom operator"},
    {"flex",
     [](Small& f) {
       becomes(f, Builtin::CUSTOM);
       f.model.operator_codes[0]->custom_code = "FlexErf";
     },
     kUnsupported, "TFLITE_BUILTINS"},
    {"control_flow", [](Small& f) { becomes(f, Builtin::WHILE); }, kUnsupported, "WHILE 'y'"},
    {"state", [](Small& f) { becomes(f, Builtin::READ_VARIABLE); }, kUnsupported, "freeze the variables"},
    {"unread", [](Small& f) { becomes(f, Builtin::CONV_3D); }, kUnsupported, "CONV_3D 'y'"},
    {"unknown", [](Small& f) { becomes(f, static_cast<Builtin>(5000)); }, kUnsupported, "builtin operator 5000"},
};

INSTANTIATE_TEST_SUITE_P(Structure, TfliteStructureRefused, testing::ValuesIn(kBent),
                         [](const auto& tried) { return tried.param.what; });

TEST(TfliteStructure, AModelWithoutOutputsIsRefused) {
  Small file;
  EXPECT_THAT(message(file.read({})), HasSubstr("no outputs"));
}

TEST(TfliteStructure, BytesOfAnotherFormatAreRefused) {
  const std::vector<std::byte> bytes(64);
  EXPECT_THAT(message(read_tflite(bytes, "zeros")), HasSubstr("TFL3"));
}

TEST(TfliteStructure, UnalignedBytesRead) {
  Small file;
  std::vector<std::byte> bytes = file.file({file.y});
  bytes.insert(bytes.begin(), std::byte{0});
  EXPECT_TRUE(read_tflite(std::span(bytes).subspan(1), "unaligned").ok());
}

// A damaged file reads or is refused; the sanitizers of the dev preset watch for anything else.
void survive(const std::vector<std::byte>& whole, unsigned seed, int rounds) {
  std::mt19937 random(seed);
  SCOPED_TRACE("seed " + std::to_string(seed));
  const auto below = [&](size_t limit) { return static_cast<size_t>(random() % limit); };
  for (int i = 0; i < rounds; ++i) {
    const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<int64_t>(below(whole.size())));
    (void)read_tflite(cut, "cut");
    std::vector<std::byte> bent = whole;
    for (size_t flips = 1 + below(4); flips > 0; --flips) {
      const size_t where = below(i % 2 == 0 ? std::min<size_t>(bent.size(), 4096) : bent.size());
      bent[where] ^= static_cast<std::byte>(1U << below(8));
    }
    (void)read_tflite(bent, "bent");
    std::vector<std::byte> blown = whole;
    const std::byte fill = below(2) == 0 ? std::byte{0xff} : std::byte{0x7f};
    std::fill_n(blown.begin() + static_cast<int64_t>(below(blown.size() - 4)), 4, fill);
    (void)read_tflite(blown, "blown up");
  }
}

TEST(TfliteDamage, CutFilesAreRefused) {
  Small file;
  const std::vector<std::byte> whole = file.file({file.y});
  for (size_t length = 0; length < whole.size() / 2; ++length) {
    EXPECT_FALSE(read_tflite(std::span(whole).first(length), "cut").ok()) << length;
  }
}

TEST(TfliteDamage, EveryFlippedBitOfASmallFileIsSurvived) {
  Small file;
  std::vector<std::byte> bytes = file.file({file.y});
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    (void)read_tflite(bytes, "bent");
    bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
  }
  EXPECT_TRUE(read_tflite(bytes, "whole again").ok());
}

class TfliteDamagedAsset : public testing::TestWithParam<const char*> {};

TEST_P(TfliteDamagedAsset, IsSurvived) {
  QUERN_ASSET_OR_SKIP(path, GetParam());
  const auto whole = read_file(path);
  ASSERT_TRUE(whole.ok());
  survive(*whole, 20, 100);
}

INSTANTIATE_TEST_SUITE_P(Damage, TfliteDamagedAsset,
                         testing::Values("misc/split_concat_u8.tflite", "misc/mlperf_tiny_resnet8_cifar10_int8.tflite",
                                         "misc/person_detect_int8.tflite",
                                         "face/yunet_120x160_full_integer_quant.tflite",
                                         "negative/model_invoking_error.tflite"));

}  // namespace
}  // namespace quern::test
