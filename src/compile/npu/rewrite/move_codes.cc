#include <algorithm>

#include "compile/npu/rewrite/changes.h"

namespace quern::npu {

namespace {

/// Kinds that copy elements and add none.
bool only_moves(OpKind kind) {
  constexpr OpKind kMoves[] = {OpKind::Transpose, OpKind::Split,        OpKind::Slice,        OpKind::Concat,
                               OpKind::Reshape,   OpKind::DepthToSpace, OpKind::SpaceToDepth, OpKind::Tile,
                               OpKind::Expand,    OpKind::Gather};
  return std::find(std::begin(kMoves), std::end(kMoves), kind) != std::end(kMoves);
}

/// How many of the first inputs are elements to move.
size_t moved_inputs(const Op& op) {
  return op.kind == OpKind::Concat ? op.inputs.size() : 1;
}

/// The value whose codes a Dequantize turned into this one, or kNoValue.
ValueId codes_of(const Spot& spot, ValueId real) {
  const Uses uses(spot.graph);
  const int maker = uses.producer[static_cast<size_t>(real)];
  if (maker < 0 || spot.graph.ops[static_cast<size_t>(maker)].kind != OpKind::Dequantize) return kNoValue;
  return spot.graph.ops[static_cast<size_t>(maker)].inputs[0];
}

/// Moves what Dequantize reads, and puts a Dequantize behind each result.
void before_dequantize(const Spot& spot, std::vector<Alternative>& ways) {
  const Op& op = spot.refused();
  Rework rework(spot);
  ValueId first = kNoValue;
  for (size_t i = 0; i < moved_inputs(op); ++i) {
    const ValueId codes = codes_of(spot, op.inputs[i]);
    if (codes == kNoValue || spot.graph.value(codes).quantization.per_axis()) return;
    if (first == kNoValue) first = codes;
    const Value& a = spot.graph.value(first);
    const Value& b = spot.graph.value(codes);
    if (a.dtype != b.dtype || a.quantization != b.quantization) return;
    rework.op().inputs[i] = codes;
  }
  for (size_t i = 0; i < op.outputs.size(); ++i) {
    if (op.outputs[i] == kNoValue || spot.graph.value(op.outputs[i]).dtype != DType::float32) return;
    const ValueId moved = rework.value_like(first, "moved");
    rework.op().outputs[i] = moved;
    rework.graph().add_op(OpKind::Dequantize, rework.name("dequantize"), {moved}, {op.outputs[i]});
  }
  ways.push_back(std::move(rework).done("moves codes: Dequantize stands behind it"));
}

/// Quantizes first, and moves codes.
void behind_quantize(const Spot& spot, std::vector<Alternative>& ways) {
  const Op& op = spot.refused();
  const int tail = tail_of(spot.graph, spot.op);
  if (op.outputs.size() != 1 || tail == spot.op) return;
  const Op& quantize = spot.graph.ops[static_cast<size_t>(tail)];
  if (quantize.kind != OpKind::Quantize || spot.graph.value(quantize.outputs[0]).quantization.per_axis()) return;
  Rework rework(spot);
  for (size_t i = 0; i < moved_inputs(op); ++i) {
    const ValueId codes = rework.value_like(quantize.outputs[0], "codes");
    rework.graph().add_op(OpKind::Quantize, rework.name("quantize"), {op.inputs[i]}, {codes});
    rework.op().inputs[i] = codes;
  }
  // The operator gives what Quantize gave, which then gives what nothing reads.
  const ValueId known = quantize.outputs[0];
  rework.graph().ops[static_cast<size_t>(tail)].outputs[0] = rework.value_like(known, "unused");
  rework.op().outputs[0] = known;
  rework.graph().ops[static_cast<size_t>(tail)].inputs[0] = known;
  ways.push_back(std::move(rework).done("moves codes: Quantize stands before it"));
}

}  // namespace

void move_codes(const Spot& spot, std::vector<Alternative>& ways) {
  if (!only_moves(spot.refused().kind) || !spot.has_input(0) || spot.input(0).dtype != DType::float32) return;
  before_dequantize(spot, ways);
  behind_quantize(spot, ways);
}

}  // namespace quern::npu
