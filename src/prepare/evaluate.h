// Computes operators now: what constant folding is made of, and how a rewritten operator is compared with the first.
#pragma once

#include <vector>

#include "base/isa.h"
#include "graph/graph.h"

namespace quern {

/// Results beyond this are left to run time, and so are results beyond kFreeFoldBytes that are more than kMaxFoldGrowth
/// times as large as what they are made from: a short file must not become a large plan.
inline constexpr int64_t kMaxFoldedBytes = int64_t{64} << 20;
inline constexpr int64_t kFreeFoldBytes = int64_t{1} << 20;
inline constexpr int64_t kMaxFoldGrowth = 16;
/// What one pass may make in all, and the multiplications it may spend on one operator.
inline constexpr int64_t kMaxFoldedTotal = int64_t{1} << 30;
inline constexpr int64_t kMaxFoldedMacs = int64_t{1} << 28;

/// How operators are computed: folding wants the law itself.
struct EvaluateOptions {
  Arithmetic arithmetic = Arithmetic::float_rule;
  Isa isa = Isa::reference;
};

/// Outputs of `op` for these inputs (nullptr where absent), in order; the operator must have been inferred.
/// unsupported when there is no kernel.
Result<std::vector<Tensor>> evaluate(const Graph& graph, const Op& op, const std::vector<const Tensor*>& inputs,
                                     const EvaluateOptions& options = {});
/// All outputs of a graph that infer has seen, for these inputs, operator by operator.
Result<std::vector<Tensor>> evaluate_graph(const Graph& graph, const std::vector<Tensor>& inputs,
                                           const EvaluateOptions& options = {});

/// True when every present input is a constant, the shapes are known, no output is the graph's, and the size is in
/// bounds.
bool can_fold(const Graph& graph, const Op& op);

/// Makes constants of operators, within the limits above.
class Folder {
 public:
  /// `limit`: the bytes of all constants it may make.
  explicit Folder(Graph& graph, int64_t limit = kMaxFoldedTotal) : graph_(graph), bytes_left_(limit) {}
  /// True when the outputs of `op` are constants now; nothing needs the operator then.
  bool fold(const Op& op);

 private:
  Graph& graph_;
  int64_t bytes_left_;
};

/// The elements in another order of axes: extent i of the result is extent perm[i] of `tensor`. The axis of a per-axis
/// quantization follows.
Result<Tensor> permuted(const Tensor& tensor, const std::vector<int64_t>& perm);

}  // namespace quern
