// The TFLite writer's table of contents: the graph is checked, then inputs, operators and outputs are written in turn.
#include "write/writer.h"

#include <algorithm>

#include "write/check_prepared.h"
#include "write/tflite/rows.h"
#include "write/tflite/signed_codes.h"

namespace quern {

namespace tflite_writer {

namespace {

Status check_types(const Graph& graph) {
  constexpr size_t kMostAxes = 8;
  for (const Value& value : graph.values) {
    const bool product = value.constant && value.dtype == DType::int32;  // a bias
    if (!value.quantization.empty() && !is_8bit(value.dtype) && !product) {
      return fail(ErrorCode::unsupported, "'{}' is quantized to {}; TFLite files are written with int8 and uint8",
                  value.name, to_string(value.dtype));
    }
    if (value.quantization.per_axis() && !value.constant) {
      return fail(ErrorCode::unsupported, "'{}' is quantized per axis, which in TFLite only constants can be",
                  value.name);
    }
    if (value.shape.size() <= kMostAxes) continue;
    return fail(ErrorCode::unsupported, "'{}' has {} axes; TFLite files are written with at most {}", value.name,
                value.shape.size(), kMostAxes);
  }
  return {};
}

/// What TFLite's interpreters count in int32.
Status check_extents(const Graph& graph) {
  constexpr int64_t kMost = (int64_t{1} << 31) - 1;
  for (const Value& value : graph.values) {
    if (std::ranges::all_of(value.shape, [](int64_t extent) { return extent <= kMost; })) continue;
    return fail(ErrorCode::unsupported, "'{}' is {}; TFLite's extents end at {}", value.name, to_string(value.shape),
                kMost);
  }
  return {};
}

Status write_op(Context& cx, const Op& op) {
  const Row* row = find_row(op.kind);
  if (row == nullptr) {
    return Error{
        ErrorCode::unsupported,
        fmt::format("{} '{}': TFLite has no operator for it; cut the graph before it", info(op.kind).name, op.name), "",
        op.name, std::string(info(op.kind).name)};
  }
  Call call(cx, op, *row);
  QUERN_CHECK(row->write(call));
  call.settle();
  return {};
}

Result<std::string> write(const Graph& graph) {
  QUERN_CHECK(check_prepared(graph));
  QUERN_CHECK(check_types(graph));
  QUERN_CHECK(check_extents(graph));
  Context cx(graph);
  for (const ValueId id : graph.inputs) cx.value(id);
  for (const Op& op : graph.ops) QUERN_CHECK(write_op(cx, op));
  return cx.bytes("quern " QUERN_VERSION);
}

}  // namespace

}  // namespace tflite_writer

Result<std::string> write_tflite(const Graph& graph) {
  if (!tflite_writer::needs_signed_codes(graph)) return tflite_writer::write(graph);
  Graph signed_graph = graph;
  tflite_writer::make_codes_signed(signed_graph);
  return tflite_writer::write(signed_graph);
}

}  // namespace quern
