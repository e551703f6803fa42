#include <fmt/format.h>

#include "compile/npu/rewrite/changes.h"

namespace quern::npu {

namespace {

/// The largest window along an axis that the rule takes, at least 2.
int64_t largest(const OperatorRule& rule) {
  int64_t most = std::numeric_limits<int64_t>::max();
  if (rule.kernel) most = std::min(most, rule.kernel->high);
  if (rule.kernel_extent) most = std::min(most, rule.kernel_extent->high);
  return most;
}

}  // namespace

void chain_pools(const Spot& spot, std::vector<Alternative>& ways) {
  if (spot.refused().kind != OpKind::MaxPool || spot.rule() == nullptr) return;
  const auto& a = spot.attrs<PoolAttrs>();
  const int64_t most = largest(*spot.rule());
  if (a.dilations != Pair{1, 1} || a.ceil_mode || most < 2) return;
  if (a.kernel[0] <= most && a.kernel[1] <= most) return;
  // The greatest of the greatest: windows of `first` one behind the other make one of first + rest - 1.
  PoolAttrs first;
  Rework rework(spot);
  auto& rest = rework.attrs<PoolAttrs>();
  rest.auto_pad = AutoPad::explicit_pads;
  for (size_t axis = 0; axis < 2; ++axis) {
    first.kernel[axis] = std::min(a.kernel[axis], most);
    rest.kernel[axis] = a.kernel[axis] - first.kernel[axis] + 1;
    // A window must see something: each pool takes less padding than it is wide.
    for (size_t side : {axis, axis + 2}) {
      first.pads[side] = std::min(a.pads[side], first.kernel[axis] - 1);
      rest.pads[side] = a.pads[side] - first.pads[side];
      if (rest.pads[side] >= rest.kernel[axis] && rest.pads[side] > 0) return;
    }
  }
  const std::string change = fmt::format("takes the greatest of windows of {}x{} and of {}x{} one behind the other",
                                         first.kernel[0], first.kernel[1], rest.kernel[0], rest.kernel[1]);
  rework.before(0, OpKind::MaxPool, first, "pool");
  ways.push_back(std::move(rework).done(change));
}

}  // namespace quern::npu
