#include "compile/npu/cut.h"

#include <algorithm>

namespace quern::npu {

namespace {

/// The box of an input that broadcasts to the output: axes are aligned at their ends, an extent of 1 is read by all.
Box broadcast_box(const Shape& input, const Box& output) {
  Box box = whole(input);
  const size_t skip = output.extent.size() - input.size();
  for (size_t axis = 0; axis < input.size(); ++axis) {
    if (input[axis] == 1) continue;
    box.begin[axis] = output.begin[axis + skip];
    box.extent[axis] = output.extent[axis + skip];
  }
  return box;
}

/// Binary, unary and converting operators: element by element.
Cut cut_elementwise(const CutCall& call, const Box& output) {
  Cut cut{*call.attrs, {}};
  for (const Shape* input : call.inputs) cut.inputs.push_back(input ? broadcast_box(*input, output) : Box{});
  if (call.kind == OpKind::Expand) std::get<ShapeAttrs>(cut.attrs).shape = output.extent;
  return cut;
}

bool fits_elementwise(const CutCall& call) {
  return std::all_of(call.inputs.begin(), call.inputs.end(),
                     [&](const Shape* input) { return !input || input->size() <= call.output->size(); });
}

/// The axis an operator works along, which cannot be cut; -1: none is known to be free.
int64_t axis_along(const CutCall& call) {
  switch (call.kind) {
    case OpKind::Softmax:
    case OpKind::LogSoftmax:
      return std::get<SoftmaxAttrs>(*call.attrs).axis;
    case OpKind::LpNorm:
      return std::get<LpNormAttrs>(*call.attrs).axis;
    default:
      return -1;
  }
}

Ints along_grains(const CutCall& call) {
  Ints grains(call.output->size(), 0);
  int64_t axis = axis_along(call);
  if (axis < 0 && (call.kind == OpKind::LpNorm)) axis += static_cast<int64_t>(grains.size());
  if (axis < 0) return grains;
  std::fill(grains.begin(), grains.end(), 1);
  grains[static_cast<size_t>(axis)] = 0;
  return grains;
}

bool is_elementwise(const CutCall& call) {
  const OpFamily family = info(call.kind).family;
  return family == OpFamily::binary || family == OpFamily::unary || family == OpFamily::convert ||
         call.kind == OpKind::Identity || call.kind == OpKind::Expand;
}

bool is_whole(const CutCall& call, const Box& output) {
  return output == whole(*call.output);
}

Cut uncut(const CutCall& call) {
  Cut cut{*call.attrs, {}};
  for (const Shape* input : call.inputs) cut.inputs.push_back(input ? whole(*input) : Box{});
  return cut;
}

}  // namespace

Ints grains(const CutCall& call) {
  if (is_elementwise(call)) return Ints(call.output->size(), fits_elementwise(call) ? 1 : 0);
  switch (info(call.kind).family) {
    case OpFamily::spatial:
      return spatial_grains(call);
    case OpFamily::linear:
      return linear_grains(call);
    case OpFamily::move:
      return move_grains(call);
    case OpFamily::reduce:
      return reduce_grains(call);
    case OpFamily::along:
      return along_grains(call);
    default:
      return Ints(call.output->size(), 0);
  }
}

Cut cut(const CutCall& call, const Box& output) {
  if (call.kind != OpKind::Split && is_whole(call, output)) return uncut(call);
  if (is_elementwise(call)) return cut_elementwise(call, output);
  switch (info(call.kind).family) {
    case OpFamily::spatial:
      return cut_spatial(call, output);
    case OpFamily::linear:
      return cut_linear(call, output);
    case OpFamily::move:
      return cut_move(call, output);
    case OpFamily::reduce:
      return cut_reduce(call, output);
    case OpFamily::along:
      return cut_elementwise(call, output);
    default:
      return uncut(call);
  }
}

}  // namespace quern::npu
