// Bytes that two commands touch, of which one writes: one command must come before the other by the order of an engine
// and the waits. Checked for every byte of the scratch memory and of the values a program writes.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "plan/plan.h"
#include "plan/program.h"
#include "quern/status.h"

namespace quern {

/// For every line of 64 bytes of a memory, who last read and wrote each of its bytes, by engine.
class LastAccesses {
 public:
  enum Kind : uint8_t { read, write };
  using Mask = uint64_t;  ///< a bit a byte of a line

  explicit LastAccesses(int64_t bytes);

  /// Notes that a command of `engine` touches these bytes, after every command noted before.
  void note(Engine engine, Kind kind, uint32_t command, int64_t begin, int64_t bytes);

  /// Visits (command, first byte it shares) for every last access of other engines to these bytes.
  template <typename Visit>
  void each_other(Engine engine, Kind kind, int64_t begin, int64_t bytes, Visit&& visit) const {
    each_line(begin, bytes, [&](int64_t line, Mask mask) {
      for (size_t e = 0; e < kEngines; ++e) {
        if (e == static_cast<size_t>(engine)) continue;
        for (int32_t at = head(line, e, kind); at >= 0; at = nodes_[static_cast<size_t>(at)].next) {
          const Node& node = nodes_[static_cast<size_t>(at)];
          if ((node.mask & mask) != 0) visit(node.command, line * 64 + __builtin_ctzll(node.mask & mask));
        }
      }
    });
  }

  /// The first of these bytes that no command wrote, or -1.
  int64_t first_unwritten(int64_t begin, int64_t bytes) const;

 private:
  struct Node {
    uint32_t command = 0;
    int32_t next = -1;
    Mask mask = 0;
  };

  template <typename Visit>
  static void each_line(int64_t begin, int64_t bytes, Visit&& visit) {
    const int64_t end = begin + bytes;
    for (int64_t line = begin / 64; line * 64 < end; ++line) {
      const int64_t from = std::max<int64_t>(begin - line * 64, 0), to = std::min<int64_t>(end - line * 64, 64);
      const Mask low = to == 64 ? ~Mask{0} : (Mask{1} << to) - 1;
      visit(line, low & (~Mask{0} << from));
    }
  }

  size_t slot(int64_t line, size_t engine, Kind kind) const {
    return (static_cast<size_t>(line) * kEngines + engine) * 2 + kind;
  }
  int32_t head(int64_t line, size_t engine, Kind kind) const { return heads_[slot(line, engine, kind)]; }
  int32_t take(Node node);

  std::vector<int32_t> heads_;  ///< by line, engine and kind: the first node of a list whose masks are disjoint
  std::vector<Node> nodes_;
  int32_t free_ = -1;
};

/// Errors: invalid_file: a race, bytes of scratch read that nothing wrote, or bytes of a written value that nothing
/// stores. Requires all else to be checked.
Status check_races(const Program& program, std::span<const PlanValue> values);

}  // namespace quern
