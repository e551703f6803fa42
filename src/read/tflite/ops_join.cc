// Joining and parting along an axis.
#include "read/tflite/operators.h"

namespace quern::tflite {

namespace {

/// The extent the file declares for an axis of input `i`, or -1 where it is silent.
int64_t declared_extent(const Node& node, int i, int64_t axis) {
  const Shape& shape = node.input(i).shape;
  const auto rank = static_cast<int64_t>(shape.size());
  if (axis < -rank || axis >= rank) return -1;
  return shape[static_cast<size_t>(axis < 0 ? axis + rank : axis)];
}

}  // namespace

Status read_concatenation(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::ConcatenationOptions>());
  if (options->activation() != schema::Activation::NONE) {
    return fail(ErrorCode::unsupported, "its fused activation {} is not read",
                schema::EnumNameActivation(options->activation()));
  }
  QUERN_TRY(auto inputs, node.all_values());
  node.add(OpKind::Concat, std::move(inputs), {node.result()}).attrs = AxisAttrs{options->axis()};
  return {};
}

Status read_split(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::SplitOptions>());
  if (options->num_splits() != node.outputs()) {
    return fail(ErrorCode::invalid_file, "it splits into {} parts, but has {} outputs", options->num_splits(),
                node.outputs());
  }
  SplitAttrs attrs;
  QUERN_TRY(attrs.axis, node.scalar_int(0, "axis"));
  const int64_t extent = declared_extent(node, 1, attrs.axis);
  if (extent >= 0 && extent % node.outputs() != 0) {
    return fail(ErrorCode::invalid_file, "it splits an extent of {} into {} parts, which are not equal", extent,
                node.outputs());
  }
  QUERN_TRY(const ValueId x, node.value(1));
  node.add(OpKind::Split, {x}, node.all_results()).attrs = attrs;
  return {};
}

Status read_split_v(Node& node) {
  SplitAttrs attrs;
  QUERN_TRY(attrs.sizes, node.ints(1, "sizes"));
  QUERN_TRY(attrs.axis, node.scalar_int(2, "axis"));
  if (static_cast<int>(attrs.sizes.size()) != node.outputs()) {
    return fail(ErrorCode::invalid_file, "it has {} sizes for {} outputs", attrs.sizes.size(), node.outputs());
  }
  int64_t left = declared_extent(node, 0, attrs.axis);
  int64_t* open = nullptr;
  for (int64_t& size : attrs.sizes) {
    if (size < -1 || (size == -1 && open != nullptr)) {
      return fail(ErrorCode::invalid_file, "its size {} is no extent; one may be -1, for what is left", size);
    }
    if (size == -1)
      open = &size;
    else
      left -= size;
  }
  if (open != nullptr) {
    if (left < 0)
      return fail(ErrorCode::invalid_file, "its sizes leave {} for the part that is to take the rest", left);
    *open = left;
  }
  QUERN_TRY(const ValueId x, node.value(0));
  node.add(OpKind::Split, {x}, node.all_results()).attrs = attrs;
  return {};
}

// Every input gets a new axis, along which they are joined.
Status read_pack(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::PackOptions>());
  if (options->values_count() != node.inputs()) {
    return fail(ErrorCode::invalid_file, "it packs {} values, but has {} inputs", options->values_count(),
                node.inputs());
  }
  const AxesAttrs axes{.axes = {options->axis()}};
  QUERN_TRY(const auto inputs, node.all_values());
  if (inputs.size() == 1) {
    node.add(OpKind::Unsqueeze, inputs, {node.result()}).attrs = axes;
    return {};
  }
  std::vector<ValueId> parts;
  for (const ValueId input : inputs) {
    parts.push_back(node.temporary_like("part", input));
    node.add(OpKind::Unsqueeze, {input}, {parts.back()}).attrs = axes;
  }
  node.add(OpKind::Concat, std::move(parts), {node.result()}).attrs = AxisAttrs{options->axis()};
  return {};
}

// One slice an output, whose axis is dropped.
Status read_unpack(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::UnpackOptions>());
  if (options->num() != node.outputs()) {
    return fail(ErrorCode::invalid_file, "it unpacks {} values, but has {} outputs", options->num(), node.outputs());
  }
  const AxesAttrs axes{.axes = {options->axis()}};
  QUERN_TRY(const ValueId x, node.value(0));
  if (node.outputs() == 1) {
    node.add(OpKind::Squeeze, {x}, {node.result()}).attrs = axes;
    return {};
  }
  std::vector<ValueId> parts;
  for (int i = 0; i < node.outputs(); ++i) parts.push_back(node.temporary_like("part", x));
  node.add(OpKind::Split, {x}, parts).attrs =
      SplitAttrs{.axis = options->axis(), .sizes = Ints(static_cast<size_t>(node.outputs()), 1)};
  for (int i = 0; i < node.outputs(); ++i) {
    node.add(OpKind::Squeeze, {parts[static_cast<size_t>(i)]}, {node.result(i)}).attrs = axes;
  }
  return {};
}

}  // namespace quern::tflite
