#include "targets/sim/machine/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "kernels/run_kernel.h"
#include "plan/program_bytes.h"
#include "plan/programs.h"

namespace quern {
namespace {

using test::absent;
using test::noise;
using test::part;
using test::piece;
using test::ProgramMaker;

/// Runs a program on values held in one arena; gives the elements of value `id`.
std::vector<int8_t> run(const ProgramMaker& m, const std::vector<Tensor>& inputs, int32_t id, int threads = 1,
                        int repeat = 1) {
  auto machine = Machine::create(std::make_shared<const Program>(m.program), m.values, best_isa());
  if (!machine.ok()) {
    ADD_FAILURE() << machine.error().message;
    return {};
  }
  const PlanValue& last = m.values.back();
  Tensor arena = *Tensor::make(DType::int8, {last.offset + last.bytes});
  auto* base = static_cast<std::byte*>(arena.mutable_raw());
  std::vector<ValueMemory> memory;
  for (const PlanValue& value : m.values) memory.push_back({base + value.offset, base + value.offset});
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::memcpy(memory[i].write, inputs[i].raw(), static_cast<size_t>(inputs[i].bytes()));
  }
  ThreadPool pool(threads);
  for (int i = 0; i < repeat; ++i) {
    const Status status = machine->run(memory, pool);
    if (!status.ok()) ADD_FAILURE() << status.error().message;
  }
  const PlanValue& value = m.values[static_cast<size_t>(id)];
  const auto* out = reinterpret_cast<const int8_t*>(base + value.offset);
  return {out, out + value.bytes};
}

/// One 3x3 convolution of a picture of 12 x 8 x 16 to 8 channels, in the ways a compiler may cut it.
class Conv : public testing::Test {
 protected:
  static constexpr int64_t kRows = 12, kRow = 8 * 16, kOutRow = 8 * 8;
  const Tensor x = noise({1, kRows, 8, 16}, 1);
  const Tensor weights = noise({8, 3, 3, 16}, 2);
  const Tensor bias = Tensor::of<int32_t>({8}, {-900, 800, 0, 5, -6, 70, 8, 9000});
  const Quantization qx{{0.02f}, {3}, 0}, qy{{0.5f}, {-7}, 0};
  const Quantization qw{{0.01f, 0.02f, 0.03f, 0.04f, 0.05f, 0.06f, 0.07f, 0.08f}, std::vector<int32_t>(8, 0), 0};

  ProgramMaker m;
  int32_t in = m.input("x", x.shape());
  int32_t out = m.output("y", {1, kRows, 8, 8});
  int32_t ix = m.quantization(qx), iw = m.quantization(qw), iy = m.quantization(qy);
  uint32_t constants = 0;  ///< the load of the bias, behind that of the weights

  void SetUp() override {
    m.load_image(weights, 32768);
    constants = m.load_image(bias, 36864);
  }

  static ConvAttrs attrs(int64_t top, int64_t bottom) {
    ConvAttrs a;
    a.pads = {top, 1, bottom, 1};
    return a;
  }
  std::vector<Piece> operands(const Piece& picture) const {
    return {picture, piece(32768, weights.shape(), iw), piece(36864, {8}, -1, DType::int32)};
  }
  std::vector<int8_t> expected() const {
    Tensor tx = x, tw = weights;
    tx.quantization = qx;
    tw.quantization = qw;
    return test::run_one<int8_t>(OpKind::Conv, attrs(1, 1), {tx, test::In::constant(tw), test::In::constant(bias)},
                                 {DType::int8, {1, kRows, 8, 8}, qy}, {.arithmetic = Arithmetic::fixed_rule});
  }
};

TEST_F(Conv, OfOneTileGivesTheKernelsBytes) {
  const auto loaded = m.load(in, 0, 0, kRows * kRow);
  const auto conv =
      m.conv(attrs(1, 1), operands(piece(0, x.shape(), ix)), piece(8192, {1, kRows, 8, 8}, iy), {loaded, constants});
  m.store(out, 0, 8192, kRows * kOutRow, {conv});
  EXPECT_EQ(run(m, {x}, out), expected());
}

TEST_F(Conv, InStripsWithHaloGivesTheSame) {
  const auto loaded = m.load(in, 0, 0, kRows * kRow);
  const Piece picture = piece(0, x.shape(), ix), result = piece(8192, {1, kRows, 8, 8}, iy);
  m.conv(attrs(1, 0), operands(part(picture, 1, 0, 6)), part(result, 1, 0, 5), {loaded, constants});
  m.conv(attrs(0, 0), operands(part(picture, 1, 4, 6)), part(result, 1, 5, 4), {});
  const auto last = m.conv(attrs(0, 1), operands(part(picture, 1, 8, 4)), part(result, 1, 9, 3), {});
  m.store(out, 0, 8192, kRows * kOutRow, {last});
  EXPECT_EQ(run(m, {x}, out), expected());
}

TEST_F(Conv, WithTwoBuffersLoadsTheNextStripMeanwhile) {
  // Strips of 4 rows with their halo: rows 0-4, 3-8, 7-11, in buffers at 0 and 2048, 0 again; results at 8192 and 9216.
  const int64_t first[] = {0, 3, 7}, count[] = {5, 6, 5};
  uint32_t convs[3], stores[3];
  for (size_t i = 0; i < 3; ++i) {
    const int64_t buffer = i % 2 == 0 ? 0 : 2048, result = i % 2 == 0 ? 8192 : 9216;
    const auto waits = i < 2 ? std::vector<uint32_t>{} : std::vector<uint32_t>{convs[0]};
    const auto loaded = m.load(in, first[i] * kRow, buffer, count[i] * kRow, waits);
    std::vector<uint32_t> ready = {loaded, constants};
    if (i == 2) ready.push_back(stores[0]);
    convs[i] = m.conv(attrs(i == 0 ? 1 : 0, i == 2 ? 1 : 0), operands(piece(buffer, {1, count[i], 8, 16}, ix)),
                      piece(result, {1, 4, 8, 8}, iy), ready);
    stores[i] = m.store(out, static_cast<int64_t>(i) * 4 * kOutRow, result, 4 * kOutRow, {convs[i]});
  }
  EXPECT_EQ(run(m, {x}, out), expected());
  const auto machine = Machine::create(std::make_shared<const Program>(m.program), m.values, best_isa());
  const auto& times = machine->report().commands;
  EXPECT_LT(times[convs[1] - 1].start, times[convs[0]].end);  // the second load beside the first convolution
  EXPECT_GE(times[convs[2] - 1].start, times[convs[0]].end);  // the third takes its buffer
}

TEST_F(Conv, FromARowBufferThatWrapsGivesTheSame) {
  // A ring of 8 rows at 0: rows 8-11 take the places of rows 0-3.
  const auto early = m.load(in, 0, 0, 8 * kRow);
  const Piece ring = piece(0, {1, 8, 8, 16}, ix);
  const Piece result = piece(8192, {1, kRows, 8, 8}, iy);
  const auto upper = m.conv(attrs(1, 0), operands(part(ring, 1, 0, 7)), part(result, 1, 0, 6), {early, constants});
  const auto late = m.load(in, 8 * kRow, 0, 4 * kRow, {upper});
  Piece wrapped = part(ring, 1, 5, 3);  // rows 5-7, then 8-11
  wrapped.shape[1] = 7;
  wrapped.wrap_axis = 1;
  wrapped.wrap_at = 3;
  wrapped.wrapped = 0;
  const auto lower = m.conv(attrs(0, 1), operands(wrapped), part(result, 1, 6, 6), {late});
  m.store(out, 0, 8192, kRows * kOutRow, {lower});
  EXPECT_EQ(run(m, {x}, out), expected());
}

TEST_F(Conv, GivesTheSameBytesOnOneAndOnTwoThreadsAndAgain) {
  const auto loaded = m.load(in, 0, 0, kRows * kRow);
  const auto conv =
      m.conv(attrs(1, 1), operands(piece(0, x.shape(), ix)), piece(8192, {1, kRows, 8, 8}, iy), {loaded, constants});
  m.store(out, 0, 8192, kRows * kOutRow, {conv});
  EXPECT_EQ(run(m, {x}, out, 1), run(m, {x}, out, 2, 3));
}

TEST_F(Conv, OfTheSameShapeWithOtherWeightsIsAnotherKernel) {
  const Tensor others = noise({8, 3, 3, 16}, 77);
  const auto loaded = m.load(in, 0, 0, kRows * kRow);
  const Piece picture = piece(0, x.shape(), ix), result = piece(8192, {1, kRows, 8, 8}, iy);
  const auto first = m.conv(attrs(1, 1), operands(picture), result, {loaded, constants});
  const auto changed = m.load_image(others, 32768, {first});
  const auto second = m.conv(attrs(1, 1), operands(picture), result, {changed});
  m.store(out, 0, 8192, kRows * kOutRow, {second});
  const auto got = run(m, {x}, out);
  EXPECT_NE(got, expected());
  Tensor tx = x, tw = others;
  tx.quantization = qx;
  tw.quantization = qw;
  EXPECT_EQ(got,
            test::run_one<int8_t>(OpKind::Conv, attrs(1, 1), {tx, test::In::constant(tw), test::In::constant(bias)},
                                  {DType::int8, {1, kRows, 8, 8}, qy}, {.arithmetic = Arithmetic::fixed_rule}));
}

TEST(Machine, JoinsChannelsByWritingThemInPlace) {
  ProgramMaker m;
  const Tensor a = noise({1, 2, 2, 3}, 1), b = noise({1, 2, 2, 5}, 2);
  const int32_t ia = m.input("a", a.shape()), ib = m.input("b", b.shape());
  const int32_t y = m.output("y", {1, 2, 2, 8});
  const auto la = m.load(ia, 0, 0, 12);
  const auto lb = m.load(ib, 0, 64, 20);
  const Piece joined = piece(128, {1, 2, 2, 8});
  m.vector(OpKind::Identity, {piece(0, a.shape())}, part(joined, 3, 0, 3), {la});
  const auto moved = m.vector(OpKind::Identity, {piece(64, b.shape())}, part(joined, 3, 3, 5), {lb});
  m.store(y, 0, 128, 32, {moved});
  const auto got = run(m, {a, b}, y);
  ASSERT_EQ(got.size(), 32U);
  for (size_t pixel = 0; pixel < 4; ++pixel) {
    for (size_t c = 0; c < 8; ++c) {
      const int8_t want = c < 3 ? a.data<int8_t>()[pixel * 3 + c] : b.data<int8_t>()[pixel * 5 + c - 3];
      EXPECT_EQ(got[pixel * 8 + c], want) << pixel << " " << c;
    }
  }
}

TEST(Machine, ReadsAllOperandsBeforeItWritesInPlace) {
  ProgramMaker m;
  const Tensor x = noise({4, 4}, 5);
  const int32_t in = m.input("x", x.shape()), out = m.output("y", x.shape());
  const auto loaded = m.load(in, 0, 0, 16);
  Computation turn{OpKind::Transpose, TransposeAttrs{{1, 0}}, {piece(0, {4, 4})}, {piece(0, {4, 4})}};
  const auto turned = m.command(Engine::vector, turn, {loaded});
  m.store(out, 0, 0, 16, {turned});
  const auto got = run(m, {x}, out);
  ASSERT_EQ(got.size(), 16U);
  for (size_t i = 0; i < 16; ++i) EXPECT_EQ(got[i], x.data<int8_t>()[i % 4 * 4 + i / 4]);
}

TEST(Machine, MovesRowsAndBlocksOfATransfer) {
  ProgramMaker m;
  Tensor x = *Tensor::make(DType::int8, {2, 3, 4});
  std::iota(x.mutable_data<int8_t>().begin(), x.mutable_data<int8_t>().end(), int8_t{0});
  const int32_t in = m.input("x", x.shape()), out = m.output("y", {2, 2, 2});
  Transfer t = ProgramMaker::row(Space::dram, in, 5, 0, 2);  // rows 1-2, columns 1-2 of both planes
  t.counts = {2, 2, 2};
  t.outside_strides = {12, 4};
  t.scratch_strides = {64, 16};
  const auto loaded = m.command(Engine::load, t);
  Transfer back = ProgramMaker::row(Space::dram, out, 0, 0, 2);
  back.counts = {2, 2, 2};
  back.outside_strides = {4, 2};
  back.scratch_strides = {64, 16};
  m.command(Engine::store, back, {loaded});
  EXPECT_THAT(run(m, {x}, out), testing::ElementsAre(5, 6, 9, 10, 17, 18, 21, 22));
}

TEST(Machine, NamesTheLayerOfACallThatNoKernelComputes) {
  ProgramMaker m;
  m.program.layers[0] = {"odd", "Add", 0, true, ""};
  const int32_t in = m.input("x", {4});
  const auto loaded = m.load(in, 0, 0, 4);
  m.command(Engine::vector, Computation{OpKind::Identity, NoAttrs{}, {piece(0, {4})}, {piece(64, {4}, -1)}}, {loaded});
  const auto machine = Machine::create(std::make_shared<const Program>(m.program), m.values, best_isa());
  ASSERT_FALSE(machine.ok());
  EXPECT_EQ(machine.error().op, "odd");
  EXPECT_THAT(machine.error().message, testing::HasSubstr("command 1"));
}

TEST(Machine, RunsOrRefusesAProgramOfWhichAnyByteIsDamaged) {
  ProgramMaker m(1 << 13);
  const int32_t in = m.input("x", {1, 6, 4, 4}), out = m.output("y", {1, 3, 2, 4});
  const auto loaded = m.load(in, 0, 0, 96);
  const auto weights = m.load_image(noise({4, 3, 3, 1}, 3), 1024);
  ConvAttrs attrs;
  attrs.groups = 4;
  attrs.pads = {1, 1, 1, 1};
  const auto conv =
      m.conv(attrs, {piece(0, {1, 6, 4, 4}), piece(1024, {4, 3, 3, 1})}, piece(2048, {1, 6, 4, 4}), {loaded, weights});
  PoolAttrs window;
  window.kernel = window.strides = {2, 2};
  const auto pooled = m.command(
      Engine::vector,
      Computation{OpKind::AveragePool, window, {piece(2048, {1, 6, 4, 4})}, {piece(4096, {1, 3, 2, 4})}}, {conv});
  m.store(out, 0, 4096, 24, {pooled});
  const auto bytes = write_program(m.program);
  std::vector<std::byte> arena(256);
  const std::vector<ValueMemory> memory = {{arena.data(), arena.data()}, {arena.data() + 128, arena.data() + 128}};
  ThreadPool pool(1);
  int ran = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    auto damaged = bytes;
    damaged[i] ^= std::byte{0x11};
    auto program = read_program(damaged);
    if (!program.ok()) continue;
    auto machine = Machine::create(std::make_shared<const Program>(*std::move(program)), m.values, best_isa());
    if (machine.ok() && machine->run(memory, pool).ok()) ++ran;
  }
  EXPECT_GT(ran, 36);  // at least those with other weights
}

}  // namespace
}  // namespace quern
