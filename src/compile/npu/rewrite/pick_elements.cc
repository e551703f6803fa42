#include <fmt/format.h>

#include "compile/npu/rewrite/changes.h"

namespace quern::npu {

namespace {

/// A pool of single elements: it only picks.
PoolAttrs picking(const Pair& strides) {
  PoolAttrs pool;
  pool.strides = strides;
  return pool;
}

void pick_of_convolution(const Spot& spot, std::vector<Alternative>& ways) {
  const auto& a = spot.attrs<ConvAttrs>();
  if (a.strides == Pair{1, 1}) return;
  const Shape& w = spot.input(1).shape;
  if (w[1] == 1 && w[2] == 1 && a.pads == Pads{}) {
    Rework rework(spot);
    rework.attrs<ConvAttrs>().strides = {1, 1};
    rework.before(0, OpKind::MaxPool, picking(a.strides), "pick");
    ways.push_back(std::move(rework).done(
        fmt::format("reads every {}th row and {}th column, picked before it", a.strides[0], a.strides[1])));
  }
  Rework rework(spot);
  auto& attrs = rework.attrs<ConvAttrs>();
  attrs.strides = {1, 1};
  attrs.auto_pad = AutoPad::explicit_pads;
  rework.behind(OpKind::MaxPool, picking(a.strides), "pick");
  ways.push_back(std::move(rework).done(
      fmt::format("computes all rows and columns and keeps every {}th and {}th", a.strides[0], a.strides[1])));
}

/// The steps of a Slice along rows and columns of a value of four axes; nothing when it has others.
std::optional<Pair> spatial_steps(const Spot& spot) {
  const auto& a = spot.attrs<SliceAttrs>();
  Pair steps{1, 1};
  if (spot.input(0).shape.size() != 4) return std::nullopt;
  for (size_t i = 0; i < a.steps.size(); ++i) {
    if (a.steps[i] == 1) continue;
    if (a.steps[i] < 1 || (a.axes[i] != 1 && a.axes[i] != 2)) return std::nullopt;
    steps[static_cast<size_t>(a.axes[i] - 1)] = a.steps[i];
  }
  return steps == Pair{1, 1} ? std::nullopt : std::optional(steps);
}

void pick_of_slice(const Spot& spot, std::vector<Alternative>& ways) {
  const auto steps = spatial_steps(spot);
  if (!steps) return;
  Rework rework(spot);
  auto& a = rework.attrs<SliceAttrs>();
  a.steps.assign(a.starts.size(), 1);
  rework.behind(OpKind::MaxPool, picking(*steps), "pick");
  ways.push_back(std::move(rework).done(
      fmt::format("slices in steps of 1 and picks every {}th row and {}th column", (*steps)[0], (*steps)[1])));
}

}  // namespace

void pick_elements(const Spot& spot, std::vector<Alternative>& ways) {
  if (spot.refused().kind == OpKind::Conv) pick_of_convolution(spot, ways);
  if (spot.refused().kind == OpKind::Slice) pick_of_slice(spot, ways);
}

}  // namespace quern::npu
