#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "compile/npu/rewrite/changes.h"

namespace quern::npu {

namespace {

/// As many pieces are joined at most: beyond, the processor is faster.
constexpr int64_t kMostPieces = 64;

/// The row that stands at `at` (below 0 or from `extent` on) of an axis.
int64_t source_of(PadMode mode, int64_t at, int64_t extent) {
  switch (mode) {
    case PadMode::reflect:
      return at < 0 ? -at : 2 * (extent - 1) - at;
    case PadMode::symmetric:
      return at < 0 ? -at - 1 : 2 * extent - 1 - at;
    case PadMode::wrap:
      return at < 0 ? at + extent : at - extent;
    default:
      return at < 0 ? 0 : extent - 1;
  }
}

/// The code of a real value; quantization.md section 2, which a run then checks.
uint8_t code_of(double value, const Value& like) {
  const float real = static_cast<float>(value) / like.quantization.scales[0];
  const double low = like.dtype == DType::int8 ? -128 : 0;
  const double code =
      std::clamp(std::round(static_cast<double>(real)) + like.quantization.zero_points[0], low, low + 255);
  return static_cast<uint8_t>(static_cast<int>(code));
}

class Joiner {
 public:
  explicit Joiner(const Spot& spot) : spot_(spot), rework_(spot), shape_(spot.input(0).shape) {}

  void run(std::vector<Alternative>& ways) {
    const auto& a = spot_.attrs<PadAttrs>();
    const size_t rank = shape_.size();
    if (a.pads.size() != 2 * rank || *std::min_element(a.pads.begin(), a.pads.end()) < 0) return;
    std::vector<size_t> axes;
    for (size_t axis = 0; axis < rank; ++axis) {
      if (a.pads[axis] + a.pads[rank + axis] > 0) axes.push_back(axis);
    }
    if (axes.empty()) return;
    ValueId value = spot_.refused().inputs[0];
    for (size_t axis : axes) {
      std::vector<ValueId> pieces = pieces_of(value, axis, a);
      if (pieces.empty()) return;
      value = join(std::move(pieces), axis, axis == axes.back());
      shape_[axis] += a.pads[axis] + a.pads[rank + axis];
    }
    ways.push_back(std::move(rework_).done(fmt::format("joins its input with {} pieces for the padding", made_)));
  }

 private:
  std::vector<ValueId> pieces_of(ValueId value, size_t axis, const PadAttrs& a) {
    std::vector<ValueId> pieces;
    const int64_t extent = shape_[axis];
    const int64_t before = a.pads[axis];
    const int64_t behind = a.pads[shape_.size() + axis];
    const bool constant = a.mode == PadMode::constant;
    if (!constant && (before > extent - 1 || behind > extent - 1)) return {};
    made_ += constant ? (before > 0) + (behind > 0) : before + behind;
    if (made_ > kMostPieces) return {};
    if (constant && before > 0) pieces.push_back(constant_piece(value, axis, before, a.value));
    for (int64_t at = -before; at < 0 && !constant; ++at)
      pieces.push_back(row(value, axis, source_of(a.mode, at, extent)));
    pieces.push_back(value);
    for (int64_t at = extent; at < extent + behind && !constant; ++at)
      pieces.push_back(row(value, axis, source_of(a.mode, at, extent)));
    if (constant && behind > 0) pieces.push_back(constant_piece(value, axis, behind, a.value));
    return pieces;
  }

  ValueId row(ValueId value, size_t axis, int64_t at) {
    const ValueId piece = rework_.value_like(value, "piece");
    Op& op = rework_.graph().add_op(OpKind::Slice, rework_.name("piece"), {value}, {piece});
    op.attrs = slice_of(static_cast<int64_t>(axis), at, 1);
    return piece;
  }

  ValueId constant_piece(ValueId value, size_t axis, int64_t extent, double real) {
    const Value like = rework_.graph().value(value);
    Shape shape = shape_;
    shape[axis] = extent;
    Tensor tensor = *Tensor::make(like.dtype, shape);
    std::memset(tensor.mutable_raw(), code_of(real, like), static_cast<size_t>(tensor.bytes()));
    tensor.quantization = like.quantization;
    return rework_.graph().add_constant(rework_.graph().fresh_name(like.name + "/constant"), std::move(tensor));
  }

  /// The last join is the operator itself.
  ValueId join(std::vector<ValueId> pieces, size_t axis, bool last) {
    const AxisAttrs attrs{static_cast<int64_t>(axis)};
    if (last) {
      Op& op = rework_.op();
      op.kind = OpKind::Concat;
      op.attrs = attrs;
      op.inputs = std::move(pieces);
      return op.outputs[0];
    }
    const ValueId joined = rework_.value_like(pieces[0], "joined");
    rework_.graph().add_op(OpKind::Concat, rework_.name("joined"), std::move(pieces), {joined}).attrs = attrs;
    return joined;
  }

  const Spot& spot_;
  Rework rework_;
  Shape shape_;
  int64_t made_ = 0;
};

}  // namespace

void join_pads(const Spot& spot, std::vector<Alternative>& ways) {
  if (spot.refused().kind != OpKind::Pad || spot.refused().inputs.size() != 1) return;
  const Value& x = spot.input(0);
  if (!is_8bit(x.dtype) || x.quantization.scales.size() != 1 || x.quantization != spot.output().quantization) return;
  Joiner(spot).run(ways);
}

}  // namespace quern::npu
