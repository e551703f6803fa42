// Elements change place, never value.
#include "read/onnx/rows.h"

namespace quern::onnx {

namespace {

/// What was an attribute up to some opset and is an input from then on.
struct Parameter {
  const char* name;
  int64_t input_since;
  bool required;
};

/// The attribute form, for the opsets that have it; complains of the form that the opset does not have.
Result<Ints> read_parameter(Node& node, const Parameter& parameter) {
  const bool by_input = node.opset >= parameter.input_since;
  const bool has_attribute = node.attributes.has(parameter.name);
  if (by_input ? has_attribute : node.has_input(1)) {
    return node.fail(ErrorCode::invalid_file, "'{}' is an {} at opset {}", parameter.name,
                     by_input ? "input" : "attribute", node.opset);
  }
  if (parameter.required && !(by_input ? node.has_input(1) : has_attribute)) {
    return node.fail(ErrorCode::invalid_file, "'{}' is missing", parameter.name);
  }
  return by_input ? Ints{} : node.attributes.integers(parameter.name);
}

Status read_axis(Context& cx, Node& node) {
  cx.emit(node, node.op, node.inputs, node.outputs, AxisAttrs{node.attributes.integer("axis", 0)});
  return {};
}

Status read_concat(Context& cx, Node& node) {
  if (!node.attributes.has("axis")) return node.fail(ErrorCode::invalid_file, "attribute 'axis' is missing");
  for (const ValueId id : node.inputs) {
    if (id == kNoValue) return node.fail(ErrorCode::invalid_file, "one of its inputs is missing");
    // Integers that mean different numbers cannot stand side by side.
    if (!node.quantized && cx.graph.value(id).quantization != cx.graph.value(node.inputs[0]).quantization) {
      return node.fail(ErrorCode::unsupported, "it joins the integers of values with different quantizations");
    }
  }
  return read_axis(cx, node);
}

Status read_flatten(Context& cx, Node& node) {
  cx.emit(node, OpKind::Flatten, node.inputs, node.outputs, AxisAttrs{node.attributes.integer("axis", 1)});
  return {};
}

/// `sizes` an attribute before 13; num_outputs since 18.
Status read_split(Context& cx, Node& node) {
  SplitAttrs attrs;
  attrs.axis = node.attributes.integer("axis", 0);
  QUERN_TRY(attrs.sizes, read_parameter(node, {"split", 13, false}));
  const auto count = static_cast<int64_t>(node.outputs.size());
  if (const int64_t said = node.attributes.integer("num_outputs", count); said != count) {
    return node.fail(ErrorCode::invalid_file, "attribute 'num_outputs' is {}, but it has {} outputs", said, count);
  }
  std::vector<ValueId> outputs = node.outputs;
  const std::string name = cx.graph.value(outputs[0]).name;
  for (ValueId& id : outputs) {
    if (id == kNoValue) id = cx.make_like(name + "@part", outputs[0]);
  }
  cx.emit(node, OpKind::Split, node.inputs, std::move(outputs), attrs);
  return {};
}

Status read_slice(Context& cx, Node& node) {
  SliceAttrs attrs;
  if (node.opset < 10) {
    if (node.has_input(1))
      return node.fail(ErrorCode::invalid_file, "'starts' is an attribute at opset {}", node.opset);
    attrs.starts = node.attributes.integers("starts");
    attrs.ends = node.attributes.integers("ends");
    attrs.axes = node.attributes.integers("axes");
  } else if (!node.has_input(1) || !node.has_input(2)) {
    return node.fail(ErrorCode::invalid_file, "its inputs 'starts' and 'ends' are missing");
  }
  cx.emit(node, OpKind::Slice, node.inputs, node.outputs, attrs);
  return {};
}

constexpr Choice<PadMode> kPadModes[] = {
    {"constant", PadMode::constant}, {"reflect", PadMode::reflect}, {"edge", PadMode::edge}, {"wrap", PadMode::wrap}};

Status read_pad(Context& cx, Node& node) {
  PadAttrs attrs;
  attrs.mode = node.attributes.choice<PadMode>("mode", kPadModes, "constant");
  if (node.opset < 11) attrs.value = node.attributes.number("value", 0);
  QUERN_TRY(attrs.pads, read_parameter(node, {"pads", 11, true}));
  cx.emit(node, OpKind::Pad, node.inputs, node.outputs, attrs);
  return {};
}

Status read_transpose(Context& cx, Node& node) {
  cx.emit(node, OpKind::Transpose, node.inputs, node.outputs, TransposeAttrs{node.attributes.integers("perm")});
  return {};
}

Status read_reshape(Context& cx, Node& node) {
  ReshapeAttrs attrs;
  attrs.allow_zero = node.attributes.flag("allowzero", false);
  cx.emit(node, OpKind::Reshape, node.inputs, node.outputs, attrs);
  return {};
}

Status read_squeeze(Context& cx, Node& node) {
  AxesAttrs attrs;
  QUERN_TRY(attrs.axes, read_parameter(node, {"axes", 13, node.op == OpKind::Unsqueeze}));
  cx.emit(node, node.op, node.inputs, node.outputs, attrs);
  return {};
}

Status read_with_parameter_inputs(Context& cx, Node& node) {
  cx.emit(node, node.op, node.inputs, node.outputs);
  return {};
}

Status read_gather_nd(Context& cx, Node& node) {
  cx.emit(node, OpKind::GatherNd, node.inputs, node.outputs, GatherNdAttrs{node.attributes.integer("batch_dims", 0)});
  return {};
}

Status read_one_hot(Context& cx, Node& node) {
  OneHotAttrs attrs;
  attrs.axis = node.attributes.integer("axis", -1);
  cx.emit(node, OpKind::OneHot, node.inputs, node.outputs, attrs);
  return {};
}

constexpr Row kRows[] = {
    {"Concat", read_concat, OpKind::Concat, 1, -1, 1, Fold::compute},
    {"Split", read_split, OpKind::Split, 1, 2, -1, Fold::move, 0b10},
    {"Slice", read_slice, OpKind::Slice, 1, 5, 1, Fold::move, 0b11110},
    {"Pad", read_pad, OpKind::Pad, 1, 4, 1, Fold::compute, 0b1110},
    {"Transpose", read_transpose, OpKind::Transpose, 1, 1, 1, Fold::move},
    {"Reshape", read_reshape, OpKind::Reshape, 2, 2, 1, Fold::move, 0b10},
    {"Flatten", read_flatten, OpKind::Flatten, 1, 1, 1, Fold::move},
    {"Squeeze", read_squeeze, OpKind::Squeeze, 1, 2, 1, Fold::move, 0b10},
    {"Unsqueeze", read_squeeze, OpKind::Unsqueeze, 1, 2, 1, Fold::move, 0b10},
    {"Expand", read_with_parameter_inputs, OpKind::Expand, 2, 2, 1, Fold::move, 0b10},
    {"Tile", read_with_parameter_inputs, OpKind::Tile, 2, 2, 1, Fold::move, 0b10},
    {"Gather", read_axis, OpKind::Gather, 2, 2, 1, Fold::move, 0b10},
    {"GatherElements", read_axis, OpKind::GatherElements, 2, 2, 1, Fold::move, 0b10},
    {"GatherND", read_gather_nd, OpKind::GatherNd, 2, 2, 1, Fold::move, 0b10},
    {"OneHot", read_one_hot, OpKind::OneHot, 3, 3},
};

}  // namespace

std::span<const Row> move_rows() {
  return kRows;
}

}  // namespace quern::onnx
