// Edits a graph while keeping track of who makes and who reads each value, so that a pass can look around at any time.
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "graph/graph.h"

namespace quern {

/// Holds a graph for the length of one pass. Operator indices stay valid until finish(); operators are appended at the
/// end and sorted into place by finish(). All edits go through here.
class Editor {
 public:
  explicit Editor(Graph& graph);

  Graph& graph() { return graph_; }
  const Graph& graph() const { return graph_; }
  int op_count() const { return static_cast<int>(graph_.ops.size()); }
  Op& op(int index) { return graph_.ops[static_cast<size_t>(index)]; }
  const Op& op(int index) const { return graph_.ops[static_cast<size_t>(index)]; }
  Value& value(ValueId id) { return graph_.value(id); }
  const Value& value(ValueId id) const { return graph_.value(id); }

  bool removed(int index) const { return removed_[static_cast<size_t>(index)]; }
  /// The operator that gives `id`, or -1 for inputs and constants.
  int producer(ValueId id) const { return id == kNoValue ? -1 : producer_[static_cast<size_t>(id)]; }
  /// Readers of `id`, one entry an input slot.
  const std::vector<int>& consumers(ValueId id) const { return consumers_[static_cast<size_t>(id)]; }
  bool is_output(ValueId id) const;
  bool is_input(ValueId id) const;
  /// Exactly one operator reads it, once, and it is no graph output: it may disappear.
  bool has_one_reader(ValueId id) const { return consumers(id).size() == 1 && !is_output(id); }

  /// As Graph::fresh_name, without looking at every value.
  std::string fresh_name(const std::string& wish) const;
  /// Takes the name from a value that nothing reads and nothing makes any more.
  void release_name(ValueId id);

  ValueId add_value(Value value);
  ValueId add_constant(const std::string& wish, Tensor tensor);
  /// Appends an operator; its outputs must have no producer yet.
  int add_op(Op op);
  void set_input(int index, size_t slot, ValueId id);
  void set_inputs(int index, std::vector<ValueId> ids);
  /// Makes the operator give `id` in place of what it gave in that slot, which is left without a producer.
  void set_output(int index, size_t slot, ValueId id);
  void remove(int index);

  /// Every reader of `from` reads `to`, and where `from` was a graph output `to` takes its name and place. False, with
  /// nothing done, when that would change the name of a graph input, output or constant.
  bool substitute(ValueId from, ValueId to);

  /// Drops removed and dead operators and sorts the rest. The editor must not be used afterwards.
  Status finish();

 private:
  void forget_reader(ValueId id, int index);

  Graph& graph_;
  std::vector<int> producer_;
  std::vector<std::vector<int>> consumers_;
  std::vector<bool> removed_;
  std::unordered_set<std::string> names_;
};

}  // namespace quern
