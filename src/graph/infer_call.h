// One operator as the inference rules see it: its inputs' shapes, its attributes, where results go, and how to
// complain.
#pragma once

#include <string>
#include <vector>

#include "base/broadcast.h"
#include "base/error.h"
#include "graph/graph.h"

namespace quern {

/// Most axes a value may have.
inline constexpr int64_t kMaxRank = 8;

class InferCall {
 public:
  InferCall(Graph& graph, Op& op) : graph_(graph), op_(op) {}

  /// That the operator has the attributes, inputs and outputs its kind needs, all of them values of the graph.
  Status check_form() const;
  /// check_form, and that the shapes of its inputs are known and fixed. Rules may then ask freely.
  Status check() const;

  OpKind kind() const { return op_.kind; }
  template <typename A>
  A& attrs() {
    return std::get<A>(op_.attrs);
  }

  size_t input_count() const { return op_.inputs.size(); }
  size_t output_count() const { return op_.outputs.size(); }
  bool has(size_t i) const { return i < op_.inputs.size() && op_.inputs[i] != kNoValue; }
  const Value& input(size_t i) const { return graph_.value(op_.inputs[i]); }
  const Shape& shape(size_t i) const { return input(i).shape; }
  DType dtype(size_t i) const { return input(i).dtype; }
  int64_t rank(size_t i) const { return static_cast<int64_t>(shape(i).size()); }
  /// The dtype the file declared for an output, float32 when it said nothing.
  DType declared(size_t output) const;

  /// Sets an output's shape and dtype. An output that is quantized keeps its own dtype and quantization.
  Status give(Shape shape, DType dtype, size_t output = 0);
  /// As give, for outputs that are never quantized: truth values, indices, extents.
  Status give_plain(Shape shape, DType dtype, size_t output = 0);
  /// The first output is like the first input.
  Status give_same() { return give(shape(0), dtype(0)); }

  /// Brings an axis into 0…rank-1.
  Status normalize_axis(int64_t& axis, int64_t rank, const char* attribute = "axis") const;
  /// The same for a list in which no axis may come twice.
  Status normalize_axes(Ints& axes, int64_t rank, const char* attribute = "axes") const;
  /// That input i has `rank` axes; `what` names them, e.g. "[N, H, W, C]".
  Status need_rank(size_t i, int64_t rank, const char* what) const;

  /// The elements of parameter input i, which must be a constant of integers; `what` names it, e.g. "shape".
  Result<Ints> int_parameter(size_t i, const char* what) const;
  /// The same for one integer in a scalar or a single-element array.
  Result<int64_t> one_int_parameter(size_t i, const char* what) const;
  /// The same for real numbers; a quantized constant gives its real values.
  Result<std::vector<double>> real_parameter(size_t i, const char* what) const;

  /// "Conv 'stem': …", invalid_file: the operator contradicts its inputs or itself.
  template <typename... Args>
  Error wrong(fmt::format_string<Args...> sentence, Args&&... args) const {
    return error(ErrorCode::invalid_file, fmt::format(sentence, std::forward<Args>(args)...));
  }
  /// The same, unsupported: well formed, but nothing Quern does.
  template <typename... Args>
  Error cannot(fmt::format_string<Args...> sentence, Args&&... args) const {
    return error(ErrorCode::unsupported, fmt::format(sentence, std::forward<Args>(args)...));
  }
  Error error(ErrorCode code, const std::string& sentence) const;

 private:
  Result<const Tensor*> parameter(size_t i, const char* what) const;
  Status within_limits(const Shape& shape, DType dtype) const;
  /// A product or an activation of quantized values whose output is not quantized gives real numbers.
  bool gives_real(DType dtype) const;

  Graph& graph_;
  Op& op_;
};

}  // namespace quern
