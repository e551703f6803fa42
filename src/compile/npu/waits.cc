#include "compile/npu/waits.h"

#include <algorithm>
#include <array>
#include <map>

#include "plan/program_pieces.h"

namespace quern::npu {

namespace {

/// For each engine the latest command (index + 1; 0: none).
using Clock = std::array<uint32_t, kEngines>;

void merge(Clock& into, const Clock& other) {
  for (size_t e = 0; e < into.size(); ++e) into[e] = std::max(into[e], other[e]);
}

/// A memory as segments that end where the next begins; each knows who read and wrote it last.
class Memory {
 public:
  /// Notes an access, and gives into `before` the commands that must come first.
  void access(int64_t begin, int64_t end, size_t engine, uint32_t mark, bool writes, Clock& before) {
    split(begin);
    split(end);
    for (auto at = segments_.find(begin); at != segments_.end() && at->first < end; ++at) {
      Segment& segment = at->second;
      merge(before, segment.written);
      if (writes) {
        merge(before, segment.read);
        segment.read = {};
        segment.written = {};
        segment.written[engine] = mark;
      } else {
        segment.read[engine] = mark;
      }
    }
    if (writes) join(begin, end);
  }

 private:
  struct Segment {
    Clock read{}, written{};
    bool operator==(const Segment&) const = default;
  };

  void split(int64_t at) {
    auto next = segments_.upper_bound(at);
    Segment copy;
    if (next != segments_.begin()) {
      const auto before = std::prev(next);
      if (before->first == at) return;
      copy = before->second;
    }
    segments_.emplace_hint(next, at, copy);
  }

  /// What was written by one command is one segment again.
  void join(int64_t begin, int64_t end) {
    const auto first = segments_.find(begin);
    segments_.erase(std::next(first), segments_.find(end));
  }

  std::map<int64_t, Segment> segments_;
};

class Waits {
 public:
  void add(Command& command, uint32_t index) {
    const auto engine = static_cast<size_t>(command.engine);
    Clock before{};
    if (const auto* transfer = std::get_if<Transfer>(&command.body)) {
      touch_transfer(*transfer, command.engine, index + 1, before);
    } else {
      const auto& computation = std::get<Computation>(command.body);
      for (const Piece& piece : computation.inputs) touch_piece(piece, engine, index + 1, false, before);
      for (const Piece& piece : computation.outputs) touch_piece(piece, engine, index + 1, true, before);
    }
    settle(command, engine, before);
    clocks_.push_back(now_[engine]);
    clocks_.back()[engine] = index + 1;
    now_[engine] = clocks_.back();
  }

 private:
  /// Waits for what no order so far gives; the latest first, since it may bring the others.
  void settle(Command& command, size_t engine, const Clock& before) {
    Clock& known = now_[engine];
    std::array<size_t, kEngines> order{0, 1, 2, 3};
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return before[a] > before[b]; });
    for (size_t other : order) {
      if (other == engine || before[other] <= known[other]) continue;
      command.waits.push_back(before[other] - 1);
      merge(known, clocks_[before[other] - 1]);
    }
    std::sort(command.waits.begin(), command.waits.end());
  }

  void touch_piece(const Piece& piece, size_t engine, uint32_t mark, bool writes, Clock& before) {
    if (is_absent(piece)) return;
    const PieceRuns runs(piece);
    for (size_t i = 0; i < runs.parts(); ++i)
      scratch_.access(runs.span(i).begin, runs.span(i).end, engine, mark, writes, before);
  }

  void touch_transfer(const Transfer& t, Engine engine, uint32_t mark, Clock& before) {
    const auto span = [&](int64_t base, const std::array<int64_t, 2>& strides) {
      return std::pair{base, base + (t.counts[0] - 1) * strides[0] + (t.counts[1] - 1) * strides[1] + t.counts[2]};
    };
    const auto e = static_cast<size_t>(engine);
    const auto [begin, end] = span(t.scratch, t.scratch_strides);
    scratch_.access(begin, end, e, mark, engine == Engine::load, before);
    if (t.space != Space::dram) return;
    const auto [out_begin, out_end] = span(t.outside, t.outside_strides);
    values_[t.value].access(out_begin, out_end, e, mark, engine == Engine::store, before);
  }

  Memory scratch_;
  std::map<int32_t, Memory> values_;
  std::array<Clock, kEngines> now_{};
  std::vector<Clock> clocks_;  ///< of each command: what has ended when it has
};

}  // namespace

void derive_waits(std::vector<Command>& commands) {
  Waits waits;
  for (size_t i = 0; i < commands.size(); ++i) {
    commands[i].waits.clear();
    waits.add(commands[i], static_cast<uint32_t>(i));
  }
}

}  // namespace quern::npu
