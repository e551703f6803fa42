// Relu and Clip become bounds of the operator before them. For quantized values this is exact only when both ends of
// the activation have the same scale and zero point: then the operator rounds once, to the same steps, and clamps.

#include <algorithm>

#include "base/error.h"
#include "prepare/editor.h"
#include "prepare/prepare.h"

namespace quern {

namespace {

std::optional<Clamp> bounds_of(const Op& op) {
  if (op.kind == OpKind::Relu) return Clamp{0.0f, std::numeric_limits<float>::infinity()};
  if (op.kind != OpKind::Clip || op.inputs.size() != 1) return std::nullopt;
  const auto& attrs = std::get<UnaryAttrs>(op.attrs);
  return Clamp{static_cast<float>(attrs.alpha), static_cast<float>(attrs.beta)};
}

/// The clamp of an operator that can have one here, else nullptr.
Clamp* clamp_of(Op& op) {
  switch (op.kind) {
    case OpKind::Conv:
      return &std::get<ConvAttrs>(op.attrs).clamp;
    case OpKind::ConvTranspose:
      return &std::get<ConvTransposeAttrs>(op.attrs).clamp;
    case OpKind::MatMul:
      return &std::get<MatMulAttrs>(op.attrs).clamp;
    case OpKind::FullyConnected:
    case OpKind::Add:
    case OpKind::Sub:
    case OpKind::Mul:
    case OpKind::Div:
      return &std::get<ClampAttrs>(op.attrs).clamp;
    default:
      return nullptr;
  }
}

bool same_steps(const Value& before, const Value& after) {
  if (before.dtype != after.dtype) return false;
  if (before.quantization.empty()) return before.dtype == DType::float32 && after.quantization.empty();
  return before.quantization == after.quantization && !before.quantization.per_axis();
}

/// What `outer` makes of the results of `inner`.
Clamp composed(const Clamp& inner, const Clamp& outer) {
  return {std::min(std::max(inner.low, outer.low), outer.high), std::min(std::max(inner.high, outer.low), outer.high)};
}

bool fuse(Editor& editor, int index) {
  const Op& activation = editor.op(index);
  const auto bounds = bounds_of(activation);
  if (!bounds || !(bounds->low <= bounds->high)) return false;
  const ValueId before = activation.inputs[0];
  const ValueId after = activation.outputs[0];
  const int producer = editor.producer(before);
  if (producer < 0 || !editor.has_one_reader(before) || !same_steps(editor.value(before), editor.value(after)))
    return false;
  Clamp* clamp = clamp_of(editor.op(producer));
  if (clamp == nullptr) return false;
  *clamp = composed(*clamp, *bounds);
  editor.remove(index);
  editor.set_output(producer, 0, after);
  return true;
}

}  // namespace

Result<bool> fuse_activations(Graph& graph) {
  Editor editor(graph);
  bool changed = false;
  for (int index = 0; index < editor.op_count(); ++index) changed = fuse(editor, index) || changed;
  QUERN_CHECK(editor.finish());
  return changed;
}

}  // namespace quern
