#include "plan/program_races.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bitset>
#include <random>

#include "plan/program_check.h"
#include "plan/program_pieces.h"
#include "programs.h"

namespace quern {
namespace {

using test::piece;
using test::ProgramMaker;

constexpr int64_t kScratch = 256;
using Bytes = std::bitset<kScratch>;

/// What a command reads and writes of scratch.
struct Touched {
  Bytes read, written;
};

Touched touched_by(const Command& command) {
  Touched touched;
  const auto add = [](Bytes& set, int64_t begin, int64_t bytes) {
    for (int64_t i = 0; i < bytes; ++i) set.set(static_cast<size_t>(begin + i));
  };
  if (const auto* t = std::get_if<Transfer>(&command.body)) {
    Bytes& set = command.engine == Engine::store ? touched.read : touched.written;
    each_row(*t, [&](int64_t, int64_t scratch, int64_t bytes) { add(set, scratch, bytes); });
    return touched;
  }
  const auto& c = std::get<Computation>(command.body);
  PieceRuns(c.inputs[0]).each([&](const PieceRun& run) { add(touched.read, run.address, run.bytes); });
  PieceRuns(c.outputs[0]).each([&](const PieceRun& run) { add(touched.written, run.address, run.bytes); });
  return touched;
}

/// By the definition: some two commands share a byte that one writes, and no chain of waits and turns joins them.
bool has_race(const Program& program) {
  const size_t n = program.commands.size();
  std::vector<std::vector<bool>> before(n, std::vector<bool>(n, false));
  for (size_t j = 0; j < n; ++j) {
    for (size_t i = 0; i < j; ++i) {
      const auto& waits = program.commands[j].waits;
      const bool next = program.commands[i].engine == program.commands[j].engine ||
                        std::find(waits.begin(), waits.end(), i) != waits.end();
      if (!next) continue;
      before[i][j] = true;
      for (size_t k = 0; k < i; ++k) {
        if (before[k][i]) before[k][j] = true;
      }
    }
  }
  for (size_t j = 0; j < n; ++j) {
    for (size_t i = 0; i < j; ++i) {
      const Touched a = touched_by(program.commands[i]), b = touched_by(program.commands[j]);
      const Bytes both = (a.written & (b.read | b.written)) | (a.read & b.written);
      if (both.any() && !before[i][j]) return true;
    }
  }
  return false;
}

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  int64_t operator()(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(engine_); }

 private:
  std::mt19937 engine_;
};

/// Rows and columns somewhere in scratch, with a gap between rows.
Piece random_piece(Random& random, int64_t rows, int64_t columns) {
  Piece made = piece(0, {rows, columns});
  made.strides[0] = columns + random(0, 3) * 5;
  made.address = random(0, kScratch - (rows - 1) * made.strides[0] - columns);
  return made;
}

/// All of scratch is written first; then each command waits for that and for some others.
ProgramMaker random_program(uint32_t seed) {
  Random random(seed);
  ProgramMaker m(kScratch);
  const int32_t x = m.input("x", {kScratch}), y = m.output("y", {kScratch});
  m.program.reads.push_back(y);
  m.load(x, 0, 0, kScratch);
  for (int64_t i = 1, count = random(2, 14); i <= count; ++i) {
    const auto engine = static_cast<Engine>(std::array<int, 3>{0, 1, 3}[static_cast<size_t>(random(0, 2))]);
    std::vector<uint32_t> waits;
    for (uint32_t w = 0; w < static_cast<uint32_t>(i); ++w) {
      if (m.program.commands[w].engine != engine && (w == 0 || random(0, 2) == 0)) waits.push_back(w);
    }
    const int64_t rows = random(1, 4), columns = random(1, 20);
    const Piece at = random_piece(random, rows, columns);
    if (engine == Engine::vector) {
      m.vector(OpKind::Relu, {at}, random_piece(random, rows, columns), waits);
      continue;
    }
    Transfer t = ProgramMaker::row(Space::dram, engine == Engine::load ? x : y, 0, at.address, columns);
    t.counts[1] = rows;
    t.scratch_strides[1] = at.strides[0];
    t.outside_strides[1] = columns;
    m.command(engine, t, waits);
  }
  return m;
}

TEST(Races, AreThoseOfTheDefinitionInRandomPrograms) {
  int with = 0, without = 0;
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    const ProgramMaker m = random_program(seed);
    const bool race = has_race(m.program);
    const Status status = check_program(m.program, m.values);
    ASSERT_EQ(status.ok(), !race) << "seed " << seed << ": " << (status.ok() ? "" : status.error().message);
    if (race) {
      EXPECT_THAT(status.error().message, testing::StartsWith("a race:")) << "seed " << seed;
    }
    ++(race ? with : without);
  }
  EXPECT_GT(with, 300);
  EXPECT_GT(without, 300);
}

TEST(LastAccesses, KeepOneLastAccessAByteAndEngine) {
  LastAccesses memory(256);
  memory.note(Engine::load, LastAccesses::write, 1, 0, 200);
  memory.note(Engine::load, LastAccesses::write, 2, 60, 10);  // over a line's end
  memory.note(Engine::load, LastAccesses::write, 3, 64, 1);
  const auto last = [&](int64_t byte) {
    std::vector<uint32_t> commands;
    memory.each_other(Engine::store, LastAccesses::write, byte, 1, [&](uint32_t c, int64_t) { commands.push_back(c); });
    return commands;
  };
  EXPECT_THAT(last(59), testing::ElementsAre(1));
  EXPECT_THAT(last(60), testing::ElementsAre(2));
  EXPECT_THAT(last(64), testing::ElementsAre(3));
  EXPECT_THAT(last(69), testing::ElementsAre(2));
  EXPECT_THAT(last(70), testing::ElementsAre(1));
  EXPECT_THAT(last(200), testing::ElementsAre());
  EXPECT_EQ(memory.first_unwritten(0, 256), 200);
  EXPECT_EQ(memory.first_unwritten(0, 200), -1);
}

}  // namespace
}  // namespace quern
