#include "targets/sim/machine/report.h"

#include <algorithm>
#include <numeric>

#include "plan/program_pieces.h"
#include "targets/sim/machine/advice.h"
#include "targets/sim/machine/clock.h"

namespace quern {

const char* npu_engine_name(int engine) {
  constexpr const char* kNames[] = {"load", "store", "conv", "vector"};
  return engine >= 0 && engine < kNpuEngines ? kNames[engine] : "?";
}

NpuBytes& NpuBytes::operator+=(const NpuBytes& other) {
  loaded_activations += other.loaded_activations;
  loaded_parameters += other.loaded_parameters;
  stored += other.stored;
  moved += other.moved;
  return *this;
}

namespace machine {

namespace {

class Reporter {
 public:
  explicit Reporter(const Program& program)
      : program_(program), line_(time_program(program)), costs_(program.layers.size()) {}

  NpuReport run() {
    head();
    for (size_t i = 0; i < program_.commands.size(); ++i) add(i);
    share_out();
    for (size_t i = 0; i < report_.layers.size(); ++i) finish(i);
    return std::move(report_);
  }

 private:
  void head() {
    const MachineFigures& f = program_.figures;
    report_.target = program_.target;
    report_.mode = program_.mode;
    report_.clock_hz = f.clock_hz;
    report_.macs_per_cycle = f.macs_per_cycle_8;
    report_.cycles = line_.cycles;
    report_.fixed = f.fixed_overhead_cycles;
    report_.ms = 1e3 * line_.cycles / f.clock_hz;
    report_.scratch_bytes = program_.scratch_bytes;
    report_.scratch_used = program_.scratch_used;
    for (const ProgramLayer& layer : program_.layers) {
      NpuLayer row;
      row.name = layer.name;
      row.kind = layer.kind;
      row.fused_into = layer.fused_into;
      row.macs = layer.macs;
      report_.macs += layer.macs;
      report_.layers.push_back(std::move(row));
    }
    for (size_t e = 0; e < line_.stalled.size(); ++e) report_.engines[e].stalled = line_.stalled[e];
  }

  void add(size_t i) {
    const Command& command = program_.commands[i];
    const auto engine = static_cast<size_t>(command.engine);
    const CommandTime& time = line_.commands[i];
    NpuLayer& layer = report_.layers[command.layer];
    NpuBytes bytes;
    if (const auto* transfer = std::get_if<Transfer>(&command.body)) {
      const bool parameters = transfer->space == Space::image;
      int64_t& kind = command.engine == Engine::store ? bytes.stored
                      : parameters                    ? bytes.loaded_parameters
                                                      : bytes.loaded_activations;
      kind = transfer_bytes(*transfer);
      costs_[command.layer].dma += line_.costs[i].cycles + line_.costs[i].bytes / program_.figures.dma_bytes_per_cycle;
    } else {
      add_computation(i, std::get<Computation>(command.body), bytes);
    }
    layer.bytes += bytes;
    report_.bytes += bytes;
    layer.busy[engine] += time.end - time.start;
    layer.commands += 1;
    report_.engines[engine].busy += time.end - time.start;
    report_.engines[engine].commands += 1;
    stretch(layer, command, time);
    report_.commands.push_back({static_cast<int32_t>(engine), command.layer, time.start, time.end});
  }

  void add_computation(size_t i, const Computation& computation, NpuBytes& bytes) {
    const Command& command = program_.commands[i];
    LayerCost& cost = costs_[command.layer];
    const double own = line_.costs[i].cycles - line_.overhead[i];
    cost.overhead += line_.overhead[i];
    if (command.engine == Engine::vector) {
      bytes.moved = vector_bytes(computation);
      cost.vector += own;
      return;
    }
    (line_.costs[i].depthwise ? cost.depthwise : cost.compute) += own;
    if (product_extents(computation).wide) cost.wide = true;
  }

  /// A layer starts with its first computation: what is loaded ahead of time lies in the time of others.
  void stretch(NpuLayer& layer, const Command& command, const CommandTime& time) {
    const bool computes = std::holds_alternative<Computation>(command.body);
    const bool first_computation = computes && !computing_.at(command.layer);
    if (layer.commands == 1 || first_computation) {
      layer.start = time.start;
    } else if (computes == computing_.at(command.layer)) {
      layer.start = std::min(layer.start, time.start);
    }
    if (computes) computing_.at(command.layer) = true;
    layer.end = std::max(layer.end, time.end);
  }

  /// Each computation, in the order they end, owns the cycles by which it carries the end forward; what is left when
  /// the last of them has ended belongs to the layer that ends the program.
  void share_out() {
    std::vector<size_t> order;
    for (size_t i = 0; i < program_.commands.size(); ++i) {
      if (std::holds_alternative<Computation>(program_.commands[i].body)) order.push_back(i);
    }
    const auto end = [&](size_t i) { return line_.commands[i].end; };
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return end(a) < end(b); });
    double reached = report_.fixed;
    for (size_t i : order) {
      report_.layers[program_.commands[i].layer].cycles += std::max(0.0, end(i) - reached);
      reached = std::max(reached, end(i));
    }
    if (program_.commands.empty()) return;
    size_t last = 0;
    for (size_t i = 1; i < program_.commands.size(); ++i) {
      if (end(i) >= end(last)) last = i;
    }
    report_.layers[program_.commands[last].layer].cycles += line_.cycles - reached;
  }

  void finish(size_t index) {
    NpuLayer& layer = report_.layers[index];
    const LayerCost& cost = costs_[index];
    layer.depthwise = cost.depthwise;
    layer.overhead = cost.overhead;
    const double most = (layer.end - layer.start) *
                        (cost.wide ? program_.figures.macs_per_cycle_16 : program_.figures.macs_per_cycle_8);
    if (most > 0) layer.utilisation_pct = 100 * static_cast<double>(layer.macs) / most;
    explain(program_.figures, cost, layer);
  }

  const Program& program_;
  Timeline line_;
  NpuReport report_;
  std::vector<LayerCost> costs_;
  std::vector<bool> computing_ = std::vector<bool>(program_.layers.size(), false);
};

}  // namespace

NpuReport report_of(const Program& program) {
  return Reporter(program).run();
}

}  // namespace machine

}  // namespace quern
