#include "plan/program_bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/attr_bytes.h"
#include "plan/program_check.h"
#include "programs.h"

namespace quern {
namespace {

using test::absent;
using test::piece;
using test::ProgramMaker;

/// Something of everything: a bias that is absent, a wrap, every engine, per-axis scales, an image, a fused layer.
ProgramMaker rich() {
  ProgramMaker m;
  m.program.mode = "112";
  m.program.figures.efficiency = 0.75;
  m.program.figures.fold_kernel_row = true;
  m.program.layers.push_back({"act\"é", "Relu", 5, false, "first"});
  const int32_t x = m.input("x", {1, 8, 8, 16}), y = m.output("y", {1, 8, 8, 8});
  const int32_t per_axis = m.quantization({std::vector<float>(8, 0.25f), std::vector<int32_t>(8, 0), 0});
  const auto loaded = m.load(x, 0, 0, 1024);
  const auto weights = m.load_image(test::noise({8, 3, 3, 16}, 1), 4096);
  ConvAttrs attrs;
  attrs.pads = {1, 1, 1, 1};
  attrs.clamp = {-1.5f, 6};
  Piece picture = piece(0, {1, 8, 8, 16});
  picture.wrap_axis = 1;
  picture.wrap_at = 3;
  picture.wrapped = 3 * 8 * 16;
  const auto conv = m.conv(attrs, {picture, piece(4096, {8, 3, 3, 16}, per_axis), absent()}, piece(8192, {1, 8, 8, 8}),
                           {loaded, weights});
  const auto relu = m.vector(OpKind::Relu, {piece(8192, {1, 8, 8, 8})}, piece(8192, {1, 8, 8, 8}), {conv}, 1);
  m.store(y, 0, 8192, 512, {relu});
  return m;
}

TEST(ProgramBytes, AreReadBackAndWrittenTheSame) {
  const ProgramMaker m = rich();
  ASSERT_TRUE(check_program(m.program, m.values).ok()) << check_program(m.program, m.values).error().message;
  const auto bytes = write_program(m.program);
  const auto read = read_program(bytes);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(write_program(*read), bytes);
  EXPECT_EQ(read->target, "sim:test");
  EXPECT_EQ(read->mode, "112");
  EXPECT_EQ(read->figures, m.program.figures);
  EXPECT_EQ(read->scratch_used, m.program.scratch_used);
  EXPECT_EQ(read->reads, m.program.reads);
  EXPECT_EQ(read->writes, m.program.writes);
  EXPECT_EQ(read->quantizations, m.program.quantizations);
  EXPECT_EQ(read->image, m.program.image);
  ASSERT_EQ(read->layers.size(), 2U);
  EXPECT_EQ(read->layers[1].name, "act\"é");
  EXPECT_EQ(read->layers[1].fused_into, "first");
  EXPECT_FALSE(read->layers[1].overhead);
  ASSERT_EQ(read->commands.size(), m.program.commands.size());
  EXPECT_EQ(read->commands[2].waits, (std::vector<uint32_t>{0, 1}));
  const auto& c = std::get<Computation>(read->commands[2].body);
  EXPECT_EQ(c.kind, OpKind::Conv);
  EXPECT_EQ(std::get<ConvAttrs>(c.attrs).pads, (Pads{1, 1, 1, 1}));
  EXPECT_EQ(std::get<ConvAttrs>(c.attrs).clamp, (Clamp{-1.5f, 6}));
  EXPECT_EQ(c.inputs[0].wrapped, 384);
  EXPECT_EQ(c.inputs[2].address, -1);
}

TEST(ProgramBytes, BeginAsTheLayoutIsDrawn) {
  const auto bytes = write_program(rich().program);
  const auto at = [&](size_t i) { return std::to_integer<int>(bytes[i]); };
  EXPECT_EQ(std::string({char(at(0)), char(at(1)), char(at(2)), char(at(3))}), "QNPU");
  EXPECT_EQ(at(4), 1);  // version
  EXPECT_EQ(at(8), 8);  // bytes of "sim:test"
  EXPECT_EQ(at(12), 's');
  EXPECT_EQ(bytes.size() % 64, 1152 % 64);  // the image ends it, from a multiple of 64 on
}

TEST(ProgramBytes, CutAnywhereAreRefused) {
  const auto bytes = write_program(rich().program);
  for (size_t n = 0; n < bytes.size(); ++n) {
    const auto read = read_program({bytes.data(), n});
    ASSERT_FALSE(read.ok()) << n;
    EXPECT_EQ(read.error().code, ErrorCode::invalid_file) << n;
  }
}

TEST(ProgramBytes, DamagedAnywhereAreRefusedOrAnotherProgram) {
  const ProgramMaker m = rich();
  const auto bytes = write_program(m.program);
  int refused = 0, unsound = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      auto damaged = bytes;
      damaged[i] ^= static_cast<std::byte>(flip);
      const auto read = read_program(damaged);
      if (!read.ok()) {
        ++refused;
        continue;
      }
      if (!check_program(*read, m.values).ok()) ++unsound;
      EXPECT_TRUE(write_program(*read) == damaged || i < bytes.size() - 1152) << i;
    }
  }
  EXPECT_GT(refused, 300);
  EXPECT_GT(unsound, 300);
}

TEST(ProgramBytes, OfAnotherVersionAreUnsupported) {
  auto bytes = write_program(rich().program);
  bytes[4] = std::byte{2};
  EXPECT_EQ(read_program(bytes).error().code, ErrorCode::unsupported);
}

TEST(ProgramBytes, BehindTheEndAreRefused) {
  auto bytes = write_program(rich().program);
  bytes.push_back(std::byte{0});
  EXPECT_THAT(read_program(bytes).error().message, testing::HasSubstr("left over"));
}

TEST(ProgramBytes, HoldTheAttributesOfEveryKind) {
  for (int k = 0; k < kOpCount; ++k) {
    const auto kind = static_cast<OpKind>(k);
    ByteWriter out;
    write_attrs(default_attrs(kind), out);
    ByteReader in(out.bytes(), "attributes");
    ByteWriter again;
    write_attrs(read_attrs(kind, in), again);
    EXPECT_FALSE(in.failed()) << info(kind).name;
    EXPECT_EQ(in.left(), 0U) << info(kind).name;
    EXPECT_EQ(again.bytes(), out.bytes()) << info(kind).name;
  }
}

TEST(ProgramBytes, RefuseAnEnumeratorThatDoesNotExist) {
  ByteWriter out;
  PadAttrs attrs;
  attrs.mode = static_cast<PadMode>(5);
  write_attrs(attrs, out);
  ByteReader in(out.bytes(), "attributes");
  read_attrs(OpKind::Pad, in);
  EXPECT_TRUE(in.failed());
}

}  // namespace
}  // namespace quern
