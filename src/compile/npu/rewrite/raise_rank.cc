#include <fmt/format.h>

#include "compile/npu/rewrite/changes.h"

namespace quern::npu {

void raise_rank(const Spot& spot, std::vector<Alternative>& ways) {
  const OperatorRule* rule = spot.rule();
  if (rule == nullptr || !rule->rank || spot.refused().inputs.size() != 1) return;
  const Shape& x = spot.input(0).shape;
  const int64_t more = rule->rank->low - static_cast<int64_t>(x.size());
  if (more <= 0) return;
  Rework rework(spot);
  if (auto* reduce = std::get_if<ReduceAttrs>(&rework.op().attrs)) {
    for (int64_t& axis : reduce->axes) axis += more;
  } else if (auto* arg = std::get_if<ArgAttrs>(&rework.op().attrs)) {
    arg->axis += more;
  } else {
    return;
  }
  Shape raised(static_cast<size_t>(more), 1);
  raised.insert(raised.end(), x.begin(), x.end());
  rework.before(0, OpKind::Reshape, ReshapeAttrs{raised}, "raise");
  rework.behind(OpKind::Reshape, ReshapeAttrs{spot.output().shape}, "lower");
  ways.push_back(std::move(rework).done(fmt::format("sees its input as {} axes", raised.size())));
}

}  // namespace quern::npu
