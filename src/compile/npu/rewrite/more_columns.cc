#include <fmt/format.h>

#include "compile/npu/rewrite/changes.h"

namespace quern::npu {

void more_columns(const Spot& spot, std::vector<Alternative>& ways) {
  const OperatorRule* rule = spot.rule();
  if (spot.refused().kind != OpKind::Conv || rule == nullptr || !rule->output_width_in_strides) return;
  const auto& a = spot.attrs<ConvAttrs>();
  const int64_t stride = a.strides[1];
  const int64_t columns = spot.output().shape[2];
  const int64_t more = (stride - columns % stride) % stride;
  if (more == 0) return;
  const int64_t input = spot.input(0).shape[2];
  const int64_t reach = (spot.input(1).shape[2] - 1) * a.dilations[1] + 1;
  const int64_t last = (columns + more - 1) * stride - a.pads[1];  // where the last window begins
  // Windows that see nothing but padding cannot be cut into tiles: then the columns are added on the left.
  const bool left = last >= input && reach > a.pads[1] + more * stride;
  Rework rework(spot);
  auto& attrs = rework.attrs<ConvAttrs>();
  attrs.auto_pad = AutoPad::explicit_pads;
  if (left) {
    attrs.pads[1] += more * stride;
  } else {
    attrs.pads[3] = std::max(attrs.pads[3], last + reach - input);
  }
  rework.keep(2, left ? more : 0, columns, "columns");
  ways.push_back(std::move(rework).done(fmt::format("computes {} columns and drops {}", columns + more, more)));
}

}  // namespace quern::npu
