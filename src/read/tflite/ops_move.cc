// Operators that move elements: padding, resizing, transposing, gathering, repeating.
#include <cstring>

#include "read/tflite/operators.h"

namespace quern::tflite {

namespace {

/// [[before, after], …] an axis, as all befores and then all afters.
Result<Ints> pads_of(Node& node) {
  QUERN_TRY(const Ints pairs, node.ints(1, "paddings"));
  const Shape& shape = node.input(1).shape;
  if (shape.size() != 2 || shape[1] != 2) {
    return fail(ErrorCode::invalid_file, "its paddings have shape {}; they must be axes x 2", to_string(shape));
  }
  Ints pads;
  for (size_t side = 0; side < 2; ++side) {
    for (size_t i = side; i < pairs.size(); i += 2) {
      if (pairs[i] < 0) return fail(ErrorCode::invalid_file, "its padding {} on axis {} is negative", pairs[i], i / 2);
      pads.push_back(pairs[i]);
    }
  }
  return pads;
}

/// Both resizes: attributes, and the extents from a constant or a parameter input.
Status add_resize(Node& node, ResizeAttrs attrs) {
  attrs.axes = {1, 2};
  QUERN_TRY(const ValueId x, node.value(0));
  std::vector<ValueId> inputs = {x};
  if (node.is_constant(1)) {
    QUERN_TRY(attrs.sizes, node.ints(1, "extents"));
    if (attrs.sizes.size() != 2)
      return fail(ErrorCode::invalid_file, "it has {} extents; they must be height and width", attrs.sizes.size());
    for (const int64_t size : attrs.sizes) QUERN_CHECK(check_positive(size, "extent"));
  } else {
    QUERN_TRY(const ValueId sizes, node.parameter(1));
    inputs = {x, kNoValue, kNoValue, sizes};
  }
  node.add(OpKind::Resize, std::move(inputs), {node.result()}).attrs = attrs;
  return {};
}

Status refuse_both(bool align_corners, bool half_pixel_centers) {
  if (!align_corners || !half_pixel_centers) return {};
  return fail(ErrorCode::invalid_file, "it asks for align_corners and half_pixel_centers; only one of them can hold");
}

/// A constant one-dimensional tensor of the elements of two constant scalars.
Result<Tensor> joined(Node& node, int first, int second) {
  QUERN_TRY(const Tensor a, node.importer().tensors.constant(node.input_tensor(first)));
  QUERN_TRY(const Tensor b, node.importer().tensors.constant(node.input_tensor(second)));
  if (a.size() != 1 || b.size() != 1 || a.dtype() != b.dtype()) {
    return fail(ErrorCode::invalid_file,
                "its on and off values are {} elements of {} and {} of {}; they must be one of one type", a.size(),
                to_string(a.dtype()), b.size(), to_string(b.dtype()));
  }
  QUERN_TRY(Tensor out, Tensor::make(a.dtype(), {2}));
  const size_t size = size_of(a.dtype());
  std::memcpy(out.mutable_raw(), a.raw(), size);
  std::memcpy(static_cast<std::byte*>(out.mutable_raw()) + size, b.raw(), size);
  out.quantization = a.quantization;
  return out;
}

}  // namespace

Status read_pad(Node& node) {
  PadAttrs attrs;
  QUERN_TRY(attrs.pads, pads_of(node));
  if (node.has(2)) {
    QUERN_TRY(attrs.value, node.scalar_real(2, "padding value"));
  }
  QUERN_TRY(const ValueId x, node.value(0));
  node.add(OpKind::Pad, {x}, {node.result()}).attrs = attrs;
  return {};
}

Status read_mirror_pad(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::MirrorPadOptions>());
  PadAttrs attrs;
  if (options->mode() == schema::MirrorPadMode::REFLECT)
    attrs.mode = PadMode::reflect;
  else if (options->mode() == schema::MirrorPadMode::SYMMETRIC)
    attrs.mode = PadMode::symmetric;
  else
    return fail(ErrorCode::invalid_file, "its mode {} is neither REFLECT nor SYMMETRIC",
                static_cast<int>(options->mode()));
  QUERN_TRY(attrs.pads, pads_of(node));
  QUERN_TRY(const ValueId x, node.value(0));
  node.add(OpKind::Pad, {x}, {node.result()}).attrs = attrs;
  return {};
}

Status read_resize_bilinear(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::ResizeBilinearOptions>());
  QUERN_CHECK(refuse_both(options->align_corners(), options->half_pixel_centers()));
  ResizeAttrs attrs;
  attrs.mode = ResizeMode::linear;
  attrs.coordinates = options->align_corners()        ? Coordinates::align_corners
                      : options->half_pixel_centers() ? Coordinates::half_pixel
                                                      : Coordinates::asymmetric;
  return add_resize(node, attrs);
}

// TFLite: floor(i * in / out); with half pixels floor((i + 0.5) * in / out), nothing taken away again; with aligned
// corners round(i * (in - 1) / (out - 1)), halves up.
Status read_resize_nearest(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::ResizeNearestNeighborOptions>());
  QUERN_CHECK(refuse_both(options->align_corners(), options->half_pixel_centers()));
  ResizeAttrs attrs;
  attrs.mode = ResizeMode::nearest;
  attrs.coordinates = options->align_corners()        ? Coordinates::align_corners
                      : options->half_pixel_centers() ? Coordinates::tf_half_pixel_for_nn
                                                      : Coordinates::asymmetric;
  attrs.nearest = options->align_corners() ? NearestMode::round_prefer_ceil : NearestMode::floor;
  return add_resize(node, attrs);
}

Status read_transpose(Node& node) {
  TransposeAttrs attrs;
  QUERN_TRY(attrs.perm, node.ints(1, "permutation"));
  const auto rank = static_cast<int64_t>(attrs.perm.size());
  std::vector<bool> seen(attrs.perm.size(), false);
  for (int64_t& axis : attrs.perm) {
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank || seen[static_cast<size_t>(axis)]) {
      return fail(ErrorCode::invalid_file, "its permutation of {} axes is none", rank);
    }
    seen[static_cast<size_t>(axis)] = true;
  }
  QUERN_TRY(const ValueId x, node.value(0));
  if (rank == 0)
    node.add(OpKind::Identity, {x}, {node.result()});
  else
    node.add(OpKind::Transpose, {x}, {node.result()}).attrs = attrs;
  return {};
}

Status read_gather(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::GatherOptions>());
  if (options->batch_dims() != 0) {
    return fail(ErrorCode::unsupported, "its batch_dims is {}; only 0 is read", options->batch_dims());
  }
  QUERN_TRY(auto inputs, node.all_values());
  node.add(OpKind::Gather, std::move(inputs), {node.result()}).attrs = AxisAttrs{options->axis()};
  return {};
}

Status read_tile(Node& node) {
  QUERN_TRY(const ValueId x, node.value(0));
  if (!node.is_constant(1)) {
    QUERN_TRY(const ValueId repeats, node.parameter(1));
    node.add(OpKind::Tile, {x, repeats}, {node.result()});
    return {};
  }
  TileAttrs attrs;
  QUERN_TRY(attrs.repeats, node.ints(1, "multiples"));
  node.add(OpKind::Tile, {x}, {node.result()}).attrs = attrs;
  return {};
}

Status read_broadcast_to(Node& node) {
  QUERN_TRY(const ValueId x, node.value(0));
  if (!node.is_constant(1)) {
    QUERN_TRY(const ValueId shape, node.parameter(1));
    node.add(OpKind::Expand, {x, shape}, {node.result()});
    return {};
  }
  ShapeAttrs attrs;
  QUERN_TRY(attrs.shape, node.ints(1, "extents"));
  node.add(OpKind::Expand, {x}, {node.result()}).attrs = attrs;
  return {};
}

// indices, depth, on, off
Status read_one_hot(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::OneHotOptions>());
  OneHotAttrs attrs;
  attrs.axis = options->axis();
  QUERN_TRY(attrs.depth, node.scalar_int(1, "depth"));
  QUERN_CHECK(check_positive(attrs.depth, "depth"));
  if (!node.is_constant(2) || !node.is_constant(3))
    return fail(ErrorCode::unsupported, "its on and off values are not constants");
  QUERN_TRY(Tensor values, joined(node, 3, 2));
  QUERN_TRY(const ValueId indices, node.value(0));
  node.add(OpKind::OneHot, {indices, kNoValue, node.constant("off_on", std::move(values))}, {node.result()}).attrs =
      attrs;
  return {};
}

}  // namespace quern::tflite
