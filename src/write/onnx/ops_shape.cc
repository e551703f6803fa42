// About extents, not elements.
#include <limits>

#include "write/onnx/rows.h"

namespace quern::onnx_writer {

namespace {

Status write_shape(Context& cx, Call& call) {
  const auto& attrs = call.as<ShapeOfAttrs>();
  NodeBuilder node = cx.node("Shape", call.op.name, call.in, {call.give(cx)});
  if (attrs.start != 0) node.integer("start", attrs.start);
  if (attrs.end != std::numeric_limits<int64_t>::max()) node.integer("end", attrs.end);
  return {};
}

Status write_fill(Context& cx, Call& call) {
  const auto& attrs = call.as<FillAttrs>();
  const std::string y = call.give(cx);
  const std::string value = cx.number(y + "_value", attrs.dtype, attrs.value);
  cx.node("Expand", call.op.name, {value, cx.ints(y + "_shape", attrs.shape)}, {y});
  return {};
}

constexpr Row kRows[] = {
    {OpKind::Shape, "Shape", write_shape, Layout::as_is, 15},
    {OpKind::Size, "Size", write_plain, Layout::as_is},
    {OpKind::Fill, "Expand", write_fill, Layout::own},
    {OpKind::Range, "Range", write_plain, Layout::as_is},
};

}  // namespace

std::span<const Row> shape_rows() {
  return kRows;
}

}  // namespace quern::onnx_writer
