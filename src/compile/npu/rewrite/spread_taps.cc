#include <fmt/format.h>

#include "compile/npu/rewrite/changes.h"
#include "compile/npu/rewrite/weights.h"

namespace quern::npu {

namespace {

template <typename A>
void spread(const Spot& spot, std::vector<Alternative>& ways) {
  const Pair dilations = spot.attrs<A>().dilations;
  if (dilations == Pair{1, 1} || !has_known_weights(spot)) return;
  const Tensor& w = *spot.input(1).constant;
  const Pair reach = {(w.shape()[1] - 1) * dilations[0] + 1, (w.shape()[2] - 1) * dilations[1] + 1};
  Rework rework(spot);
  rework.attrs<A>().dilations = {1, 1};
  rework.set_constant(
      1,
      moved_weights(
          w, {w.shape()[0], reach[0], reach[1], w.shape()[3]},
          [&](const WeightIndex& at) {
            const bool tap = at[1] % dilations[0] == 0 && at[2] % dilations[1] == 0;
            return tap ? WeightIndex{at[0], at[1] / dilations[0], at[2] / dilations[1], at[3]} : WeightIndex{-1};
          }),
      "spread");
  ways.push_back(
      std::move(rework).done(fmt::format("has a kernel of {}x{} with zeros between its taps", reach[0], reach[1])));
}

}  // namespace

void spread_taps(const Spot& spot, std::vector<Alternative>& ways) {
  if (spot.refused().kind == OpKind::Conv) spread<ConvAttrs>(spot, ways);
  if (spot.refused().kind == OpKind::ConvTranspose) spread<ConvTransposeAttrs>(spot, ways);
}

}  // namespace quern::npu
