// About extents, not elements.
#include "read/onnx/rows.h"

namespace quern::onnx {

namespace {

Status read_shape(Context& cx, Node& node) {
  ShapeOfAttrs attrs;
  attrs.start = node.attributes.integer("start", 0);
  attrs.end = node.attributes.integer("end", attrs.end);
  cx.graph.value(node.outputs[0]).dtype = DType::int64;
  cx.emit(node, OpKind::Shape, node.inputs, node.outputs, attrs);
  return {};
}

Status read_size(Context& cx, Node& node) {
  cx.graph.value(node.outputs[0]).dtype = DType::int64;
  cx.emit(node, OpKind::Size, node.inputs, node.outputs);
  return {};
}

/// The one element, as a double: exact for all but 64-bit integers beyond 2^53.
double only_element(const Tensor& tensor) {
  switch (tensor.dtype()) {
    case DType::float32:
      return tensor.data<float>()[0];
    case DType::float64:
      return tensor.data<double>()[0];
    case DType::int8:
      return tensor.data<int8_t>()[0];
    case DType::uint8:
    case DType::boolean:
      return *static_cast<const uint8_t*>(tensor.raw());
    case DType::int16:
      return tensor.data<int16_t>()[0];
    case DType::float16:
    case DType::uint16:
      return *static_cast<const uint16_t*>(tensor.raw());
    case DType::int32:
      return tensor.data<int32_t>()[0];
    case DType::uint32:
      return tensor.data<uint32_t>()[0];
    case DType::int64:
      return static_cast<double>(tensor.data<int64_t>()[0]);
    case DType::uint64:
      return static_cast<double>(tensor.data<uint64_t>()[0]);
  }
  return 0;
}

Status read_constant_of_shape(Context& cx, Node& node) {
  FillAttrs attrs;
  if (const TensorProto* proto = node.attributes.tensor("value")) {
    QUERN_TRY(const Tensor value, read_tensor(*proto, cx.external));
    if (value.size() != 1) {
      return node.fail(ErrorCode::invalid_file, "attribute 'value' has {} elements; it must have 1", value.size());
    }
    attrs.value = only_element(value);
    attrs.dtype = value.dtype();
  }
  cx.graph.value(node.outputs[0]).dtype = attrs.dtype;
  cx.emit(node, OpKind::Fill, node.inputs, node.outputs, attrs);
  return {};
}

Status read_range(Context& cx, Node& node) {
  cx.emit(node, OpKind::Range, node.inputs, node.outputs);
  return {};
}

constexpr Row kRows[] = {
    {"Shape", read_shape, OpKind::Shape},
    {"Size", read_size, OpKind::Size},
    {"ConstantOfShape", read_constant_of_shape, OpKind::Fill},
    {"Range", read_range, OpKind::Range, 3, 3},
};

}  // namespace

std::span<const Row> shape_rows() {
  return kRows;
}

}  // namespace quern::onnx
