// A float MatMul by a constant matrix is a FullyConnected with its weights turned around: one kernel the less to think
// of, and a place for the bias that usually follows.

#include "base/error.h"
#include "prepare/editor.h"
#include "prepare/evaluate.h"
#include "prepare/prepare.h"

namespace quern {

namespace {

bool applies(const Graph& graph, const Op& op) {
  if (op.kind != OpKind::MatMul || !graph.is_constant(op.inputs[1]) || graph.is_constant(op.inputs[0])) return false;
  const Value& x = graph.value(op.inputs[0]);
  const Value& matrix = graph.value(op.inputs[1]);
  return x.dtype == DType::float32 && matrix.dtype == DType::float32 && x.shape.size() >= 2 &&
         matrix.shape.size() == 2 && !std::get<MatMulAttrs>(op.attrs).transpose_a;
}

}  // namespace

Result<bool> matmul_to_fully_connected(Graph& graph) {
  Editor editor(graph);
  bool changed = false;
  for (int index = 0; index < editor.op_count(); ++index) {
    if (!applies(graph, editor.op(index))) continue;
    const auto attrs = std::get<MatMulAttrs>(editor.op(index).attrs);
    const ValueId matrix = editor.op(index).inputs[1];
    if (!attrs.transpose_b) {
      QUERN_TRY(Tensor weights, permuted(*graph.value(matrix).constant, {1, 0}));
      const std::string wish = graph.value(matrix).name + "@turned";
      editor.set_input(index, 1, editor.add_constant(wish, std::move(weights)));
    }
    editor.op(index).kind = OpKind::FullyConnected;
    editor.op(index).attrs = ClampAttrs{attrs.clamp};
    changed = true;
  }
  QUERN_CHECK(editor.finish());
  return changed;
}

}  // namespace quern
