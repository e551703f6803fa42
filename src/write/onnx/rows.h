// The operators that are written: one row each, one small function each, in a file a family.
#pragma once

#include <span>
#include <string_view>

#include "write/onnx/context.h"

namespace quern::onnx_writer {

struct Row;

/// One operator, its data inputs already named and its axes those of the file.
struct Call {
  const Op& op;
  const Row& row;
  Attrs attrs;
  Names in;                 ///< data inputs; "" for those that the handler reads itself
  std::vector<Form> forms;  ///< of the outputs

  template <typename A>
  const A& as() const {
    return std::get<A>(attrs);
  }
  const Value& input(const Context& cx, size_t i) const { return cx.graph.value(op.inputs[i]); }
  const Value& output(const Context& cx, size_t i = 0) const { return cx.graph.value(op.outputs[i]); }
  bool has_input(size_t i) const { return i < op.inputs.size() && op.inputs[i] != kNoValue; }

  /// What the node has to call output `i`.
  std::string give(Context& cx, size_t i = 0, const Clamp& clamp = {}) const;
  /// The same for indices: ONNX gives int64. `settle_index` casts where the graph has another type.
  std::string give_index(Context& cx, size_t i) const;
  void settle_index(Context& cx, size_t i, const std::string& given) const;
  /// An error whose sentence begins with the operator: "Conv 'stem': …".
  template <typename... Args>
  Error fail(ErrorCode code, fmt::format_string<Args...> sentence, Args&&... args) const {
    return refuse(code, fmt::format(sentence, std::forward<Args>(args)...));
  }
  Error refuse(ErrorCode code, const std::string& sentence) const;
};

using Handler = Status (*)(Context& cx, Call& call);

/// In which order of axes an operator is written.
enum class Layout : uint8_t {
  follow,          ///< as its inputs lie
  channels_first,  ///< input 0 and every output of rank 4
  channel_second,  ///< as its inputs lie, when the axis attribute then is 1; else that axis is moved there
  as_is,           ///< as in the graph
  own,             ///< the handler reads everything itself
};

struct Row {
  OpKind kind;
  const char* type;  ///< ONNX's word
  Handler write;
  Layout layout = Layout::follow;
  int64_t opset = 13;  ///< the first that has it
};

std::span<const Row> spatial_rows();
std::span<const Row> linear_rows();
std::span<const Row> elementwise_rows();
std::span<const Row> reduce_rows();
std::span<const Row> normalize_rows();
std::span<const Row> move_rows();
std::span<const Row> shape_rows();

/// nullptr when ONNX has no word for it.
const Row* find_row(OpKind kind);

/// One node of the row's type with the named inputs, no attributes, one output.
Status write_plain(Context& cx, Call& call);

}  // namespace quern::onnx_writer
