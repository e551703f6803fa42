#include "compile/npu/rewrite/changes.h"

namespace quern::npu {

namespace {

PadAttrs pad_of(const Pads& pads) {
  PadAttrs a;
  a.pads = {0, pads[0], pads[1], 0, 0, pads[2], pads[3], 0};
  return a;
}

}  // namespace

void pad_before(const Spot& spot, std::vector<Alternative>& ways) {
  const OpKind kind = spot.refused().kind;
  const auto* pool = std::get_if<PoolAttrs>(&spot.refused().attrs);
  const bool counts = kind == OpKind::AveragePool && pool->count_include_pad && !pool->ceil_mode;
  if (kind != OpKind::Conv && !counts) return;
  const Pads pads = counts ? pool->pads : spot.attrs<ConvAttrs>().pads;
  if (pads == Pads{}) return;
  Rework rework(spot);
  if (counts) {
    auto& a = rework.attrs<PoolAttrs>();
    a.auto_pad = AutoPad::explicit_pads;
    a.pads = {};
    a.count_include_pad = false;
  } else {
    auto& a = rework.attrs<ConvAttrs>();
    a.auto_pad = AutoPad::explicit_pads;
    a.pads = {};
  }
  rework.before(0, OpKind::Pad, pad_of(pads), "pad");
  ways.push_back(std::move(rework).done("pads its input before it"));
}

}  // namespace quern::npu
