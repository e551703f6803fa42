// Which commands wait for which, in programs of a few commands.
#include "compile/npu/waits.h"

#include <gtest/gtest.h>

namespace quern::npu {
namespace {

using Waits = std::vector<uint32_t>;

/// Moves `bytes` between the start of a value and an address.
Command transfer(Engine engine, int32_t value, int64_t address, int64_t bytes = 64, int64_t outside = 0) {
  Transfer t;
  t.value = value;
  t.outside = outside;
  t.scratch = address;
  t.counts = {1, 1, bytes};
  return {engine, 0, {}, t};
}
Command load(int32_t value, int64_t address, int64_t bytes = 64) {
  return transfer(Engine::load, value, address, bytes);
}
Command store(int32_t value, int64_t address, int64_t outside = 0) {
  return transfer(Engine::store, value, address, 64, outside);
}

Piece piece(int64_t address, int64_t bytes = 64) {
  Piece p;
  p.address = address;
  p.shape = {bytes};
  p.strides = {1};
  return p;
}
Command compute(Engine engine, int64_t from, int64_t to) {
  return {engine, 0, {}, Computation{OpKind::Relu, NoAttrs{}, {piece(from)}, {piece(to)}}};
}

std::vector<Waits> waits_of(std::vector<Command> commands) {
  derive_waits(commands);
  std::vector<Waits> waits;
  for (const Command& command : commands) waits.push_back(command.waits);
  return waits;
}

TEST(Waits, AComputationWaitsForWhatItReads) {
  EXPECT_EQ(waits_of({load(0, 0), compute(Engine::conv, 0, 64)}), (std::vector<Waits>{{}, {0}}));
}

TEST(Waits, AStoreWaitsForWhatItStores) {
  EXPECT_EQ(waits_of({load(0, 0), compute(Engine::conv, 0, 64), store(1, 64)}), (std::vector<Waits>{{}, {0}, {1}}));
}

TEST(Waits, ALoadWaitsForTheLastReaderOfItsBuffer) {
  // Double buffering: the second load of buffer 0 waits for the computation that read the first one, and for no other.
  EXPECT_EQ(
      waits_of({load(0, 0), load(0, 64), compute(Engine::conv, 0, 128), compute(Engine::conv, 64, 192), load(0, 0)}),
      (std::vector<Waits>{{}, {}, {0}, {1}, {2}}));
}

TEST(Waits, WhatAnEngineDidBeforeNeedsNoWait) {
  EXPECT_EQ(waits_of({compute(Engine::vector, 0, 64), compute(Engine::vector, 64, 128)}), (std::vector<Waits>{{}, {}}));
}

TEST(Waits, WhatAnotherWaitBringsIsNotNamedAgain) {
  // The vector engine waits for conv, which waited for the load that both read.
  EXPECT_EQ(
      waits_of({load(0, 0),
                compute(Engine::conv, 0, 64),
                {Engine::vector, 0, {}, Computation{OpKind::Add, ClampAttrs{}, {piece(0), piece(64)}, {piece(128)}}}}),
      (std::vector<Waits>{{}, {0}, {1}}));
}

TEST(Waits, ReadersDoNotWaitForOneAnother) {
  EXPECT_EQ(waits_of({load(0, 0), compute(Engine::conv, 0, 64), compute(Engine::vector, 0, 128)}),
            (std::vector<Waits>{{}, {0}, {0}}));
}

TEST(Waits, BuffersThatShareNoByteAreFree) {
  EXPECT_EQ(waits_of({compute(Engine::conv, 0, 64), load(0, 128), load(0, 160, 32)}), (std::vector<Waits>{{}, {}, {}}));
}

TEST(Waits, OneByteInCommonIsEnough) {
  EXPECT_EQ(waits_of({compute(Engine::conv, 0, 64), load(0, 127)}), (std::vector<Waits>{{}, {0}}));
}

TEST(Waits, AValueInDramIsMemoryToo) {
  // A spilled value comes back only when it has been stored; its other half is another place.
  EXPECT_EQ(waits_of({compute(Engine::conv, 0, 64), store(1, 64), load(1, 256)}), (std::vector<Waits>{{}, {0}, {1}}));
  EXPECT_EQ(waits_of({compute(Engine::conv, 0, 64), store(1, 64, 64), load(1, 256)}),
            (std::vector<Waits>{{}, {0}, {}}));
}

}  // namespace
}  // namespace quern::npu
