#include "targets/sim/figures.h"

#include <cmath>

namespace quern {

namespace {

using F = TargetFigures;

constexpr FigureRow kRows[] = {
    {"clock_mhz", 0.001, 100000, false, &F::clock_mhz},
    {"macs_per_cycle.int8", 1, 1e9, true, &F::macs_per_cycle_int8},
    {"macs_per_cycle.int16", 0, 1e9, true, &F::macs_per_cycle_int16},
    {"mac_efficiency", 0.001, 1, false, &F::mac_efficiency},
    {"granule.channels_in", 1, 65536, false, &F::channels_in},
    {"granule.channels_out", 1, 65536, false, &F::channels_out},
    {"depthwise_gmac_per_s", 0.001, 1e9, true, &F::depthwise_gmac_per_s},
    {"vector_gb_per_s", 0.001, 1e9, true, &F::vector_gb_per_s},
    {"scratch.bytes", 1024, 1099511627776.0, true, &F::scratch_bytes},
    {"scratch.banks", 1, 65536, false, &F::scratch_banks},
    {"dma.gb_per_s", 0.001, 100000, true, &F::dma_gb_per_s},
    {"dma.latency_us", 0, 1e6, false, &F::dma_latency_us},
    {"overhead.layer_us", 0, 1e6, false, &F::layer_us},
    {"overhead.run_us", 0, 1e9, false, &F::run_us},
};

}  // namespace

std::span<const FigureRow> figure_rows() {
  return kRows;
}

Status take_figure(const FigureRow& row, const Field& field, TargetFigures& figures) {
  if (const auto* real = std::get_if<double F::*>(&row.member)) {
    QUERN_TRY(figures.**real, number(field, row.low, row.high));
    return {};
  }
  const auto low = static_cast<int64_t>(row.low), high = static_cast<int64_t>(row.high);
  QUERN_TRY(figures.*std::get<int64_t F::*>(row.member), whole(field, low, high));
  return {};
}

TargetFigures shared_figures(const TargetFigures& figures, double share) {
  TargetFigures part = figures;
  for (const FigureRow& row : kRows) {
    if (!row.shared) continue;
    if (const auto* real = std::get_if<double F::*>(&row.member)) {
      part.** real *= share;
    } else {
      int64_t& whole = part.*std::get<int64_t F::*>(row.member);
      whole = static_cast<int64_t>(std::floor(static_cast<double>(whole) * share + 0.5));
    }
  }
  return part;
}

double value_of(const FigureRow& row, const TargetFigures& figures) {
  if (const auto* real = std::get_if<double F::*>(&row.member)) return figures.**real;
  return static_cast<double>(figures.*std::get<int64_t F::*>(row.member));
}

}  // namespace quern
