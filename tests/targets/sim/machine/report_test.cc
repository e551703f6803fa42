#include "targets/sim/machine/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "plan/programs.h"

namespace quern::machine {
namespace {

using test::piece;
using test::ProgramMaker;

/// Two layers: a 1x1 convolution (128 cycles) and an addition (96 cycles); loads of 1024 + 256 bytes at 8 a cycle.
ProgramMaker two_layers() {
  ProgramMaker m;
  MachineFigures& f = m.program.figures;
  f.clock_hz = 1e6;
  f.macs_per_cycle_8 = f.macs_per_cycle_16 = 128;
  f.gi = f.go = 16;
  f.vector_bytes_per_cycle = 32;
  f.dma_bytes_per_cycle = 8;
  f.fixed_overhead_cycles = 10;
  m.program.layers[0] = {"stem", "Conv", 16384, true, ""};
  m.program.layers.push_back({"sum", "Add", 0, true, ""});
  m.program.layers.push_back({"act", "Relu", 0, true, "stem"});
  const int32_t x = m.input("x", {1, 8, 8, 16}), y = m.output("y", {1, 8, 8, 16});
  const auto weights = m.load_image(test::noise({16, 1, 1, 16}, 1), 4096);
  const auto loaded = m.load(x, 0, 0, 1024);
  const auto conv =
      m.conv({}, {piece(0, {1, 8, 8, 16}), piece(4096, {16, 1, 1, 16})}, piece(8192, {1, 8, 8, 16}), {weights, loaded});
  const auto sum = m.vector(OpKind::Add, {piece(0, {1, 8, 8, 16}), piece(8192, {1, 8, 8, 16})},
                            piece(8192, {1, 8, 8, 16}), {conv}, 1);
  m.store(y, 0, 8192, 1024, {sum}, 1);
  return m;
}

TEST(Report, CountsCyclesBytesAndStalls) {
  const NpuReport report = report_of(two_layers().program);
  EXPECT_EQ(report.cycles, 10 + 32 + 128 + 128 + 96 + 128);
  EXPECT_DOUBLE_EQ(report.ms, 0.522);
  EXPECT_EQ(report.bytes.loaded_parameters, 256);
  EXPECT_EQ(report.bytes.loaded_activations, 1024);
  EXPECT_EQ(report.bytes.stored, 1024);
  EXPECT_EQ(report.bytes.moved, 3072);
  EXPECT_EQ(report.engines[0].busy, 160);
  EXPECT_EQ(report.engines[2].stalled, 160);
  EXPECT_EQ(report.engines[3].stalled, 288);
  EXPECT_EQ(report.engines[0].commands, 2);
  EXPECT_EQ(report.macs, 16384);
}

TEST(Report, SharesTheCyclesOutToTheLayers) {
  const NpuReport report = report_of(two_layers().program);
  const NpuLayer &stem = report.layers[0], &sum = report.layers[1], &act = report.layers[2];
  EXPECT_EQ(stem.start, 170);
  EXPECT_EQ(stem.end, 298);
  EXPECT_EQ(stem.cycles, 288);  // from the end of the fixed overhead
  EXPECT_EQ(sum.cycles, 224);   // the addition, and the store that ends the program
  EXPECT_EQ(stem.cycles + sum.cycles + act.cycles + report.fixed, report.cycles);
  EXPECT_EQ(stem.utilisation_pct, 100);
  EXPECT_EQ(act.fused_into, "stem");
  EXPECT_EQ(act.commands, 0);
  EXPECT_EQ(act.bound_by, "");
}

TEST(Report, NamesWhatBoundsALayer) {
  ProgramMaker m = two_layers();
  EXPECT_EQ(report_of(m.program).layers[0].bound_by, "dma");  // 160 cycles of loads against 128
  EXPECT_THAT(report_of(m.program).layers[0].advice, testing::HasSubstr("1 KiB of activations"));
  m.program.figures.dma_bytes_per_cycle = 64;
  EXPECT_EQ(report_of(m.program).layers[0].bound_by, "compute");
  EXPECT_EQ(report_of(m.program).layers[0].advice, "");  // the engine is full
  EXPECT_EQ(report_of(m.program).layers[1].bound_by, "vector");
  m.program.figures.gi = 64;
  EXPECT_THAT(report_of(m.program).layers[0].advice, testing::HasSubstr("fill 25 % of the conv engine"));
  m.program.figures.layer_overhead_cycles = 1000;
  EXPECT_EQ(report_of(m.program).layers[1].bound_by, "overhead");
}

TEST(Trace, IsJsonWithAThreadAnEngineAndASliceACommand) {
  ProgramMaker m = two_layers();
  m.program.layers[0].name = "a \"quoted\\\n name";
  NpuReport report = report_of(m.program);
  report.partition = "npu 0";
  const auto json = nlohmann::json::parse(npu_trace({report, report}));
  int slices = 0;
  double last_end = 0;
  for (const auto& event : json["traceEvents"]) {
    if (event["ph"] != "X") continue;
    ++slices;
    EXPECT_LT(event["tid"].get<int>(), kNpuEngines);
    last_end = std::max(last_end, event["ts"].get<double>() + event["dur"].get<double>());
  }
  EXPECT_EQ(slices, 10);
  EXPECT_NEAR(last_end, 2 * 522, 1e-3);  // one program after the other, in microseconds
  EXPECT_EQ(json["traceEvents"][0]["args"]["name"], "sim:test npu 0");
  EXPECT_EQ(json["traceEvents"][5]["name"], m.program.layers[0].name);
  EXPECT_EQ(json["traceEvents"][5]["args"]["kind"], "Conv");
}

}  // namespace
}  // namespace quern::machine
