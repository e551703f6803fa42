#include <algorithm>

#include <fmt/format.h>

#include "compile/npu/rewrite/changes.h"

namespace quern::npu {

namespace {

bool is_known(const Spot& spot, size_t slot) {
  return spot.has_input(slot) && spot.input(slot).constant.has_value();
}

/// The real value of a constant whose elements are all alike; nothing when it is none.
std::optional<double> one_number(const Spot& spot, size_t slot) {
  if (!is_known(spot, slot)) return std::nullopt;
  const Value& value = spot.input(slot);
  if (!is_8bit(value.dtype) || value.quantization.scales.size() != 1) return std::nullopt;
  const auto* codes = static_cast<const uint8_t*>(value.constant->raw());
  if (value.constant->empty() ||
      !std::all_of(codes, codes + value.constant->size(), [&](uint8_t c) { return c == *codes; }))
    return std::nullopt;
  const int code = value.dtype == DType::int8 ? static_cast<int8_t>(*codes) : *codes;
  return (code - value.quantization.zero_points[0]) * static_cast<double>(value.quantization.scales[0]);
}

void become(Rework& rework, OpKind kind, Attrs attrs, std::vector<ValueId> inputs) {
  Op& op = rework.op();
  op.kind = kind;
  op.attrs = std::move(attrs);
  op.inputs = std::move(inputs);
}

/// x * x.
void square(const Spot& spot, std::vector<Alternative>& ways) {
  if (spot.refused().kind == OpKind::Pow && one_number(spot, 1) != 2.0) return;
  Rework rework(spot);
  const ValueId x = spot.refused().inputs[0];
  become(rework, OpKind::Mul, ClampAttrs{}, {x, x});
  ways.push_back(std::move(rework).done("is multiplied by itself"));
}

/// x * -1.
void negative(const Spot& spot, std::vector<Alternative>& ways) {
  Rework rework(spot);
  Tensor minus = Tensor::of<int8_t>({1}, {-1});
  minus.quantization = {{1.0f}, {0}, 0};
  const ValueId by =
      rework.graph().add_constant(rework.graph().fresh_name(spot.refused().name + "/minus"), std::move(minus));
  become(rework, OpKind::Mul, ClampAttrs{}, {spot.refused().inputs[0], by});
  ways.push_back(std::move(rework).done("is multiplied by -1"));
}

/// Min and Max with one number bound what they read.
void bound(const Spot& spot, std::vector<Alternative>& ways) {
  const bool least = spot.refused().kind == OpKind::Max;
  for (size_t slot = 0; slot < 2; ++slot) {
    const auto number = one_number(spot, slot);
    if (!number || spot.input(1 - slot).shape != spot.output().shape) continue;
    constexpr double kOpen = std::numeric_limits<double>::infinity();
    const UnaryAttrs attrs = least ? UnaryAttrs{*number, kOpen} : UnaryAttrs{-kOpen, *number};
    Rework rework(spot);
    become(rework, OpKind::Clip, attrs, {spot.refused().inputs[1 - slot]});
    ways.push_back(std::move(rework).done(fmt::format("is a Clip at {}", *number)));
  }
}

void relu(const Spot& spot, std::vector<Alternative>& ways) {
  Rework rework(spot);
  become(rework, OpKind::Clip, UnaryAttrs{0, std::numeric_limits<double>::infinity()}, spot.refused().inputs);
  ways.push_back(std::move(rework).done("is a Clip at 0"));
}

/// The greatest of all rows and columns is one window.
void greatest(const Spot& spot, std::vector<Alternative>& ways) {
  const Shape& x = spot.input(0).shape;
  if (x.size() != 4 || spot.attrs<ReduceAttrs>().axes != Ints{1, 2}) return;
  PoolAttrs pool;
  pool.kernel = pool.strides = {x[1], x[2]};
  Rework rework(spot);
  become(rework, OpKind::MaxPool, pool, spot.refused().inputs);
  if (spot.output().shape.size() != 4) rework.behind(OpKind::Reshape, ReshapeAttrs{spot.output().shape}, "flat");
  ways.push_back(std::move(rework).done("is one window of a MaxPool"));
}

/// Repeats along the axes of extent 1.
void repeat(const Spot& spot, std::vector<Alternative>& ways) {
  const Shape& y = spot.output().shape;
  Shape x = spot.input(0).shape;
  x.insert(x.begin(), y.size() - std::min(y.size(), x.size()), 1);
  TileAttrs tile;
  for (size_t axis = 0; axis < y.size(); ++axis) tile.repeats.push_back(x[axis] == y[axis] ? 1 : y[axis]);
  Rework rework(spot);
  become(rework, OpKind::Tile, tile, {spot.refused().inputs[0]});
  if (x.size() != spot.input(0).shape.size()) rework.before(0, OpKind::Reshape, ReshapeAttrs{x}, "raise");
  ways.push_back(std::move(rework).done("is a Tile"));
}

/// Indices that are known and follow one another are a slice.
void gather(const Spot& spot, std::vector<Alternative>& ways) {
  if (!is_known(spot, 1)) return;
  const Tensor& indices = *spot.input(1).constant;
  const bool wide = indices.dtype() == DType::int64;
  if ((!wide && indices.dtype() != DType::int32) || indices.empty()) return;
  const int64_t axis = spot.attrs<AxisAttrs>().axis;
  const int64_t extent = spot.input(0).shape[static_cast<size_t>(axis)];
  const auto at = [&](size_t i) {
    const int64_t index = wide ? indices.data<int64_t>()[i] : indices.data<int32_t>()[i];
    return index < 0 ? index + extent : index;
  };
  for (size_t i = 1; i < static_cast<size_t>(indices.size()); ++i) {
    if (at(i) != at(0) + static_cast<int64_t>(i)) return;
  }
  Rework rework(spot);
  become(rework, OpKind::Slice, slice_of(axis, at(0), indices.size()), {spot.refused().inputs[0]});
  rework.behind(OpKind::Reshape, ReshapeAttrs{spot.output().shape}, "shape");
  ways.push_back(std::move(rework).done(fmt::format("is a Slice of {} along axis {}", indices.size(), axis)));
}

}  // namespace

void equal_kind(const Spot& spot, std::vector<Alternative>& ways) {
  switch (spot.refused().kind) {
    case OpKind::Square:
    case OpKind::Pow:
      return square(spot, ways);
    case OpKind::Neg:
      return negative(spot, ways);
    case OpKind::Min:
    case OpKind::Max:
      return bound(spot, ways);
    case OpKind::Relu:
      return relu(spot, ways);
    case OpKind::ReduceMax:
      return greatest(spot, ways);
    case OpKind::Expand:
      return repeat(spot, ways);
    case OpKind::Gather:
      return gather(spot, ways);
    default:
      return;
  }
}

}  // namespace quern::npu
