// A graph that is being changed around one operator.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "targets/sim/profile.h"

namespace quern::npu {

/// An operator that a target refuses, in a graph of its own.
struct Spot {
  const Graph& graph;
  int op = 0;
  const TargetProfile& profile;

  const Op& refused() const { return graph.ops[static_cast<size_t>(op)]; }
  const Value& input(size_t i) const { return graph.value(refused().inputs[i]); }
  const Value& output() const { return graph.value(refused().outputs[0]); }
  bool has_input(size_t i) const { return i < refused().inputs.size() && refused().inputs[i] != kNoValue; }
  /// What the target asks of the operator; null when it does not know the kind.
  const OperatorRule* rule() const { return rule_for(profile, refused().kind); }
  template <typename A>
  const A& attrs() const {
    return std::get<A>(refused().attrs);
  }
};

/// One way to give the same bytes: the graph, and what was done, as the end of "it …".
struct Alternative {
  Graph graph;
  std::string change;
};

/// A copy of a spot's graph. Shapes are left to infer, the order of operators to sort_topologically.
class Rework {
 public:
  explicit Rework(const Spot& spot);

  Graph& graph() { return graph_; }
  Op& op() { return graph_.ops[op_]; }
  template <typename A>
  A& attrs() {
    return std::get<A>(op().attrs);
  }
  Value& operand(size_t slot) { return graph_.value(op().inputs[slot]); }

  /// Puts an operator between the operator and what it reads there; of the type and quantization of what it reads.
  void before(size_t slot, OpKind kind, Attrs attrs, const char* what);
  /// Puts an operator behind the operator, behind what was put there before, and behind the activation that alone reads
  /// float32 sums: it then gives the value that the graph knows.
  void behind(OpKind kind, Attrs attrs, const char* what);
  /// Makes the operator read a constant in that slot.
  void set_constant(size_t slot, Tensor tensor, const char* what);
  /// A value of the type and quantization of another, without a shape yet.
  ValueId value_like(ValueId other, const char* what);
  /// A name for an operator that comes of the refused one.
  std::string name(const char* what) const;
  /// A Slice of `extent` elements from `begin` on, along one axis, put behind.
  void keep(int64_t axis, int64_t begin, int64_t extent, const char* what);

  Alternative done(std::string change) && { return {std::move(graph_), std::move(change)}; }

 private:
  Graph graph_;
  size_t op_;
  size_t end_;  ///< the operator that gives what the graph knows
};

/// The reader that turns an operator's float32 sums into codes, or the operator itself.
int tail_of(const Graph& graph, int op);

/// A Slice along one axis in steps of 1.
SliceAttrs slice_of(int64_t axis, int64_t begin, int64_t extent);

}  // namespace quern::npu
