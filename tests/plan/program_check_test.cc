#include "plan/program_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "programs.h"

namespace quern {
namespace {

using test::absent;
using test::part;
using test::piece;
using test::ProgramMaker;

/// x and weights in, a convolution, a look-up in place, y out: one command of each engine and two loads.
///   0 load x -> 0   1 load weights -> 4096   2 conv -> 8192   3 Relu in place   4 store y
ProgramMaker sound() {
  ProgramMaker m;
  const int32_t x = m.input("x", {1, 8, 8, 16});
  const int32_t y = m.output("y", {1, 8, 8, 8});
  const auto loaded = m.load(x, 0, 0, 1024);
  const auto weights = m.load_image(test::noise({8, 3, 3, 16}, 1), 4096);
  ConvAttrs attrs;
  attrs.pads = {1, 1, 1, 1};
  const auto conv = m.conv(attrs, {piece(0, {1, 8, 8, 16}), piece(4096, {8, 3, 3, 16})}, piece(8192, {1, 8, 8, 8}),
                           {loaded, weights});
  const auto relu = m.vector(OpKind::Relu, {piece(8192, {1, 8, 8, 8})}, piece(8192, {1, 8, 8, 8}), {conv});
  m.store(y, 0, 8192, 512, {relu});
  return m;
}

struct Damage {
  const char* says;  ///< part of the refusal
  std::function<void(ProgramMaker&)> make;
};

void PrintTo(const Damage& damage, std::ostream* out) {
  *out << damage.says;
}

class ADamagedProgram : public testing::TestWithParam<Damage> {};

TEST(ProgramCheck, PassesASoundProgram) {
  const ProgramMaker m = sound();
  const Status status = check_program(m.program, m.values);
  EXPECT_TRUE(status.ok()) << status.error().message;
}

TEST_P(ADamagedProgram, IsRefusedWithTheReason) {
  ProgramMaker m = sound();
  GetParam().make(m);
  const Status status = check_program(m.program, m.values);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::invalid_file);
  EXPECT_THAT(status.error().message, testing::HasSubstr(GetParam().says));
}

constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();

const Damage kHead[] = {
    {"scratch memory of -1", [](auto& m) { m.program.scratch_bytes = -1; }},
    {"scratch memory of", [](auto& m) { m.program.scratch_bytes = kHuge; }},
    {"uses 65537 bytes", [](auto& m) { m.program.scratch_used = 65537; }},
    {"figure clock_hz", [](auto& m) { m.program.figures.clock_hz = 0; }},
    {"figure efficiency", [](auto& m) { m.program.figures.efficiency = std::numeric_limits<double>::quiet_NaN(); }},
    {"figure gi", [](auto& m) { m.program.figures.gi = 0; }},
    {"figure dma_latency_cycles", [](auto& m) { m.program.figures.dma_latency_cycles = -1; }},
    {"arithmetic", [](auto& m) { m.program.arithmetic = static_cast<Arithmetic>(2); }},
    {"1 scales and 0 zero points", [](auto& m) { m.program.quantizations[0].zero_points.clear(); }},
    {"the scale 0", [](auto& m) { m.program.quantizations[0].scales[0] = 0; }},
    {"names value 2", [](auto& m) { m.program.reads.push_back(2); }},
    {"names value -1", [](auto& m) { m.program.writes.push_back(-1); }},
    {"value 0 twice", [](auto& m) { m.program.reads.push_back(0); }},
    {"'y', which is a constant", [](auto& m) { m.values[1].constant = 0; }},
    {"lies over 'x'", [](auto& m) { m.values[1].offset = 1023; }},
    {"negative number of", [](auto& m) { m.program.layers[0].macs = -1; }},
    {"names no engine", [](auto& m) { m.program.commands[0].engine = static_cast<Engine>(4); }},
    {"layer 1, but there are 1", [](auto& m) { m.program.commands[2].layer = 1; }},
    {"waits for command 2, which does not come before", [](auto& m) { m.program.commands[2].waits = {2}; }},
    {"waits for command 0 of its own", [](auto& m) { m.program.commands[1].waits = {0}; }},
};

const Damage kTransfers[] = {
    {"does not transfer", [](auto& m) { m.program.commands[0].engine = Engine::vector; }},
    {"count 0", [](auto& m) { m.transfer(0).counts[1] = 0; }},
    {"count", [](auto& m) { m.transfer(0).counts[2] = kHuge; }},
    {"bytes 0…1024 are beyond the 1024 bytes outside", [](auto& m) { m.transfer(0).counts[2] = 1025; }},
    {"bytes 1…1024 are beyond", [](auto& m) { m.transfer(0).outside = 1; }},
    {"offset outside -1", [](auto& m) { m.transfer(0).outside = -1; }},
    {"stride outside", [](auto& m) { m.transfer(0).outside_strides[0] = -1; }},
    {"stride in scratch", [](auto& m) { m.transfer(0).scratch_strides[1] = kHuge; }},
    {"address -64", [](auto& m) { m.transfer(0).scratch = -64; }},
    {"bytes of scratch", [](auto& m) { m.transfer(0).scratch = 65536 - 1023; }},
    {"rows of 512 bytes overlap",
     [](auto& m) {
       m.transfer(0).counts = {1, 2, 512};
       m.transfer(0).outside_strides = {0, 512};
       m.transfer(0).scratch_strides = {0, 511};
     }},
    {"its outside strides",
     [](auto& m) {
       m.transfer(4).counts = {2, 1, 256};
       m.transfer(4).scratch_strides = {256, 0};
     }},
    {"names no memory", [](auto& m) { m.transfer(0).space = static_cast<Space>(2); }},
    {"to the image", [](auto& m) { m.transfer(4).space = Space::image; }},
    {"1152 bytes outside", [](auto& m) { m.transfer(1).outside = 1; }},
    {"stores to value 0", [](auto& m) { m.transfer(4).value = 0; }},
    {"loads value 7", [](auto& m) { m.transfer(0).value = 7; }},
};

const Damage kPieces[] = {
    {"does not compute", [](auto& m) { m.program.commands[2].engine = Engine::vector; }},
    {"does not compute", [](auto& m) { m.computation(2).kind = OpKind::TopK; }},
    {"does not compute", [](auto& m) { m.computation(2).kind = static_cast<OpKind>(9999); }},
    {"attributes of another kind", [](auto& m) { m.computation(2).attrs = NoAttrs{}; }},
    {"strides 0", [](auto& m) { std::get<ConvAttrs>(m.computation(2).attrs).strides[0] = 0; }},
    {"pads 5000", [](auto& m) { std::get<ConvAttrs>(m.computation(2).attrs).pads[3] = 5000; }},
    {"8 channels in 3 groups",
     [](auto& m) {
       std::get<ConvAttrs>(m.computation(2).attrs).groups = 3;
       m.computation(2).inputs[0].shape[3] = 8;
     }},
    {"its output 0 has the shape 1x8x8x8, but its operands give 1x7x8x8",
     [](auto& m) { std::get<ConvAttrs>(m.computation(2).attrs).pads[0] = 0; }},
    {"address -2", [](auto& m) { m.computation(2).inputs[0].address = -2; }},
    {"beyond the 65536 bytes", [](auto& m) { m.computation(2).inputs[0].address = 65536 - 1023; }},
    {"input 0: its extent 0", [](auto& m) { m.computation(2).inputs[0].shape[1] = 0; }},
    {"its extent", [](auto& m) { m.computation(2).inputs[0].shape[1] = kHuge; }},
    {"its stride", [](auto& m) { m.computation(2).inputs[0].strides[1] = kHuge; }},
    {"its stride 15 of axis 2", [](auto& m) { m.computation(2).inputs[0].strides[2] = 15; }},
    {"its stride 2 of axis 3", [](auto& m) { m.computation(2).inputs[0].strides[3] = 2; }},
    {"4 axes and 3 strides", [](auto& m) { m.computation(2).inputs[0].strides.pop_back(); }},
    {"element type", [](auto& m) { m.computation(2).inputs[0].dtype = static_cast<DType>(12); }},
    {"names quantization 1", [](auto& m) { m.computation(2).inputs[0].quantization = 1; }},
    {"names quantization -2", [](auto& m) { m.computation(2).inputs[0].quantization = -2; }},
    {"zero point 128", [](auto& m) { m.program.quantizations[0].zero_points[0] = 128; }},
    {"an activation has 8 scales",
     [](auto& m) {
       m.computation(3).outputs[0].quantization =
           m.quantization({std::vector<float>(8, 1), std::vector<int32_t>(8, 0), 3});
     }},
    {"7 scales along axis 0",
     [](auto& m) {
       m.computation(2).inputs[1].quantization =
           m.quantization({std::vector<float>(7, 1), std::vector<int32_t>(7, 0), 0});
     }},
    {"without a scale", [](auto& m) { m.computation(3).outputs[0].quantization = -1; }},
    {"wraps along axis 4", [](auto& m) { m.computation(2).inputs[0].wrap_axis = 4; }},
    {"wrap 8",
     [](auto& m) {
       m.computation(2).inputs[0].wrap_axis = 1;
       m.computation(2).inputs[0].wrap_at = 8;
     }},
    {"address after the wrap -1",
     [](auto& m) {
       m.computation(2).inputs[0].wrap_axis = 1;
       m.computation(2).inputs[0].wrap_at = 4;
       m.computation(2).inputs[0].wrapped = -1;
     }},
    {"outputs overlap at byte 8192",
     [](auto& m) {
       m.computation(2).outputs[0].wrap_axis = 1;
       m.computation(2).outputs[0].wrap_at = 4;
       m.computation(2).outputs[0].wrapped = 8192;
     }},
    {"it has 1 inputs", [](auto& m) { m.computation(2).inputs.pop_back(); }},
    {"it has 4 inputs", [](auto& m) { m.computation(2).inputs.resize(4, absent()); }},
    {"input 1 is missing", [](auto& m) { m.computation(2).inputs[1] = absent(); }},
    {"it has 2 outputs", [](auto& m) { m.computation(2).outputs.push_back(piece(16384, {1})); }},
    {"it has 0 outputs", [](auto& m) { m.computation(2).outputs.clear(); }},
};

const Damage kRaces[] = {
    // conv reads what the second load writes
    {"command 1 (load for 'first') and command 2 (conv", [](auto& m) { m.program.commands[2].waits = {0}; }},
    // Relu reads and writes what conv writes
    {"command 2 (conv for 'first') and command 3 (vector", [](auto& m) { m.program.commands[3].waits = {}; }},
    // the store reads what Relu writes
    {"command 3 (vector for 'first') and command 4 (store", [](auto& m) { m.program.commands[4].waits = {2}; }},
    // a load writes what the store reads
    {"command 4 (store for 'first') and command 5 (load", [](auto& m) { m.load(0, 0, 8192, 16, {3}); }},
    // two engines write the same
    {"command 2 (conv for 'first') and command 5 (load", [](auto& m) { m.load(0, 0, 8703, 16); }},
    // a value of DRAM: a load of what a store writes
    {"touch byte 256 of value 'y'", [](auto& m) { m.load(1, 256, 16384, 16, {2}); }},
    {"reads byte 16384 of the scratch memory, which nothing has written",
     [](auto& m) { m.vector(OpKind::Relu, {piece(16384, {4})}, piece(16384, {4}), {}); }},
    {"nothing stores byte 511 of value 'y'", [](auto& m) { m.transfer(4).counts[2] = 511; }},
    {"loads bytes of value 'y' that nothing has stored",
     [](auto& m) {
       m.program.commands.pop_back();
       m.load(1, 0, 16384, 16);
     }},
};

INSTANTIATE_TEST_SUITE_P(Head, ADamagedProgram, testing::ValuesIn(kHead));
INSTANTIATE_TEST_SUITE_P(Transfers, ADamagedProgram, testing::ValuesIn(kTransfers));
INSTANTIATE_TEST_SUITE_P(Pieces, ADamagedProgram, testing::ValuesIn(kPieces));
INSTANTIATE_TEST_SUITE_P(Races, ADamagedProgram, testing::ValuesIn(kRaces));

TEST(ProgramCheck, WaitsReachThroughOtherEngines) {
  ProgramMaker m = sound();
  // The load waits for the store, which waits for Relu, which waits for conv: conv has ended, too.
  m.load(0, 0, 0, 1024, {4});
  EXPECT_TRUE(check_program(m.program, m.values).ok());
}

TEST(ProgramCheck, EnginesMayShareALineOfScratchWithoutSharingABytes) {
  ProgramMaker m;
  const int32_t x = m.input("x", {1, 4, 32});
  const auto loaded = m.load(x, 0, 0, 128);
  // Channels 0…15 by the vector engine, 16…31 by another load, interleaved in the same lines, in any order.
  m.vector(OpKind::Relu, {part(piece(0, {1, 4, 32}), 2, 0, 16)}, part(piece(1024, {1, 4, 32}), 2, 0, 16), {loaded});
  Transfer t = ProgramMaker::row(Space::dram, x, 16, 1024 + 16, 16);
  t.counts = {1, 4, 16};
  t.outside_strides = t.scratch_strides = {0, 32};
  m.command(Engine::load, t);
  const Status apart = check_program(m.program, m.values);
  EXPECT_TRUE(apart.ok()) << apart.error().message;
  m.transfer(2).counts[2] = 17;
  m.transfer(2).counts[1] = 3;
  EXPECT_THAT(check_program(m.program, m.values).error().message,
              testing::HasSubstr("both touch byte 1056 of the scratch memory"));
}

TEST(ProgramCheck, AnEarlierAccessIsSeenBehindALaterOneOfItsEngine) {
  ProgramMaker m;
  const int32_t x = m.input("x", {256});
  m.load(x, 0, 0, 64);
  m.load(x, 0, 32, 4);  // in the middle of the first
  m.vector(OpKind::Relu, {piece(0, {16})}, piece(128, {16}), {});
  EXPECT_THAT(check_program(m.program, m.values).error().message, testing::HasSubstr("command 0 (load"));
  m.program.commands[2].waits = {0};
  EXPECT_TRUE(check_program(m.program, m.values).ok());
}

}  // namespace
}  // namespace quern
