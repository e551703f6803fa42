// The order of commands of drafts with a stage or two.
#include "compile/npu/schedule.h"

#include <gtest/gtest.h>

namespace quern::npu {
namespace {

Transfer transfer(int buffer, int32_t value, int64_t bytes) {
  Transfer t;
  t.value = value;
  t.scratch = address_in(buffer, 0);
  t.counts = {1, 1, bytes};
  return t;
}

Piece piece(int buffer) {
  Piece p;
  p.address = address_in(buffer, 0);
  p.shape = {64};
  p.strides = {1};
  return p;
}

/// `count` tiles: each loads a buffer of 64 bytes, computes into another, and stores that.
Draft tiles(int count) {
  Draft draft;
  for (int i = 0; i < count; ++i) {
    Stage stage;
    stage.computation = {OpKind::Relu, NoAttrs{}, {piece(2 * i)}, {piece(2 * i + 1)}};
    stage.loads.push_back(transfer(2 * i, 0, 64));
    stage.loads.back().outside = 64 * i;
    stage.stores.push_back(transfer(2 * i + 1, 1, 64));
    stage.stores.back().outside = 64 * i;
    draft.stages.push_back(stage);
    draft.buffers.insert(draft.buffers.end(), {64, 64});
  }
  return draft;
}

/// L, C and S, with the stage's number behind.
std::string order_of(const std::vector<Command>& commands) {
  std::string order;
  for (const Command& command : commands) {
    const auto* transfer = std::get_if<Transfer>(&command.body);
    const int64_t address = transfer ? transfer->scratch : std::get<Computation>(command.body).inputs[0].address;
    order += transfer == nullptr ? "C" : command.engine == Engine::load ? "L" : "S";
    order += std::to_string(buffer_of(address) / 2) + " ";
  }
  return order;
}

TEST(Schedule, WithoutRoomAheadEachTileIsLoadedComputedAndStored) {
  EXPECT_EQ(order_of(schedule(tiles(3), {1 << 20, 0, false})), "L0 C0 S0 L1 C1 S1 L2 C2 S2 ");
}

TEST(Schedule, WithRoomForOneTileAheadTheNextIsLoadedBeforeTheComputation) {
  EXPECT_EQ(order_of(schedule(tiles(3), {1 << 20, 64, false})), "L0 L1 C0 S0 L2 C1 S1 C2 S2 ");
}

TEST(Schedule, StoresStandBehindTheNextComputation) {
  EXPECT_EQ(order_of(schedule(tiles(3), {1 << 20, 64, true})), "L0 L1 C0 L2 C1 S0 C2 S1 S2 ");
}

TEST(Schedule, NoLoadIsMovedWhereScratchIsFull) {
  // Two buffers of 64 bytes are alive in each stage, and there is room for no third.
  EXPECT_EQ(order_of(schedule(tiles(3), {128, 1 << 20, false})), "L0 C0 S0 L1 C1 S1 L2 C2 S2 ");
  EXPECT_EQ(order_of(schedule(tiles(3), {192, 1 << 20, false})), "L0 L1 C0 S0 L2 C1 S1 C2 S2 ");
}

TEST(Schedule, WhatAStageStoresIsNotLoadedBefore) {
  // The second tile reads what the first stores: a load before that would see the past.
  Draft draft = tiles(2);
  draft.stages[1].loads[0].value = 1;
  draft.stages[1].loads[0].outside = 0;
  EXPECT_EQ(order_of(schedule(draft, {1 << 20, 1 << 20, true})), "L0 C0 S0 L1 C1 S1 ");
}

}  // namespace
}  // namespace quern::npu
