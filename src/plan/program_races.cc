#include "plan/program_races.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "plan/program_pieces.h"

namespace quern {

LastAccesses::LastAccesses(int64_t bytes) : heads_(static_cast<size_t>((bytes + 63) / 64) * kEngines * 2, -1) {}

int32_t LastAccesses::take(Node node) {
  if (free_ < 0) {
    nodes_.push_back(node);
    return static_cast<int32_t>(nodes_.size() - 1);
  }
  const int32_t at = free_;
  free_ = nodes_[static_cast<size_t>(at)].next;
  nodes_[static_cast<size_t>(at)] = node;
  return at;
}

void LastAccesses::note(Engine engine, Kind kind, uint32_t command, int64_t begin, int64_t bytes) {
  each_line(begin, bytes, [&](int64_t line, Mask mask) {
    // A later access of the same engine stands for the earlier ones: what comes after it comes after them.
    int32_t* link = &heads_[slot(line, static_cast<size_t>(engine), kind)];
    const int32_t first = *link;
    if (first >= 0 && (nodes_[static_cast<size_t>(first)].mask & ~mask) == 0) {
      nodes_[static_cast<size_t>(first)].command = command;
      nodes_[static_cast<size_t>(first)].mask = mask;
      link = &nodes_[static_cast<size_t>(first)].next;
    } else {
      const int32_t fresh = take({command, first, mask});
      heads_[slot(line, static_cast<size_t>(engine), kind)] = fresh;
      link = &nodes_[static_cast<size_t>(fresh)].next;
    }
    while (*link >= 0) {
      Node& node = nodes_[static_cast<size_t>(*link)];
      node.mask &= ~mask;
      if (node.mask != 0) {
        link = &node.next;
        continue;
      }
      const int32_t gone = *link;
      *link = node.next;
      node.next = free_;
      free_ = gone;
    }
  });
}

int64_t LastAccesses::first_unwritten(int64_t begin, int64_t bytes) const {
  int64_t found = -1;
  each_line(begin, bytes, [&](int64_t line, Mask mask) {
    if (found >= 0) return;
    for (size_t e = 0; e < kEngines; ++e) {
      for (int32_t at = head(line, e, write); at >= 0; at = nodes_[static_cast<size_t>(at)].next) {
        mask &= ~nodes_[static_cast<size_t>(at)].mask;
      }
    }
    if (mask != 0) found = line * 64 + __builtin_ctzll(mask);
  });
  return found;
}

namespace {

/// How many commands of each engine have ended before a command starts, whatever the timing.
using EngineClock = std::array<uint32_t, kEngines>;

std::string describe(const Program& program, uint32_t index) {
  constexpr const char* kNames[] = {"load", "store", "conv", "vector"};
  const Command& command = program.commands[index];
  return fmt::format("command {} ({} for '{}')", index, kNames[static_cast<size_t>(command.engine)],
                     program.layers[command.layer].name);
}

class RaceCheck {
 public:
  RaceCheck(const Program& program, std::span<const PlanValue> values)
      : program_(program), values_(values), scratch_(program.scratch_used) {
    for (int32_t id : program.writes) stored_.emplace(id, LastAccesses(values[static_cast<size_t>(id)].bytes));
  }

  Status run() {
    order();
    for (uint32_t i = 0; i < program_.commands.size(); ++i) {
      const Command& command = program_.commands[i];
      const auto* transfer = std::get_if<Transfer>(&command.body);
      QUERN_CHECK(transfer != nullptr ? check(i, *transfer) : check(i, std::get<Computation>(command.body)));
    }
    return check_stored();
  }

 private:
  void order() {
    EngineClock issued{};
    std::array<EngineClock, kEngines> last{};
    for (const Command& command : program_.commands) {
      const auto engine = static_cast<size_t>(command.engine);
      EngineClock clock = last[engine];
      for (uint32_t w : command.waits) {
        const auto other = static_cast<size_t>(program_.commands[w].engine);
        for (size_t e = 0; e < kEngines; ++e) clock[e] = std::max(clock[e], clocks_[w][e]);
        clock[other] = std::max(clock[other], position_[w] + 1);
      }
      clock[engine] = issued[engine];
      last[engine] = clock;
      clocks_.push_back(clock);
      position_.push_back(issued[engine]++);
    }
  }

  bool before(uint32_t earlier, uint32_t later) const {
    return position_[earlier] < clocks_[later][static_cast<size_t>(program_.commands[earlier].engine)];
  }

  /// One access of command `i` to bytes of a memory: that of `value`, or scratch when there is none.
  Status access(uint32_t i, LastAccesses& memory, LastAccesses::Kind kind, int64_t begin, int64_t bytes,
                const PlanValue* value) const {
    const Engine engine = program_.commands[i].engine;
    int64_t where = 0, other = -1;
    const auto look = [&](uint32_t command, int64_t byte) {
      if (other >= 0 || before(command, i)) return;
      other = command;
      where = byte;
    };
    memory.each_other(engine, LastAccesses::write, begin, bytes, look);
    if (kind == LastAccesses::write) memory.each_other(engine, LastAccesses::read, begin, bytes, look);
    if (other >= 0) {
      return fail(ErrorCode::invalid_file, "a race: {} and {} both touch byte {} of {}, and neither comes first",
                  describe(program_, static_cast<uint32_t>(other)), describe(program_, i), where,
                  value == nullptr ? "the scratch memory" : "value '" + value->name + "'");
    }
    return {};
  }

  Status read(uint32_t i, int64_t begin, int64_t bytes) {
    QUERN_CHECK(access(i, scratch_, LastAccesses::read, begin, bytes, nullptr));
    if (const int64_t bare = scratch_.first_unwritten(begin, bytes); bare >= 0) {
      return fail(ErrorCode::invalid_file, "{} reads byte {} of the scratch memory, which nothing has written",
                  describe(program_, i), bare);
    }
    scratch_.note(program_.commands[i].engine, LastAccesses::read, i, begin, bytes);
    return {};
  }

  Status write(uint32_t i, int64_t begin, int64_t bytes) {
    QUERN_CHECK(access(i, scratch_, LastAccesses::write, begin, bytes, nullptr));
    scratch_.note(program_.commands[i].engine, LastAccesses::write, i, begin, bytes);
    return {};
  }

  Status outside(uint32_t i, const Transfer& t, int64_t begin, int64_t bytes) {
    const auto at = t.space == Space::dram ? stored_.find(t.value) : stored_.end();
    if (at == stored_.end()) return {};
    const bool stores = program_.commands[i].engine == Engine::store;
    const auto kind = stores ? LastAccesses::write : LastAccesses::read;
    const PlanValue& value = values_[static_cast<size_t>(t.value)];
    QUERN_CHECK(access(i, at->second, kind, begin, bytes, &value));
    const bool given = std::find(program_.reads.begin(), program_.reads.end(), t.value) != program_.reads.end();
    if (!stores && !given && at->second.first_unwritten(begin, bytes) >= 0) {
      return fail(ErrorCode::invalid_file, "{} loads bytes of value '{}' that nothing has stored",
                  describe(program_, i), value.name);
    }
    at->second.note(program_.commands[i].engine, kind, i, begin, bytes);
    return {};
  }

  Status check(uint32_t i, const Transfer& t) {
    Status status;
    const bool stores = program_.commands[i].engine == Engine::store;
    each_row(t, [&](int64_t out, int64_t in, int64_t bytes) {
      if (status.ok()) status = outside(i, t, out, bytes);
      if (status.ok()) status = stores ? read(i, in, bytes) : write(i, in, bytes);
    });
    return status;
  }

  Status check(uint32_t i, const Computation& c) {
    Status status;
    for (const Piece& piece : c.inputs) {
      if (is_absent(piece)) continue;
      PieceRuns(piece).each([&](const PieceRun& run) {
        if (status.ok()) status = read(i, run.address, run.bytes);
      });
    }
    for (const Piece& piece : c.outputs) {
      PieceRuns(piece).each([&](const PieceRun& run) {
        if (status.ok()) status = write(i, run.address, run.bytes);
      });
    }
    return status;
  }

  /// A value that was not there before must be stored whole: what reads it later must not depend on chance.
  Status check_stored() const {
    for (const auto& [id, memory] : stored_) {
      if (std::find(program_.reads.begin(), program_.reads.end(), id) != program_.reads.end()) continue;
      const PlanValue& value = values_[static_cast<size_t>(id)];
      if (const int64_t bare = memory.first_unwritten(0, value.bytes); bare >= 0) {
        return fail(ErrorCode::invalid_file, "nothing stores byte {} of value '{}'", bare, value.name);
      }
    }
    return {};
  }

  const Program& program_;
  std::span<const PlanValue> values_;
  LastAccesses scratch_;
  std::map<int32_t, LastAccesses> stored_;  ///< by value
  std::vector<EngineClock> clocks_;         ///< by command
  std::vector<uint32_t> position_;          ///< by command: its place among those of its engine
};

}  // namespace

Status check_races(const Program& program, std::span<const PlanValue> values) {
  return RaceCheck(program, values).run();
}

}  // namespace quern
