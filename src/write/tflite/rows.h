// The operators that are written: one row each, one small function each, in a file a family.
//
// An operator on quantized values is written as TFLite's integer kernel where that computes exactly what
// docs/quantization.md says of it, and else as DEQUANTIZE, the float operator, QUANTIZE, which is that page's meaning
// of every other operator. A row's `integer` tells which; functions ask a Call for their operands and need not care.
#pragma once

#include <span>
#include <vector>

#include "write/tflite/context.h"

namespace quern::tflite_writer {

class Call;

struct Row {
  OpKind kind;
  B code;
  Status (*write)(Call& call);
  /// Whether TFLite computes this operator, whose operands are quantized, in integers as we do. nullptr: never.
  bool (*integer)(const Graph& graph, const Op& op) = nullptr;
};

/// One operator while it is written.
class Call {
 public:
  Call(Context& context, const Op& operation, const Row& of_row);

  Context& cx;
  const Op& op;
  const Row& row;

  template <typename A>
  const A& as() const {
    return std::get<A>(op.attrs);
  }
  const Value& input(size_t i) const { return cx.graph.value(op.inputs[i]); }
  const Value& output(size_t i = 0) const { return cx.graph.value(op.outputs[i]); }
  bool has_input(size_t i) const { return i < op.inputs.size() && op.inputs[i] != kNoValue; }
  /// Quantized, and written as an integer operator.
  bool integer() const { return quantized_ && integer_; }

  /// The tensor to read as input `i`: kNone when it is absent, real numbers where a float operator is written.
  int read(size_t i);
  /// The tensor that the operator has to write as output `i`; what must follow it is written by `settle`.
  int give(size_t i = 0);
  /// The same where the operator's kernel keeps the codes of `from`: in its quantization, when it is another.
  int give_coded(int from, size_t i = 0);

  /// Output 0 behind a fused activation: the part of the clamp that the operator can have is `fused`, the rest follows.
  struct Clamped {
    int tensor;
    schema::Activation fused;
  };
  Clamped give_clamped(const Clamp& clamp);
  /// The same for an operator without fused activations.
  int give_clamped_behind(const Clamp& clamp);
  /// `x`, rounded to the quantization of output 0 by a QUANTIZE where it has another.
  int requantized(int x);
  /// A tensor like `x` under a name made of the operator's output.
  int like(int x, const char* suffix);
  int like(int x, const char* suffix, const Shape& shape);

  /// A scalar constant of the number `real` in the codes of tensor `like`.
  int bound(int like, float real, const char* suffix);

  /// Writes what follows the operator. Called once, behind `row.write`.
  void settle();

  /// An error whose sentence begins with the operator: "Conv 'stem': …".
  template <typename... Args>
  Error fail(ErrorCode code, fmt::format_string<Args...> sentence, Args&&... args) const {
    return refuse(code, fmt::format(sentence, std::forward<Args>(args)...));
  }
  Error refuse(ErrorCode code, const std::string& sentence) const;
  /// The first output's name.
  const std::string& name() const { return output().name; }

 private:
  struct Step {
    B code;
    Indices inputs;
    int output;
  };
  void clamp_behind(const Clamp& clamp, int& tensor);

  bool quantized_;
  bool integer_;
  std::vector<Step> behind_;  ///< the last first
};

std::span<const Row> spatial_rows();
std::span<const Row> linear_rows();
std::span<const Row> elementwise_rows();
std::span<const Row> reduce_rows();
std::span<const Row> move_rows();
std::span<const Row> resize_rows();

/// nullptr when TFLite has no word for it.
const Row* find_row(OpKind kind);

/// The data inputs and outputs, no options.
Status write_plain(Call& call);

}  // namespace quern::tflite_writer
