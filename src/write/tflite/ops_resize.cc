// Resize of height and width.
#include <cmath>
#include <optional>

#include "write/tflite/nearest.h"
#include "write/tflite/operands.h"
#include "write/tflite/rows.h"

namespace quern::tflite_writer {

namespace {

/// Only H and W of N H W C change, if any.
bool is_of_pictures(const Shape& from, const Shape& to) {
  return from.size() == 4 && from[0] == to[0] && from[3] == to[3];
}

/// The scale that positions are computed with; TFLite knows only that of the extents.
float scale_of(const ResizeAttrs& attrs, const Shape& from, const Shape& to, size_t axis) {
  const auto extents = static_cast<float>(to[axis]) / static_cast<float>(from[axis]);
  return attrs.scales.size() == from.size() ? attrs.scales[axis] : extents;
}

std::optional<TflitePlacement> nearest_placement(const ResizeAttrs& attrs, const Shape& from, const Shape& to) {
  for (const TflitePlacement& placement :
       {TflitePlacement{}, TflitePlacement{false, true}, TflitePlacement{true, false}}) {
    bool same = true;
    for (size_t axis = 1; axis <= 2; ++axis) {
      const auto ours = nearest_sources(attrs, from[axis], to[axis], scale_of(attrs, from, to, axis));
      same = same && ours == nearest_sources(placement, from[axis], to[axis]);
    }
    if (same) return placement;
  }
  return std::nullopt;
}

std::optional<TflitePlacement> linear_placement(const ResizeAttrs& attrs, const Shape& from, const Shape& to) {
  if (attrs.antialias || attrs.exclude_outside) return std::nullopt;
  for (size_t axis = 1; axis <= 2; ++axis) {
    const float scale = scale_of(attrs, from, to, axis);
    const bool by_extents = std::abs(scale * static_cast<float>(from[axis]) / static_cast<float>(to[axis]) - 1) < 1e-6F;
    if (!by_extents && attrs.coordinates != Coordinates::align_corners) return std::nullopt;
  }
  switch (attrs.coordinates) {
    case Coordinates::align_corners:
      return TflitePlacement{true, false};
    case Coordinates::asymmetric:
      return TflitePlacement{};
    case Coordinates::pytorch_half_pixel:
      if (to[1] == 1 || to[2] == 1) return std::nullopt;
      return TflitePlacement{false, true};
    case Coordinates::half_pixel:
      return TflitePlacement{false, true};
    default:
      return std::nullopt;
  }
}

std::optional<TflitePlacement> placement_of(const ResizeAttrs& attrs, const Shape& from, const Shape& to) {
  if (!is_of_pictures(from, to)) return std::nullopt;
  if (attrs.mode == ResizeMode::nearest) return nearest_placement(attrs, from, to);
  return attrs.mode == ResizeMode::linear ? linear_placement(attrs, from, to) : std::nullopt;
}

Status write_resize(Call& call) {
  const auto& attrs = call.as<ResizeAttrs>();
  const Shape from = call.input(0).shape;
  const Shape to = call.output().shape;
  const auto placement = placement_of(attrs, from, to);
  if (!placement) {
    return call.fail(
        ErrorCode::unsupported,
        "it takes {} to {} in a way that TFLite's resizes of height and width do not; use nearest or linear "
        "with half_pixel, align_corners or asymmetric coordinates",
        to_string(from), to_string(to));
  }
  const int x = call.read(0);
  const Indices inputs = {x, call.cx.ints({to[1], to[2]})};
  if (attrs.mode == ResizeMode::nearest) {
    schema::ResizeNearestNeighborOptionsT options;
    options.align_corners = placement->align_corners;
    options.half_pixel_centers = placement->half_pixel_centers;
    call.cx.op(B::RESIZE_NEAREST_NEIGHBOR, inputs, {call.give()}, std::move(options));
    return {};
  }
  schema::ResizeBilinearOptionsT options;
  options.align_corners = placement->align_corners;
  options.half_pixel_centers = placement->half_pixel_centers;
  call.cx.op(B::RESIZE_BILINEAR, inputs, {call.give()}, std::move(options));
  return {};
}

constexpr Row kRows[] = {
    {OpKind::Resize, B::RESIZE_NEAREST_NEIGHBOR, write_resize, keeps_codes},
};

}  // namespace

std::span<const Row> resize_rows() {
  return kRows;
}

}  // namespace quern::tflite_writer
