// Moves that are a table for each axis: Slice, Pad, Tile, Expand.
#include <algorithm>

#include "kernels/move/index_map.h"
#include "kernels/reference_kernel.h"

namespace quern {

namespace {

/// The input's shape with axes of extent 1 put before it, up to the output's rank.
Shape padded_shape(const OpCall& call) {
  Shape shape = call.inputs[0].shape;
  shape.insert(shape.begin(), call.outputs[0].shape.size() - shape.size(), 1);
  return shape;
}

std::unique_ptr<Kernel> make_map(const OpCall& call, const AxisTables& tables, double fill = 0) {
  OpCall aligned = call;
  aligned.inputs[0].shape = padded_shape(call);
  const Operand& out = call.outputs[0];
  return make_index_map(aligned, tables, element_bytes(out.dtype, out.quantization, fill));
}

bool moves(const OpCall& call, OpKind kind) {
  return call.kind == kind && same_codes(call.inputs[0], call.outputs[0]);
}

/// Where output index `i` of a padded axis reads: i counts from the first input element, so it may be negative or
/// beyond.
int64_t padded_index(int64_t i, int64_t extent, PadMode mode) {
  if (i >= 0 && i < extent) return i;
  if (extent == 0) return kFill;
  const auto modulo = [](int64_t value, int64_t divisor) { return (value % divisor + divisor) % divisor; };
  switch (mode) {
    case PadMode::constant:
      return kFill;
    case PadMode::edge:
      return i < 0 ? 0 : extent - 1;
    case PadMode::wrap:
      return modulo(i, extent);
    case PadMode::reflect: {  // the edge is not repeated
      if (extent == 1) return 0;
      const int64_t at = modulo(i, 2 * extent - 2);
      return at < extent ? at : 2 * extent - 2 - at;
    }
    case PadMode::symmetric: {
      const int64_t at = modulo(i, 2 * extent);
      return at < extent ? at : 2 * extent - 1 - at;
    }
  }
  return kFill;
}

}  // namespace

std::unique_ptr<Kernel> slice_reference(const OpCall& call) {
  if (!moves(call, OpKind::Slice)) return nullptr;
  const auto& attrs = call.as<SliceAttrs>();
  const Shape& in = call.inputs[0].shape;
  AxisTables tables;
  for (const int64_t extent : in) tables.push_back(identity_table(extent));
  for (size_t k = 0; k < attrs.starts.size(); ++k) {
    const size_t axis = attrs.axes.empty() ? k : static_cast<size_t>(attrs.axes[k]);
    const int64_t extent = in[axis], step = attrs.steps.empty() ? 1 : attrs.steps[k];
    int64_t start = attrs.starts[k] < 0 ? attrs.starts[k] + extent : attrs.starts[k];
    start = step > 0 ? std::clamp<int64_t>(start, 0, extent) : std::clamp<int64_t>(start, -1, extent - 1);
    auto& table = tables[axis];
    table.resize(static_cast<size_t>(call.outputs[0].shape[axis]));
    for (size_t i = 0; i < table.size(); ++i) table[i] = start + static_cast<int64_t>(i) * step;
  }
  return make_map(call, tables);
}

/// Declines values quantized per axis: one element cannot stand for every slice.
std::unique_ptr<Kernel> pad_reference(const OpCall& call) {
  if (!moves(call, OpKind::Pad) || call.outputs[0].quantization.per_axis()) return nullptr;
  const auto& attrs = call.as<PadAttrs>();
  const Shape& in = call.inputs[0].shape;
  const size_t count = attrs.pads.size() / 2;
  AxisTables tables;
  for (const int64_t extent : in) tables.push_back(identity_table(extent));
  for (size_t k = 0; k < count; ++k) {
    const size_t axis = attrs.axes.empty() ? k : static_cast<size_t>(attrs.axes[k]);
    auto& table = tables[axis];
    table.resize(static_cast<size_t>(call.outputs[0].shape[axis]));
    // A negative pad crops, and what is left is what the mode repeats.
    const int64_t first = std::max<int64_t>(0, -attrs.pads[k]);
    const int64_t left = in[axis] - first - std::max<int64_t>(0, -attrs.pads[k + count]);
    for (size_t i = 0; i < table.size(); ++i) {
      const int64_t at =
          padded_index(static_cast<int64_t>(i) - attrs.pads[k] - first, std::max<int64_t>(left, 0), attrs.mode);
      table[i] = at == kFill ? kFill : at + first;
    }
  }
  return make_map(call, tables, attrs.value);
}

std::unique_ptr<Kernel> tile_reference(const OpCall& call) {
  if (!moves(call, OpKind::Tile)) return nullptr;
  const Shape in = padded_shape(call);
  AxisTables tables;
  for (size_t axis = 0; axis < in.size(); ++axis) {
    auto& table = tables.emplace_back(static_cast<size_t>(call.outputs[0].shape[axis]));
    for (size_t i = 0; i < table.size(); ++i) table[i] = static_cast<int64_t>(i) % std::max<int64_t>(in[axis], 1);
  }
  return make_map(call, tables);
}

std::unique_ptr<Kernel> expand_reference(const OpCall& call) {
  if (!moves(call, OpKind::Expand)) return nullptr;
  const Shape in = padded_shape(call);
  AxisTables tables;
  for (size_t axis = 0; axis < in.size(); ++axis) {
    const int64_t extent = call.outputs[0].shape[axis];
    tables.push_back(in[axis] == extent ? identity_table(extent)
                                        : std::vector<int64_t>(static_cast<size_t>(extent), 0));
  }
  return make_map(call, tables);
}

}  // namespace quern
