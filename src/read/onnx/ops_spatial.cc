// Convolutions, pools, and block moves between depth and space.
#include "read/onnx/convolution.h"
#include "read/onnx/layout.h"
#include "read/onnx/rows.h"
#include "read/onnx/window.h"

namespace quern::onnx {

Status emit_conv(Context& cx, Node& node, ValueId x, ValueId weights, ValueId bias) {
  const int spatial_axes = cx.rank(weights) - 2;
  if (cx.rank(weights) < 0) return node.fail(ErrorCode::unsupported, "the shape of its weights is not known");
  QUERN_TRY(const Window window, read_window(node, spatial_axes));
  ConvAttrs attrs;
  attrs.strides = window.strides;
  attrs.dilations = window.dilations;
  attrs.pads = window.pads;
  attrs.auto_pad = window.auto_pad;
  attrs.groups = node.attributes.integer("group", 1);
  attrs.clamp = node.clamp;
  if (const Tensor* w = cx.constant(weights); w != nullptr && node.attributes.has("kernel_shape")) {
    const Pair said = window.kernel;
    const Pair is = spatial_axes == 1 ? Pair{1, w->shape()[2]} : Pair{w->shape()[2], w->shape()[3]};
    if (said != is) {
      return node.fail(ErrorCode::invalid_file, "attribute 'kernel_shape' is {}x{}, but the weights have {}x{}",
                       said[0], said[1], is[0], is[1]);
    }
  }
  QUERN_TRY(const ValueId ohwi, conv_weights(cx, weights));
  return emit_spatial(cx, node, OpKind::Conv, {x, ohwi, bias}, attrs, spatial_axes);
}

namespace {

Status read_conv(Context& cx, Node& node) {
  return emit_conv(cx, node, node.inputs[0], node.inputs[1], node.inputs[2]);
}

Status read_conv_transpose(Context& cx, Node& node) {
  const int spatial_axes = cx.rank(node.inputs[1]) - 2;
  QUERN_TRY(const Window window, read_window(node, spatial_axes));
  ConvTransposeAttrs attrs;
  attrs.strides = window.strides;
  attrs.dilations = window.dilations;
  attrs.pads = window.pads;
  attrs.auto_pad = window.auto_pad;
  attrs.groups = node.attributes.integer("group", 1);
  attrs.clamp = node.clamp;
  QUERN_TRY(attrs.output_padding, read_pair(node, "output_padding", spatial_axes, {0, 0}));
  attrs.output_shape = node.attributes.integers("output_shape");
  // Some exporters give N and C, too.
  if (attrs.output_shape.size() == static_cast<size_t>(spatial_axes) + 2) {
    attrs.output_shape.erase(attrs.output_shape.begin(), attrs.output_shape.begin() + 2);
  }
  if (!attrs.output_shape.empty() && attrs.output_shape.size() != static_cast<size_t>(spatial_axes)) {
    return node.fail(ErrorCode::invalid_file, "attribute 'output_shape' has {} entries, but {} are needed",
                     attrs.output_shape.size(), spatial_axes);
  }
  if (attrs.output_shape.size() == 1) attrs.output_shape.insert(attrs.output_shape.begin(), 1);
  QUERN_TRY(const ValueId weights, conv_transpose_weights(cx, node, node.inputs[1], attrs.groups));
  return emit_spatial(cx, node, OpKind::ConvTranspose, {node.inputs[0], weights, node.inputs[2]}, attrs, spatial_axes);
}

}  // namespace

Status emit_pool(Context& cx, Node& node, OpKind kind) {
  const auto spatial_axes = static_cast<int>(node.attributes.integers("kernel_shape").size());
  if (spatial_axes == 0) return node.fail(ErrorCode::invalid_file, "attribute 'kernel_shape' is missing");
  QUERN_TRY(const Window window, read_window(node, spatial_axes));
  PoolAttrs attrs;
  attrs.kernel = window.kernel;
  attrs.strides = window.strides;
  attrs.dilations = window.dilations;
  attrs.pads = window.pads;
  attrs.auto_pad = window.auto_pad;
  attrs.ceil_mode = node.attributes.flag("ceil_mode", false);
  if (kind == OpKind::AveragePool) attrs.count_include_pad = node.attributes.flag("count_include_pad", false);
  attrs.clamp = node.clamp;
  return emit_spatial(cx, node, kind, {node.inputs[0]}, attrs, spatial_axes);
}

Status emit_global_pool(Context& cx, Node& node, int first_axis) {
  const int rank = cx.rank(node.inputs[0]);
  if (rank >= 0 && rank < 3)
    return node.fail(ErrorCode::invalid_file, "its input has {} axes; it needs 3 or more", rank);
  ReduceAttrs attrs;
  // Without a known rank the value is taken for a picture.
  for (int axis = first_axis; axis < first_axis + (rank < 0 ? 4 : rank) - 2; ++axis) attrs.axes.push_back(axis);
  cx.emit(node, node.op, {node.inputs[0]}, {node.outputs[0]}, attrs);
  return {};
}

namespace {

Status read_pool(Context& cx, Node& node) {
  if (node.op == OpKind::MaxPool) {
    node.attributes.ignore({"storage_order"});  // about the indices, which are not computed
  }
  return emit_pool(cx, node, node.op);
}

Status read_global_pool(Context& cx, Node& node) {
  return emit_global_pool(cx, node, 2);
}

constexpr Choice<DepthOrder> kDepthOrders[] = {{"DCR", DepthOrder::dcr}, {"CRD", DepthOrder::crd}};

Status read_block_move(Context& cx, Node& node) {
  BlockAttrs attrs;
  attrs.block = node.attributes.integer("blocksize", 1);
  if (node.op == OpKind::DepthToSpace) {
    attrs.order = node.attributes.choice<DepthOrder>("mode", kDepthOrders, "DCR");
  }
  return emit_spatial(cx, node, node.op, {node.inputs[0]}, attrs);
}

constexpr Row kRows[] = {
    {"Conv", read_conv, OpKind::Conv, 2, 3, 1, Fold::linear, 0, true},
    {"ConvTranspose", read_conv_transpose, OpKind::ConvTranspose, 2, 3, 1, Fold::linear, 0, true},
    {"MaxPool", read_pool, OpKind::MaxPool, 1, 1, 1, Fold::move, 0, true},
    {"AveragePool", read_pool, OpKind::AveragePool, 1, 1, 1, Fold::compute, 0, true},
    {"GlobalAveragePool", read_global_pool, OpKind::ReduceMean, 1, 1, 1, Fold::compute},
    {"GlobalMaxPool", read_global_pool, OpKind::ReduceMax, 1, 1, 1, Fold::move},
    {"DepthToSpace", read_block_move, OpKind::DepthToSpace, 1, 1, 1, Fold::move},
    {"SpaceToDepth", read_block_move, OpKind::SpaceToDepth, 1, 1, 1, Fold::move},
};

}  // namespace

std::span<const Row> spatial_rows() {
  return kRows;
}

}  // namespace quern::onnx
