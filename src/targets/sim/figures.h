// The figures of a target as rows: their place in the file, their range, and whether a virtual NPU has its share of
// them.
#pragma once

#include <span>
#include <variant>

#include "targets/sim/json_fields.h"
#include "targets/sim/profile.h"

namespace quern {

struct FigureRow {
  std::string_view path;  ///< "dma.gb_per_s"
  double low;
  double high;
  bool shared;  ///< multiplied by a mode's share
  std::variant<double TargetFigures::*, int64_t TargetFigures::*> member;
};

std::span<const FigureRow> figure_rows();

/// Reads a figure out of `field` into `figures`.
Status take_figure(const FigureRow& row, const Field& field, TargetFigures& figures);
/// The figures of a mode that has `share` of the resources. Whole numbers are rounded; a mode's own figures come later.
TargetFigures shared_figures(const TargetFigures& figures, double share);
double value_of(const FigureRow& row, const TargetFigures& figures);

}  // namespace quern
