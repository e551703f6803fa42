// Operators about extents.
#include "read/tflite/operators.h"

namespace quern::tflite {

namespace {

/// The new shape: input 1 where it is a constant, else the options. Nothing when it must come from the data.
Result<std::optional<Ints>> reshape_target(Node& node, const schema::ReshapeOptions& options) {
  if (node.has(1)) {
    if (!node.is_constant(1)) return std::optional<Ints>();
    QUERN_TRY(const Ints shape, node.ints(1, "extents"));
    return std::optional<Ints>(shape);
  }
  if (options.new_shape() == nullptr) return fail(ErrorCode::invalid_file, "it says no shape");
  Ints shape(options.new_shape()->begin(), options.new_shape()->end());
  if (shape == Ints{0}) shape.clear();  // how files of the first years write a scalar
  return std::optional<Ints>(shape);
}

}  // namespace

Status read_reshape(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::ReshapeOptions>());
  QUERN_TRY(const auto shape, reshape_target(node, *options));
  QUERN_TRY(const ValueId x, node.value(0));
  ReshapeAttrs attrs;
  attrs.allow_zero = true;  // a 0 is an extent here, not ONNX's "as it was"
  std::vector<ValueId> inputs = {x};
  if (shape) {
    attrs.shape = *shape;
  } else {
    QUERN_TRY(const ValueId extents, node.parameter(1));
    inputs.push_back(extents);
  }
  if (attrs.shape.size() > 8)
    return fail(ErrorCode::unsupported, "it makes {} axes; the limit is 8", attrs.shape.size());
  node.add(OpKind::Reshape, std::move(inputs), {node.result()}).attrs = attrs;
  return {};
}

Status read_squeeze(Node& node) {
  QUERN_TRY(const auto* options, node.options<schema::SqueezeOptions>());
  AxesAttrs attrs;
  if (options->squeeze_dims() != nullptr)
    attrs.axes.assign(options->squeeze_dims()->begin(), options->squeeze_dims()->end());
  QUERN_TRY(const ValueId x, node.value(0));
  node.add(OpKind::Squeeze, {x}, {node.result()}).attrs = attrs;
  return {};
}

Status read_expand_dims(Node& node) {
  QUERN_TRY(const int64_t axis, node.scalar_int(1, "axis"));
  QUERN_TRY(const ValueId x, node.value(0));
  node.add(OpKind::Unsqueeze, {x}, {node.result()}).attrs = AxesAttrs{.axes = {axis}};
  return {};
}

// Extents are int64 with us; TFLite mostly asks for int32.
Status read_shape(Node& node) {
  QUERN_TRY(const ValueId x, node.value(0));
  const DType wanted = node.output().dtype;
  if (wanted == DType::int64) {
    node.add(OpKind::Shape, {x}, {node.result()});
    return {};
  }
  if (wanted != DType::int32)
    return fail(ErrorCode::invalid_file, "it gives {}; extents are int32 or int64", to_string(wanted));
  const ValueId wide = node.temporary("int64", DType::int64);
  node.add(OpKind::Shape, {x}, {wide});
  node.add(OpKind::Cast, {wide}, {node.result()}).attrs = CastAttrs{.to = DType::int32};
  return {};
}

// One value everywhere: a Fill where the value is known now, else the value spread out.
Status read_fill(Node& node) {
  const bool known = node.is_constant(1) && node.output().quantization.empty();
  std::vector<ValueId> extents;
  Ints shape;
  if (node.is_constant(0)) {
    QUERN_TRY(shape, node.ints(0, "extents"));
  } else {
    QUERN_TRY(const ValueId id, node.parameter(0));
    extents = {id};
  }
  if (known) {
    FillAttrs attrs{.shape = shape, .value = 0, .dtype = node.output().dtype};
    QUERN_TRY(attrs.value, node.scalar_real(1, "value"));
    node.add(OpKind::Fill, extents, {node.result()}).attrs = attrs;
    return {};
  }
  QUERN_TRY(const ValueId value, node.value(1));
  extents.insert(extents.begin(), value);
  node.add(OpKind::Expand, extents, {node.result()}).attrs = ShapeAttrs{shape};
  return {};
}

}  // namespace quern::tflite
