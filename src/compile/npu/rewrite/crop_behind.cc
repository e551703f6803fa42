#include <fmt/format.h>

#include "compile/npu/rewrite/changes.h"

namespace quern::npu {

namespace {

/// Smaller pads give more rows and columns of a transposed convolution.
bool equal_pads(const ConvTransposeAttrs& a, Pads& pads, Pair& dropped) {
  for (size_t axis = 0; axis < 2; ++axis) {
    const int64_t least = std::min(a.pads[axis], a.pads[2 + axis]);
    dropped[axis] = a.pads[axis] - least;
    pads[axis] = pads[2 + axis] = least;
  }
  return pads != a.pads;
}

/// Larger pads give more windows of a pool, none of which may see nothing but padding.
bool equal_pads(const PoolAttrs& a, Pads& pads, Pair& dropped) {
  if (a.ceil_mode || a.count_include_pad) return false;
  for (size_t axis = 0; axis < 2; ++axis) {
    int64_t before = a.pads[axis];
    for (; before < a.pads[2 + axis]; before += a.strides[axis]) ++dropped[axis];
    pads[axis] = pads[2 + axis] = before;
    if (before >= a.kernel[axis]) return false;
  }
  return pads != a.pads;
}

template <typename A>
void crop(const Spot& spot, std::vector<Alternative>& ways) {
  Pads pads{};
  Pair dropped{};
  if (!equal_pads(spot.attrs<A>(), pads, dropped)) return;
  Rework rework(spot);
  auto& a = rework.attrs<A>();
  a.auto_pad = AutoPad::explicit_pads;
  a.pads = pads;
  if constexpr (std::is_same_v<A, ConvTransposeAttrs>) a.output_shape.clear();
  for (int64_t axis = 0; axis < 2; ++axis)
    rework.keep(1 + axis, dropped[static_cast<size_t>(axis)], spot.output().shape[static_cast<size_t>(1 + axis)],
                "crop");
  ways.push_back(std::move(rework).done(
      fmt::format("pads {} rows and {} columns on both sides and drops what is too much", pads[0], pads[1])));
}

}  // namespace

void crop_behind(const Spot& spot, std::vector<Alternative>& ways) {
  if (spot.refused().kind == OpKind::ConvTranspose) return crop<ConvTransposeAttrs>(spot, ways);
  const bool pool = spot.refused().kind == OpKind::AveragePool || spot.refused().kind == OpKind::MaxPool;
  if (pool && spot.attrs<PoolAttrs>().dilations == Pair{1, 1}) crop<PoolAttrs>(spot, ways);
}

}  // namespace quern::npu
