#include "write/onnx/rows.h"

namespace quern::onnx_writer {

const Row* find_row(OpKind kind) {
  using Rows = std::span<const Row> (*)();
  constexpr Rows kFamilies[] = {spatial_rows,   linear_rows, elementwise_rows, reduce_rows,
                                normalize_rows, move_rows,   shape_rows};
  for (const Rows rows : kFamilies) {
    for (const Row& row : rows()) {
      if (row.kind == kind) return &row;
    }
  }
  return nullptr;
}

std::string Call::give(Context& cx, size_t i, const Clamp& clamp) const {
  return cx.begin(op.outputs[i], forms[i], clamp);
}

std::string Call::give_index(Context& cx, size_t i) const {
  return output(cx, i).dtype == DType::int64 ? give(cx, i) : cx.unique(cx.plain_name(op.outputs[i]) + "_int64");
}

void Call::settle_index(Context& cx, size_t i, const std::string& given) const {
  const DType dtype = output(cx, i).dtype;
  if (dtype == DType::int64) return;
  cx.node("Cast", "", {given}, {give(cx, i)}).integer("to", element_type(dtype));
}

Error Call::refuse(ErrorCode code, const std::string& sentence) const {
  const std::string kind(info(op.kind).name);
  return Error{code, fmt::format("{} '{}': {}", kind, op.name, sentence), "", op.name, kind};
}

Status write_plain(Context& cx, Call& call) {
  cx.node(call.row.type, call.op.name, call.in, {call.give(cx)});
  return {};
}

}  // namespace quern::onnx_writer
