#include "compile/npu/schedule.h"

#include <algorithm>
#include <deque>
#include <map>

#include "compile/npu/cost.h"

namespace quern::npu {

namespace {

/// Stages that a load is moved over at most, and loads that are looked at for each stage.
constexpr int kFarthest = 96;
constexpr int kLooked = 48;

/// Bytes outside from the first to behind the last.
struct Range {
  int64_t begin = 0, end = 0;
};
Range outside_range(const Transfer& t) {
  return {t.outside, t.outside + (t.counts[0] - 1) * t.outside_strides[0] + (t.counts[1] - 1) * t.outside_strides[1] +
                         t.counts[2]};
}

/// A load that waits for its turn.
struct Pending {
  Transfer transfer;
  int stage = 0;   ///< that needs it
  int after = -1;  ///< the last stage whose store it reads; -1: none
  bool done = false;
};

class Scheduler {
 public:
  Scheduler(const Draft& draft, const ScheduleOptions& options) : draft_(draft), options_(options) {
    find_lives();
    find_loads();
  }

  std::vector<Command> run() {
    const auto count = static_cast<int>(draft_.stages.size());
    for (int s = 0; s < count; ++s) {
      load_needed(s);
      load_ahead(s);
      const Stage& stage = draft_.stages[static_cast<size_t>(s)];
      commands_.push_back({stage.engine, stage.layer, {}, stage.computation});
      if (options_.store_late) store(s - 1);
      if (!options_.store_late) store(s);
    }
    store(count - 1);
    return std::move(commands_);
  }

 private:
  void touch(int64_t address, int stage) {
    if (address < 0) return;
    auto& [first, last] = lives_[static_cast<size_t>(buffer_of(address))];
    first = std::min(first, stage);
    last = std::max(last, stage);
  }

  /// The stages in which each buffer is taken when nothing is loaded early, and the bytes taken in each.
  void find_lives() {
    const auto count = static_cast<int>(draft_.stages.size());
    lives_.assign(draft_.buffers.size(), {count, -1});
    for (int s = 0; s < count; ++s) {
      const Stage& stage = draft_.stages[static_cast<size_t>(s)];
      for (const Piece& piece : stage.computation.inputs) touch(piece.address, s);
      for (const Piece& piece : stage.computation.outputs) touch(piece.address, s);
      if (stage.stores.empty() || !options_.store_late) continue;
      for (const Transfer& t : stage.stores) touch(t.scratch, std::min(s + 1, count - 1));
    }
    taken_.assign(static_cast<size_t>(count), 0);
    for (size_t b = 0; b < lives_.size(); ++b) {
      for (int s = lives_[b].first; s <= lives_[b].second; ++s)
        taken_[static_cast<size_t>(s)] += buffer_bytes(draft_.buffers[b]);
    }
  }

  void find_loads() {
    std::map<int32_t, std::vector<std::pair<Range, int>>> stored;
    for (size_t s = 0; s < draft_.stages.size(); ++s) {
      const Stage& stage = draft_.stages[s];
      for (const Transfer& t : stage.loads) {
        Pending pending{t, static_cast<int>(s)};
        const Range mine = outside_range(t);
        if (t.space == Space::dram) {
          for (const auto& [range, by] : stored[t.value]) {
            if (range.begin < mine.end && mine.begin < range.end) pending.after = std::max(pending.after, by);
          }
        }
        pending_.push_back(pending);
      }
      for (const Transfer& t : stage.stores) stored[t.value].push_back({outside_range(t), static_cast<int>(s)});
    }
  }

  void store(int s) {
    if (s <= stored_) return;
    for (int i = stored_ + 1; i <= s; ++i) {
      const Stage& stage = draft_.stages[static_cast<size_t>(i)];
      for (const Transfer& t : stage.stores) commands_.push_back({Engine::store, stage.layer, {}, t});
    }
    stored_ = s;
  }

  void issue(Pending& pending) {
    const Stage& stage = draft_.stages[static_cast<size_t>(pending.stage)];
    commands_.push_back({Engine::load, stage.layer, {}, pending.transfer});
    pending.done = true;
  }

  void load_needed(int s) {
    for (size_t i = next_; i < pending_.size() && pending_[i].stage <= s; ++i) {
      if (pending_[i].done) continue;
      if (pending_[i].after > stored_) store(pending_[i].after);
      give_up_ahead(pending_[i], s);
      issue(pending_[i]);
    }
    while (next_ < pending_.size() && pending_[next_].done) ++next_;
  }

  /// The buffer is no longer loaded ahead when its stage has come.
  void give_up_ahead(const Pending&, int s) {
    std::erase_if(ahead_, [&](const std::pair<int, int64_t>& one) {
      if (one.first > s) return false;
      ahead_bytes_ -= one.second;
      return true;
    });
  }

  /// True when `bytes` more fit from stage s until before `until`.
  bool room_for(int64_t bytes, int s, int until) const {
    for (int i = s; i < until; ++i) {
      if (taken_[static_cast<size_t>(i)] + bytes > options_.room) return false;
    }
    return true;
  }

  /// Transfers of one buffer go together: its life begins with the first.
  void load_ahead(int s) {
    give_up_ahead({}, s);
    int looked = 0;
    for (size_t i = next_; i < pending_.size() && looked < kLooked; ++i) {
      Pending& pending = pending_[i];
      if (pending.stage > s + kFarthest) break;
      if (pending.done) continue;
      ++looked;
      if (pending.after > stored_) continue;
      const auto b = static_cast<size_t>(buffer_of(pending.transfer.scratch));
      auto& [first, last] = lives_[b];
      const int64_t bytes = buffer_bytes(draft_.buffers[b]);
      if (first > s) {
        if (ahead_bytes_ + bytes > options_.ahead || !room_for(bytes, s, first)) continue;
        for (int k = s; k < first; ++k) taken_[static_cast<size_t>(k)] += bytes;
        ahead_.emplace_back(pending.stage, bytes);
        ahead_bytes_ += bytes;
        first = s;
      }
      issue(pending);
    }
  }

  const Draft& draft_;
  const ScheduleOptions& options_;
  std::vector<std::pair<int, int>> lives_;
  std::vector<int64_t> taken_;
  std::vector<Pending> pending_;
  size_t next_ = 0;
  int stored_ = -1;
  std::vector<std::pair<int, int64_t>> ahead_;  ///< stage that needs it, bytes
  int64_t ahead_bytes_ = 0;
  std::vector<Command> commands_;
};

}  // namespace

std::vector<Command> schedule(const Draft& draft, const ScheduleOptions& options) {
  return Scheduler(draft, options).run();
}

}  // namespace quern::npu
