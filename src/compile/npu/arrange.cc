#include "compile/npu/arrange.h"

#include <algorithm>

namespace quern::npu {

namespace {

/// Most jobs that are computed tile by tile together.
constexpr int kLongest = 6;

class Arranger {
 public:
  Arranger(const Part& part, const Chip& chip, int64_t room, bool simple)
      : part_(part), chip_(chip), room_(room), simple_(simple), readers_(readers_of(part)) {
    lives_ = lives_of(part, chip.scratch_bytes);
    if (simple) {
      residents_.assign(part.values.size(), false);
    } else {
      residents_ = choose_residents(part, lives_, needs(), room);
    }
  }

  Arrangement run() {
    std::vector<TiledGroup> groups;
    int j = 0;
    while (j < static_cast<int>(part_.jobs.size())) {
      auto choice = choose_tiling(part_, {j, j}, residents_, chip_, room_beside({j, j}, residents_));
      if (!choice && give_way(j)) {  // groups before counted on what has gone
        groups.clear();
        j = 0;
        continue;
      }
      if (!choice) choice = choose_tiling(part_, {j, j}, residents_, chip_, chip_.scratch_bytes);
      TiledGroup tiled{{j, j}, choice ? *choice : TileChoice{{part_.value(output_of(j)).shape, false}, {}}};
      if (!simple_) extend(tiled);
      tiled.overlapped = !simple_ && tiled.choice.cost.scratch_double <= room_beside(tiled.group, residents_);
      groups.push_back(std::move(tiled));
      j = groups.back().group.last + 1;
    }
    return {std::move(groups), std::move(residents_)};
  }

 private:
  /// What each job's tiles take when all that may stay does: of a tiling that fits a quarter of the memory, if there is
  /// one.
  std::vector<int64_t> needs() const {
    Residents all(part_.values.size(), false);
    for (size_t i = 0; i < lives_.size(); ++i) all[i] = lives_[i].may_stay;
    std::vector<int64_t> needs;
    for (int j = 0; j < static_cast<int>(part_.jobs.size()); ++j) {
      auto choice = choose_tiling(part_, {j, j}, all, chip_, room_ / 4);
      if (!choice) choice = choose_tiling(part_, {j, j}, all, chip_, chip_.scratch_bytes);
      needs.push_back(choice ? std::min(choice->cost.scratch_double, std::max(choice->cost.scratch, room_ / 4))
                             : chip_.scratch_bytes);
    }
    return needs;
  }

  int64_t room_beside(const Group& group, const Residents& residents) const {
    int64_t most = 0;
    for (int j = group.first; j <= group.last; ++j) most = std::max(most, staying_bytes(lives_, residents, j));
    return room_ - most;
  }

  /// The largest value that stays while a job runs is spilled; false when none does.
  bool give_way(int job) {
    int largest = -1;
    for (size_t i = 0; i < lives_.size(); ++i) {
      if (!residents_[i] || !lives_[i].alive(job)) continue;
      if (largest < 0 || lives_[i].bytes > lives_[static_cast<size_t>(largest)].bytes) largest = static_cast<int>(i);
    }
    if (largest >= 0) residents_[static_cast<size_t>(largest)] = false;
    return largest >= 0;
  }

  int output_of(int job) const { return part_.jobs[static_cast<size_t>(job)].output; }

  double overhead(const Group& group) const {
    bool conv = false;
    double layers = 0;
    for (int j = group.first; j <= group.last; ++j) {
      const bool product = on_conv_engine(part_.jobs[static_cast<size_t>(j)].kind);
      if (product || !conv) ++layers;
      conv = conv || product;
    }
    return layers * chip_.figures.layer_overhead_cycles;
  }

  /// Takes the next job into the group as long as both together cost less than one after the other.
  void extend(TiledGroup& tiled) {
    while (tiled.group.size() < kLongest && can_join(part_, readers_, tiled.group)) {
      const Group next{tiled.group.last + 1, tiled.group.last + 1};
      const Group both{tiled.group.first, next.last};
      Residents residents = residents_;
      for (int j = both.first; j < both.last; ++j) residents[static_cast<size_t>(output_of(j))] = false;
      const auto alone = choose_tiling(part_, next, residents_, chip_, room_beside(next, residents_));
      const auto joined = choose_tiling(part_, both, residents, chip_, room_beside(both, residents));
      if (!joined || !alone) return;
      const double apart = tiled.choice.cost.cycles + alone->cost.cycles + overhead(tiled.group) + overhead(next);
      if (joined->cost.cycles + overhead(both) >= apart) return;
      tiled.group = both;
      tiled.choice = *joined;
      residents_ = std::move(residents);
    }
  }

  const Part& part_;
  const Chip& chip_;
  int64_t room_;
  bool simple_;
  std::vector<std::vector<int>> readers_;
  std::vector<Life> lives_;
  Residents residents_;
};

}  // namespace

Arrangement arrange(const Part& part, const Chip& chip, int64_t room, bool simple) {
  return Arranger(part, chip, room, simple).run();
}

}  // namespace quern::npu
