// Matrix products: rows of the first operand, columns of the second, and batches.
#include "compile/npu/cut.h"

namespace quern::npu {

namespace {

bool same_rows(const Shape& x, const Shape& y) {
  return x.size() == y.size() && std::equal(x.begin(), x.end() - 1, y.begin());
}

Cut cut_fully_connected(const CutCall& call, const Box& output) {
  Cut result{*call.attrs, {}};
  for (const Shape* input : call.inputs) result.inputs.push_back(input ? whole(*input) : Box{});
  const size_t last = output.extent.size() - 1;
  if (same_rows(*call.inputs[0], *call.output)) {
    for (size_t axis = 0; axis < last; ++axis) {
      result.inputs[0].begin[axis] = output.begin[axis];
      result.inputs[0].extent[axis] = output.extent[axis];
    }
  }
  result.inputs[1].begin[0] = output.begin[last];
  result.inputs[1].extent[0] = output.extent[last];
  if (call.inputs.size() > 2 && call.inputs[2]) result.inputs[2] = {{output.begin[last]}, {output.extent[last]}};
  return result;
}

/// The box of one operand of a MatMul: leading axes broadcast; of the last two, `mine` (rows of the first, columns of
/// the second) is the output's, the other is whole.
Box matmul_box(const Shape& shape, const Box& output, bool first, bool transposed) {
  Box box = whole(shape);
  const size_t rank = shape.size();
  const size_t skip = output.extent.size() - rank;
  for (size_t axis = 0; axis + 2 < rank; ++axis) {
    if (shape[axis] == 1) continue;
    box.begin[axis] = output.begin[axis + skip];
    box.extent[axis] = output.extent[axis + skip];
  }
  const size_t mine = first != transposed ? rank - 2 : rank - 1;
  const size_t of = output.extent.size() - (first ? 2 : 1);
  box.begin[mine] = output.begin[of];
  box.extent[mine] = output.extent[of];
  return box;
}

}  // namespace

Ints linear_grains(const CutCall& call) {
  Ints grains(call.output->size(), 1);
  if (call.kind == OpKind::FullyConnected) {
    if (same_rows(*call.inputs[0], *call.output)) return grains;
    std::fill(grains.begin(), grains.end(), 0);
    if (!grains.empty()) grains.back() = 1;
    return grains;
  }
  const bool matrices = call.inputs[0]->size() >= 2 && call.inputs[1]->size() >= 2 &&
                        call.inputs[0]->size() <= grains.size() && call.inputs[1]->size() <= grains.size();
  return matrices ? grains : Ints(call.output->size(), 0);
}

Cut cut_linear(const CutCall& call, const Box& output) {
  if (call.kind == OpKind::FullyConnected) return cut_fully_connected(call, output);
  const auto& a = std::get<MatMulAttrs>(*call.attrs);
  return {*call.attrs,
          {matmul_box(*call.inputs[0], output, true, a.transpose_a),
           matmul_box(*call.inputs[1], output, false, a.transpose_b)}};
}

}  // namespace quern::npu
