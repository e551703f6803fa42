#include "targets/sim/machine/clock.h"

#include <algorithm>
#include <limits>

namespace quern::machine {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

/// A phase that is this near its end has ended: what divisions round.
constexpr double kNothing = 1e-9;

/// One engine: its commands in order, and what is left of the one it executes.
struct Lane {
  std::vector<uint32_t> queue;
  size_t next = 0;  ///< in the queue: the command in execution, or the one to start
  bool active = false;
  double cycles = 0;  ///< left of the computation, or of the transfer's latency
  double bytes = 0;   ///< left of the transfer
  double idle_since = 0;

  bool moving() const { return active && cycles <= 0 && bytes > 0; }
  bool done() const { return active && cycles <= 0 && bytes <= 0; }
};

class Simulation {
 public:
  explicit Simulation(const Program& program) : program_(program), ended_(program.commands.size(), false) { prepare(); }

  Timeline run() {
    while (true) {
      start_all();
      const double step = next_event();
      if (step == kNever) break;  // nothing is active: waits point backwards, so nothing is left either
      advance(step);
      end_all();
    }
    line_.cycles = now_;
    for (Lane& lane : lanes_) line_.cycles = std::max(line_.cycles, lane.idle_since);
    return std::move(line_);
  }

 private:
  void prepare() {
    const MachineFigures& figures = program_.figures;
    std::vector<bool> begun(program_.layers.size(), false);
    for (size_t i = 0; i < program_.commands.size(); ++i) {
      const Command& command = program_.commands[i];
      Cost cost = cost_of(command, figures);
      double extra = 0;
      const bool computes = std::holds_alternative<Computation>(command.body);
      if (computes && !begun[command.layer]) {
        begun[command.layer] = true;
        if (program_.layers[command.layer].overhead) extra = figures.layer_overhead_cycles;
      }
      cost.cycles += extra;
      line_.costs.push_back(cost);
      line_.overhead.push_back(extra);
      lanes_[static_cast<size_t>(command.engine)].queue.push_back(static_cast<uint32_t>(i));
    }
    line_.commands.resize(program_.commands.size());
    now_ = figures.fixed_overhead_cycles;
    for (Lane& lane : lanes_) lane.idle_since = now_;
  }

  bool ready(uint32_t index) const {
    const auto& waits = program_.commands[index].waits;
    return std::all_of(waits.begin(), waits.end(), [&](uint32_t w) { return ended_[w]; });
  }

  void start_all() {
    for (size_t e = 0; e < lanes_.size(); ++e) {
      Lane& lane = lanes_[e];
      if (lane.active || lane.next == lane.queue.size() || !ready(lane.queue[lane.next])) continue;
      const uint32_t index = lane.queue[lane.next];
      lane.active = true;
      lane.cycles = line_.costs[index].cycles;
      lane.bytes = line_.costs[index].bytes;
      line_.commands[index].start = now_;
      line_.stalled[e] += now_ - lane.idle_since;
    }
  }

  /// Bytes a cycle for each engine that moves some.
  double rate() const {
    const auto moving = std::count_if(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.moving(); });
    return program_.figures.dma_bytes_per_cycle / static_cast<double>(std::max<std::ptrdiff_t>(moving, 1));
  }

  double left(const Lane& lane) const { return lane.moving() ? lane.bytes / rate() : lane.cycles; }

  /// Cycles until a phase of an active command ends.
  double next_event() const {
    double step = kNever;
    for (const Lane& lane : lanes_) {
      if (lane.active) step = std::min(step, left(lane));
    }
    return step;
  }

  void advance(double step) {
    const double share = rate();
    now_ += step;
    for (Lane& lane : lanes_) {
      if (!lane.active) continue;
      if (lane.moving()) {
        lane.bytes = lane.bytes / share - step <= kNothing ? 0 : lane.bytes - step * share;
      } else {
        lane.cycles = lane.cycles - step <= kNothing ? 0 : lane.cycles - step;
      }
    }
  }

  void end_all() {
    for (Lane& lane : lanes_) {
      if (!lane.done()) continue;
      const uint32_t index = lane.queue[lane.next++];
      line_.commands[index].end = now_;
      ended_[index] = true;
      lane.active = false;
      lane.idle_since = now_;
    }
  }

  const Program& program_;
  std::vector<bool> ended_;
  std::array<Lane, kEngines> lanes_;
  Timeline line_;
  double now_ = 0;
};

}  // namespace

Timeline time_program(const Program& program) {
  return Simulation(program).run();
}

}  // namespace quern::machine
