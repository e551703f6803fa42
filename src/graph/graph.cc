#include "graph/graph.h"

#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/error.h"

namespace quern {

namespace {

bool in_range(const Graph& graph, ValueId id) {
  return id >= 0 && static_cast<size_t>(id) < graph.values.size();
}

int64_t elements(const Shape& shape) {
  int64_t count = 1;
  for (int64_t extent : shape) count *= extent;
  return count;
}

/// Depth-first over producers, from the operators in their present order: what is in order already stays as it is.
class Sorter {
 public:
  explicit Sorter(const Graph& graph) : graph_(graph), uses_(graph), state_(graph.ops.size(), State::unseen) {}

  Result<std::vector<int>> order() {
    for (size_t i = 0; i < graph_.ops.size(); ++i) {
      if (state_[i] == State::unseen) QUERN_CHECK(visit(static_cast<int>(i)));
    }
    return std::move(order_);
  }

 private:
  enum class State : uint8_t { unseen, open, done };
  struct Frame {
    int op;
    size_t next_input;
  };

  /// Iterative: a file may chain more operators than the machine's stack has room for.
  Status visit(int root) {
    state_[static_cast<size_t>(root)] = State::open;
    stack_.push_back({root, 0});
    while (!stack_.empty()) {
      Frame& frame = stack_.back();
      const Op& op = graph_.ops[static_cast<size_t>(frame.op)];
      if (frame.next_input == op.inputs.size()) {
        state_[static_cast<size_t>(frame.op)] = State::done;
        order_.push_back(frame.op);
        stack_.pop_back();
        continue;
      }
      const ValueId input = op.inputs[frame.next_input++];
      const int maker = in_range(graph_, input) ? uses_.producer[static_cast<size_t>(input)] : -1;
      if (maker < 0) continue;
      State& state = state_[static_cast<size_t>(maker)];
      if (state == State::open) {
        return fail(ErrorCode::invalid_file,
                    "{} '{}': its input '{}' depends on its own output; a graph must not have cycles",
                    info(op.kind).name, op.name, graph_.value(input).name);
      }
      if (state == State::unseen) {
        state = State::open;
        stack_.push_back({maker, 0});
      }
    }
    return {};
  }

  const Graph& graph_;
  Uses uses_;
  std::vector<State> state_;
  std::vector<Frame> stack_;
  std::vector<int> order_;
};

/// Which operators lead to a graph output.
std::vector<bool> live_ops(const Graph& graph, const Uses& uses) {
  std::vector<bool> live(graph.ops.size(), false);
  std::vector<ValueId> wanted = graph.outputs;
  while (!wanted.empty()) {
    const ValueId id = wanted.back();
    wanted.pop_back();
    if (!in_range(graph, id)) continue;
    const int maker = uses.producer[static_cast<size_t>(id)];
    if (maker < 0 || live[static_cast<size_t>(maker)]) continue;
    live[static_cast<size_t>(maker)] = true;
    const Op& op = graph.ops[static_cast<size_t>(maker)];
    wanted.insert(wanted.end(), op.inputs.begin(), op.inputs.end());
  }
  return live;
}

}  // namespace

ValueId Graph::add_value(Value added) {
  values.push_back(std::move(added));
  return static_cast<ValueId>(values.size() - 1);
}

ValueId Graph::add_constant(std::string constant_name, Tensor tensor) {
  Value added;
  added.name = std::move(constant_name);
  added.dtype = tensor.dtype();
  added.shape = tensor.shape();
  added.shape_known = true;
  added.quantization = tensor.quantization;
  added.constant = std::move(tensor);
  return add_value(std::move(added));
}

Op& Graph::add_op(OpKind kind, std::string op_name, std::vector<ValueId> op_inputs, std::vector<ValueId> op_outputs) {
  Op& op = ops.emplace_back();
  op.kind = kind;
  op.name = std::move(op_name);
  op.inputs = std::move(op_inputs);
  op.outputs = std::move(op_outputs);
  op.attrs = default_attrs(kind);
  return op;
}

std::string Graph::fresh_name(const std::string& wish) const {
  std::unordered_set<std::string> taken;
  for (const Value& v : values) {
    if (v.name.starts_with(wish)) taken.insert(v.name);
  }
  if (!taken.contains(wish)) return wish;
  for (size_t n = 1;; ++n) {
    std::string name_n = wish + "_" + std::to_string(n);
    if (!taken.contains(name_n)) return name_n;
  }
}

ValueId Graph::find(const std::string& wanted) const {
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].name == wanted) return static_cast<ValueId>(i);
  }
  return kNoValue;
}

Uses::Uses(const Graph& graph)
    : producer(graph.values.size(), -1), consumers(graph.values.size()), is_output(graph.values.size(), false) {
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    for (ValueId id : graph.ops[i].inputs) {
      if (in_range(graph, id)) consumers[static_cast<size_t>(id)].push_back(static_cast<int>(i));
    }
    for (ValueId id : graph.ops[i].outputs) {
      if (in_range(graph, id)) producer[static_cast<size_t>(id)] = static_cast<int>(i);
    }
  }
  for (ValueId id : graph.outputs) {
    if (in_range(graph, id)) is_output[static_cast<size_t>(id)] = true;
  }
}

void replace_uses(Graph& graph, ValueId from, ValueId to) {
  for (Op& op : graph.ops) {
    for (ValueId& id : op.inputs) {
      if (id == from) id = to;
    }
  }
  for (ValueId& id : graph.outputs) {
    if (id == from) id = to;
  }
}

Status sort_topologically(Graph& graph) {
  QUERN_TRY(const std::vector<int> order, Sorter(graph).order());
  std::vector<Op> sorted;
  sorted.reserve(order.size());
  for (int i : order) sorted.push_back(std::move(graph.ops[static_cast<size_t>(i)]));
  graph.ops = std::move(sorted);
  return {};
}

void compact(Graph& graph) {
  const std::vector<bool> live = live_ops(graph, Uses(graph));
  std::vector<Op> ops;
  std::vector<bool> needed(graph.values.size(), false);
  const auto need = [&](const std::vector<ValueId>& ids) {
    for (ValueId id : ids) {
      if (in_range(graph, id)) needed[static_cast<size_t>(id)] = true;
    }
  };
  need(graph.inputs);
  need(graph.outputs);
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    if (!live[i]) continue;
    need(graph.ops[i].inputs);
    need(graph.ops[i].outputs);
    ops.push_back(std::move(graph.ops[i]));
  }
  graph.ops = std::move(ops);

  std::vector<ValueId> moved(graph.values.size(), kNoValue);
  std::vector<Value> values;
  for (size_t i = 0; i < graph.values.size(); ++i) {
    if (!needed[i]) continue;
    moved[i] = static_cast<ValueId>(values.size());
    values.push_back(std::move(graph.values[i]));
  }
  const auto renumber = [&](std::vector<ValueId>& ids) {
    for (ValueId& id : ids) id = in_range(graph, id) ? moved[static_cast<size_t>(id)] : kNoValue;
  };
  renumber(graph.inputs);
  renumber(graph.outputs);
  for (Op& op : graph.ops) {
    renumber(op.inputs);
    renumber(op.outputs);
  }
  graph.values = std::move(values);
}

int64_t macs(const Graph& graph, const Op& op) {
  const auto known = [&](const std::vector<ValueId>& ids, size_t count) {
    if (ids.size() < count) return false;
    for (size_t i = 0; i < count; ++i) {
      if (!in_range(graph, ids[i]) || !graph.value(ids[i]).shape_known) return false;
      for (int64_t extent : graph.value(ids[i]).shape) {
        if (extent < 0) return false;
      }
    }
    return true;
  };
  if (!known(op.inputs, 2) || !known(op.outputs, 1)) return 0;
  const Shape& x = graph.value(op.inputs[0]).shape;
  const Shape& w = graph.value(op.inputs[1]).shape;
  const Shape& y = graph.value(op.outputs[0]).shape;
  const auto pixels = [](const Shape& nhwc) { return elements(Shape(nhwc.begin(), nhwc.end() - 1)); };
  switch (op.kind) {
    case OpKind::Conv:
      return y.size() == 4 ? pixels(y) * elements(w) : 0;
    case OpKind::ConvTranspose:
      return x.size() == 4 ? pixels(x) * elements(w) : 0;
    case OpKind::FullyConnected:
      return w.size() == 2 ? elements(y) * w[1] : 0;
    case OpKind::MatMul: {
      const bool transposed = std::get<MatMulAttrs>(op.attrs).transpose_a && x.size() >= 2;
      return x.empty() ? 0 : elements(y) * (transposed ? x[x.size() - 2] : x.back());
    }
    default:
      return 0;
  }
}

}  // namespace quern
