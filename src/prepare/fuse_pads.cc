// A Pad of H and W whose value is what the window operator pads with anyway: real 0 for a convolution, -inf for
// MaxPool. AveragePool pads with zeros only where it counts them.

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "prepare/editor.h"
#include "prepare/prepare.h"

namespace quern {

namespace {

/// Top, left, bottom, right of a constant Pad that leaves N and C of a channels-last value alone.
std::optional<Pads> spatial_pads(const Graph& graph, const Op& op) {
  const auto& attrs = std::get<PadAttrs>(op.attrs);
  if (attrs.mode != PadMode::constant || graph.value(op.inputs[0]).shape.size() != 4) return std::nullopt;
  Ints axes = attrs.axes;
  if (axes.empty()) axes = {0, 1, 2, 3};
  Pads pads{};
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t begin = attrs.pads[i];
    const int64_t end = attrs.pads[i + axes.size()];
    if (begin < 0 || end < 0) return std::nullopt;
    if (axes[i] != 1 && axes[i] != 2) {
      if (begin != 0 || end != 0) return std::nullopt;
      continue;
    }
    pads[static_cast<size_t>(axes[i] - 1)] = begin;
    pads[static_cast<size_t>(axes[i] + 1)] = end;
  }
  return pads;
}

Pads sum(const Pads& a, const Pads& b) {
  return {a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]};
}

bool fits_window(const Pads& pads, const Pair& kernel) {
  return pads[0] < kernel[0] && pads[2] < kernel[0] && pads[1] < kernel[1] && pads[3] < kernel[1];
}

bool takes_pads(const Op& op, double value, const Pads& pads) {
  if (op.kind == OpKind::Conv) return value == 0;
  if (op.kind != OpKind::MaxPool && op.kind != OpKind::AveragePool) return false;
  const auto& attrs = std::get<PoolAttrs>(op.attrs);
  if (attrs.ceil_mode || !fits_window(sum(attrs.pads, pads), attrs.kernel)) return false;
  if (op.kind == OpKind::MaxPool) return value == -std::numeric_limits<double>::infinity();
  return value == 0 && (attrs.count_include_pad || attrs.pads == Pads{});
}

void give_pads(Op& op, const Pads& pads) {
  if (op.kind == OpKind::Conv) {
    auto& attrs = std::get<ConvAttrs>(op.attrs);
    attrs.pads = sum(attrs.pads, pads);
    attrs.auto_pad = AutoPad::explicit_pads;
    return;
  }
  auto& attrs = std::get<PoolAttrs>(op.attrs);
  attrs.pads = sum(attrs.pads, pads);
  attrs.auto_pad = AutoPad::explicit_pads;
  if (op.kind == OpKind::AveragePool) attrs.count_include_pad = true;
}

/// All readers take the pads, or none: otherwise the Pad stays and nothing is won.
bool fuse(Editor& editor, int index) {
  const Op& pad = editor.op(index);
  if (pad.kind != OpKind::Pad) return false;
  const ValueId before = pad.inputs[0];
  const ValueId after = pad.outputs[0];
  const auto pads = spatial_pads(editor.graph(), pad);
  if (!pads || editor.is_output(after) || editor.value(before).quantization != editor.value(after).quantization)
    return false;
  const double value = std::get<PadAttrs>(pad.attrs).value;
  const std::vector<int> readers = editor.consumers(after);
  for (int reader : readers) {
    const Op& op = editor.op(reader);
    if (op.inputs[0] != after || std::count(op.inputs.begin(), op.inputs.end(), after) != 1) return false;
    if (!takes_pads(op, value, *pads)) return false;
  }
  for (int reader : readers) {
    give_pads(editor.op(reader), *pads);
    editor.set_input(reader, 0, before);
  }
  editor.remove(index);
  return true;
}

}  // namespace

Result<bool> fuse_pads(Graph& graph) {
  Editor editor(graph);
  bool changed = false;
  for (int index = 0; index < editor.op_count(); ++index) changed = fuse(editor, index) || changed;
  QUERN_CHECK(editor.finish());
  return changed;
}

}  // namespace quern
