#include "prepare/editor.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace quern {

Editor::Editor(Graph& graph) : graph_(graph), removed_(graph.ops.size(), false) {
  Uses uses(graph);
  producer_ = std::move(uses.producer);
  consumers_ = std::move(uses.consumers);
  for (const Value& value : graph.values) names_.insert(value.name);
}

std::string Editor::fresh_name(const std::string& wish) const {
  std::string name = wish;
  for (int n = 1; names_.count(name) != 0; ++n) name = wish + "_" + std::to_string(n);
  return name;
}

void Editor::release_name(ValueId id) {
  names_.erase(value(id).name);
  value(id).name.clear();
}

bool Editor::is_output(ValueId id) const {
  return std::find(graph_.outputs.begin(), graph_.outputs.end(), id) != graph_.outputs.end();
}

bool Editor::is_input(ValueId id) const {
  return std::find(graph_.inputs.begin(), graph_.inputs.end(), id) != graph_.inputs.end();
}

ValueId Editor::add_value(Value value) {
  producer_.push_back(-1);
  consumers_.emplace_back();
  names_.insert(value.name);
  return graph_.add_value(std::move(value));
}

ValueId Editor::add_constant(const std::string& wish, Tensor tensor) {
  producer_.push_back(-1);
  consumers_.emplace_back();
  const ValueId id = graph_.add_constant(fresh_name(wish), std::move(tensor));
  names_.insert(value(id).name);
  return id;
}

int Editor::add_op(Op op) {
  const int index = op_count();
  for (ValueId id : op.inputs) {
    if (id != kNoValue) consumers_[static_cast<size_t>(id)].push_back(index);
  }
  for (ValueId id : op.outputs) {
    if (id != kNoValue) producer_[static_cast<size_t>(id)] = index;
  }
  graph_.ops.push_back(std::move(op));
  removed_.push_back(false);
  return index;
}

void Editor::forget_reader(ValueId id, int index) {
  if (id == kNoValue) return;
  auto& readers = consumers_[static_cast<size_t>(id)];
  const auto found = std::find(readers.begin(), readers.end(), index);
  if (found != readers.end()) readers.erase(found);
}

void Editor::set_input(int index, size_t slot, ValueId id) {
  forget_reader(op(index).inputs[slot], index);
  op(index).inputs[slot] = id;
  if (id != kNoValue) consumers_[static_cast<size_t>(id)].push_back(index);
}

void Editor::set_inputs(int index, std::vector<ValueId> ids) {
  for (ValueId id : op(index).inputs) forget_reader(id, index);
  for (ValueId id : ids) {
    if (id != kNoValue) consumers_[static_cast<size_t>(id)].push_back(index);
  }
  op(index).inputs = std::move(ids);
}

void Editor::set_output(int index, size_t slot, ValueId id) {
  const ValueId old = op(index).outputs[slot];
  if (old != kNoValue && producer(old) == index) producer_[static_cast<size_t>(old)] = -1;
  op(index).outputs[slot] = id;
  producer_[static_cast<size_t>(id)] = index;
}

void Editor::remove(int index) {
  for (ValueId id : op(index).inputs) forget_reader(id, index);
  for (ValueId id : op(index).outputs) {
    if (id != kNoValue && producer(id) == index) producer_[static_cast<size_t>(id)] = -1;
  }
  removed_[static_cast<size_t>(index)] = true;
}

bool Editor::substitute(ValueId from, ValueId to) {
  if (is_output(from)) {
    if (producer(to) < 0 || is_output(to)) return false;
    std::swap(value(from).name, value(to).name);
    std::replace(graph_.outputs.begin(), graph_.outputs.end(), from, to);
  }
  const std::vector<int> readers = consumers(from);
  for (int reader : readers) {
    for (ValueId& id : op(reader).inputs) {
      if (id == from) id = to;
    }
  }
  auto& joined = consumers_[static_cast<size_t>(to)];
  joined.insert(joined.end(), readers.begin(), readers.end());
  consumers_[static_cast<size_t>(from)].clear();
  return true;
}

Status Editor::finish() {
  std::vector<Op> kept;
  kept.reserve(graph_.ops.size());
  for (size_t i = 0; i < graph_.ops.size(); ++i) {
    if (!removed_[i]) kept.push_back(std::move(graph_.ops[i]));
  }
  graph_.ops = std::move(kept);
  QUERN_CHECK(sort_topologically(graph_));
  compact(graph_);
  return {};
}

}  // namespace quern
