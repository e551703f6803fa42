#include "targets/sim/machine/advice.h"

#include <fmt/format.h>

#include <algorithm>

namespace quern::machine {

namespace {

/// Shares of the conv engine, in percent: below the first its lanes are badly filled, above the second it is full.
constexpr double kBadlyFilled = 60, kFull = 90;

double kib(int64_t bytes) {
  return static_cast<double>(bytes) / 1024;
}

std::string compute_advice(const MachineFigures& f, const LayerCost& cost, const NpuLayer& layer) {
  const double peak = (cost.wide ? f.macs_per_cycle_16 : f.macs_per_cycle_8) * f.efficiency;
  const double filled = 100 * static_cast<double>(layer.macs) / (cost.compute * peak);
  if (filled < kBadlyFilled) {
    return fmt::format(
        "its channels fill {:.0f} % of the conv engine: multiples of {} input and {} output channels a group fill it",
        filled, f.gi, f.go);
  }
  if (cost.wide && f.macs_per_cycle_16 < f.macs_per_cycle_8) {
    return fmt::format("8-bit activations would run at {:.0f} instead of {:.0f} multiply-accumulates a cycle",
                       f.macs_per_cycle_8, f.macs_per_cycle_16);
  }
  if (layer.utilisation_pct >= kFull * f.efficiency) return {};
  return fmt::format(
      "the conv engine is its limit ({:.0f} % filled): fewer channels or a smaller picture make it faster", filled);
}

std::string depthwise_advice(const MachineFigures& f, const NpuLayer& layer) {
  return fmt::format(
      "depthwise products run at {:.0f} a cycle, dense ones at up to {:.0f}: a dense or grouped convolution of the "
      "same "
      "{} may cost nothing more",
      f.depthwise_per_cycle, f.macs_per_cycle_8 * f.efficiency, layer.kind);
}

std::string vector_advice(const MachineFigures& f, const NpuLayer& layer) {
  return fmt::format(
      "{:.0f} KiB pass through the vector engine at {:.0f} bytes a cycle: an activation that is fused into the "
      "convolution before it, or one operator instead of several, saves them",
      kib(layer.bytes.moved), f.vector_bytes_per_cycle);
}

std::string dma_advice(const NpuLayer& layer) {
  const int64_t activations = layer.bytes.loaded_activations + layer.bytes.stored;
  if (layer.bytes.loaded_parameters >= activations) {
    return fmt::format(
        "{:.0f} KiB of parameters are loaded for it: fewer weights, or more work a weight, make it faster",
        kib(layer.bytes.loaded_parameters));
  }
  return fmt::format(
      "{:.0f} KiB of activations cross to or from DRAM for it: a smaller picture, or fewer channels so that they stay "
      "in "
      "scratch, make it faster",
      kib(activations));
}

}  // namespace

void explain(const MachineFigures& figures, const LayerCost& cost, NpuLayer& layer) {
  const std::pair<double, const char*> parts[] = {{cost.compute, "compute"},
                                                  {cost.depthwise, "depthwise"},
                                                  {cost.vector, "vector"},
                                                  {cost.dma, "dma"},
                                                  {cost.overhead, "overhead"}};
  const auto* most = std::max_element(std::begin(parts), std::end(parts),
                                      [](const auto& a, const auto& b) { return a.first < b.first; });
  if (most->first <= 0) return;
  layer.bound_by = most->second;
  if (layer.bound_by == "compute") layer.advice = compute_advice(figures, cost, layer);
  if (layer.bound_by == "depthwise") layer.advice = depthwise_advice(figures, layer);
  if (layer.bound_by == "vector") layer.advice = vector_advice(figures, layer);
  if (layer.bound_by == "dma") layer.advice = dma_advice(layer);
  if (layer.bound_by == "overhead") {
    layer.advice = fmt::format("starting it costs {:.0f} cycles whatever its size: join it with a neighbour",
                               figures.layer_overhead_cycles);
  }
}

}  // namespace quern::machine
