// The operators that are read: one row each, one small function each, in a file a family.
#pragma once

#include <span>
#include <string_view>

#include "read/onnx/context.h"

namespace quern::onnx {

/// Adds to the graph what a node says. The node has as many inputs and outputs as its row allows.
using Handler = Status (*)(Context& cx, Node& node);

/// How a node between DequantizeLinear and QuantizeLinear becomes an operator on quantized values.
enum class Fold : uint8_t {
  never,    ///< it stays in float
  compute,  ///< its kernel takes any quantization on each side
  move,     ///< it moves elements: the quantization changes in a step of its own where the two sides differ
  linear,   ///< as compute; weights may be quantized per channel, and the bias is int32
  integer,  ///< the node itself is about quantized values (QLinear…)
};

struct Row {
  std::string_view type;
  Handler read;
  OpKind op = OpKind::Identity;
  int min_inputs = 1;
  int max_inputs = 1;   ///< -1: any number
  int max_outputs = 1;  ///< -1: any number; more may be named in the file when nothing reads them
  Fold fold = Fold::never;
  uint32_t parameters = 0;  ///< bit i: input i is no data; it keeps its type when the node is folded
  bool clamps = false;      ///< an activation behind it may be folded into it
};

std::span<const Row> spatial_rows();
std::span<const Row> linear_rows();
std::span<const Row> elementwise_rows();
std::span<const Row> reduce_rows();
std::span<const Row> normalize_rows();
std::span<const Row> move_rows();
std::span<const Row> resize_rows();
std::span<const Row> shape_rows();
std::span<const Row> integer_rows();    ///< QLinear… of ai.onnx
std::span<const Row> microsoft_rows();  ///< of com.microsoft

/// nullptr when there is none. `domain` is "" for ai.onnx.
const Row* find_row(std::string_view domain, std::string_view type);

}  // namespace quern::onnx
