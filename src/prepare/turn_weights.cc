// Channels first, a network flattens its last feature map in the order C, H, W; channels last in the order H, W, C.
// Where a FullyConnected with constant weights reads the flattened map, its weights are put into the new order instead.

#include "base/error.h"
#include "prepare/editor.h"
#include "prepare/evaluate.h"
#include "prepare/prepare.h"
#include "prepare/relayout.h"

namespace quern {

namespace {

/// x -> transpose -> reshape -> the operator, where nothing else reads between.
struct Flattening {
  ValueId x;
  int reshape;
  FeatureOrder order;
};

std::optional<Flattening> flattening_before(const Editor& editor, const Op& op) {
  if (op.kind != OpKind::FullyConnected || !editor.graph().is_constant(op.inputs[1])) return std::nullopt;
  if (!editor.has_one_reader(op.inputs[0])) return std::nullopt;
  const int reshape = editor.producer(op.inputs[0]);
  if (reshape < 0 || editor.op(reshape).kind != OpKind::Reshape) return std::nullopt;
  const ValueId between = editor.op(reshape).inputs[0];
  const int transpose = editor.producer(between);
  if (transpose < 0 || editor.op(transpose).kind != OpKind::Transpose) return std::nullopt;
  const ValueId x = editor.op(transpose).inputs[0];
  if (editor.value(x).quantization.per_axis()) return std::nullopt;
  const auto& perm = std::get<TransposeAttrs>(editor.op(transpose).attrs).perm;
  const auto order = feature_order(editor.value(x).shape, perm, editor.value(op.inputs[0]).shape);
  if (!order) return std::nullopt;
  return Flattening{x, reshape, *order};
}

/// The columns of [O, I] weights in the order of the pieces in x.
Result<Tensor> turned(const Tensor& weights, const FeatureOrder& order) {
  Shape apart = {weights.shape()[0]};
  apart.insert(apart.end(), order.pieces.begin(), order.pieces.end());
  Perm perm = {0};
  for (int64_t axis : order.perm) perm.push_back(axis + 1);
  QUERN_TRY(Tensor wide, weights.reshaped(apart));
  QUERN_TRY(const Tensor moved, permuted(wide, perm));
  QUERN_TRY(Tensor result, moved.reshaped(weights.shape()));
  result.quantization = weights.quantization;
  return result;
}

}  // namespace

Result<bool> turn_weights(Graph& graph) {
  Editor editor(graph);
  bool changed = false;
  for (int index = 0; index < editor.op_count(); ++index) {
    const auto found = flattening_before(editor, editor.op(index));
    if (!found) continue;
    const ValueId old = editor.op(index).inputs[1];
    if (editor.value(old).quantization.per_axis() && editor.value(old).quantization.axis != 0) continue;
    QUERN_TRY(Tensor weights, turned(*editor.value(old).constant, found->order));
    editor.set_input(found->reshape, 0, found->x);
    editor.set_input(index, 1, editor.add_constant(editor.value(old).name + "@turned", std::move(weights)));
    changed = true;
  }
  QUERN_CHECK(editor.finish());
  return changed;
}

}  // namespace quern
