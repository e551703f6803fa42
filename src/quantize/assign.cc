#include "quantize/assign.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "quantize/full_integer.h"

namespace quern {

bool is_matrix_operator(OpKind kind) {
  return kind == OpKind::Conv || kind == OpKind::ConvTranspose || kind == OpKind::FullyConnected ||
         kind == OpKind::MatMul;
}

bool has_constant_weights(const Graph& graph, const Op& op) {
  return is_matrix_operator(op.kind) && op.kind != OpKind::MatMul && graph.is_constant(op.inputs[1]);
}

std::vector<ValueId> Assignment::members(ValueId root) const {
  std::vector<ValueId> ids;
  for (size_t id = 0; id < group.size(); ++id) {
    if (stored[id] && group[id] == root) ids.push_back(static_cast<ValueId>(id));
  }
  return ids;
}

namespace {

/// Moves stored values without changing any: input 0 and all outputs have one scale.
bool keeps_codes(const Op& op) {
  if (op.kind == OpKind::MaxPool) return true;
  if (op.kind == OpKind::DepthToSpace || op.kind == OpKind::SpaceToDepth) return true;
  if (op.kind == OpKind::Resize) return std::get<ResizeAttrs>(op.attrs).mode == ResizeMode::nearest;
  return info(op.kind).family == OpFamily::move && op.kind != OpKind::OneHot;
}

bool is_real(const Graph& graph, ValueId id) {
  return id != kNoValue && graph.value(id).dtype == DType::float32 && !graph.is_constant(id);
}

Status check_is_float(const Graph& graph) {
  for (const Value& value : graph.values) {
    if (value.quantization.empty()) continue;
    return fail(ErrorCode::invalid_argument,
                "value '{}' is quantized already ({}); give the float model that this one was made from", value.name,
                to_string(value.dtype));
  }
  if (std::ranges::any_of(graph.ops, [](const Op& op) { return is_matrix_operator(op.kind); })) return {};
  return fail(ErrorCode::invalid_argument,
              "the model has no Conv, ConvTranspose, Gemm or MatMul: there is nothing that int8 would make faster");
}

/// Puts an operator that will be Quantize or Dequantize between a graph edge and the rest.
void mark_edges(Graph& graph, const std::vector<bool>& stored_inputs) {
  std::vector<Op> first;
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    if (!stored_inputs[i]) continue;
    const ValueId input = graph.inputs[i];
    Value inner = graph.value(input);
    inner.name = graph.fresh_name(inner.name + "_quantized");
    inner.symbols.clear();
    const std::string name = inner.name;
    const ValueId id = graph.add_value(std::move(inner));
    for (Op& op : graph.ops) std::ranges::replace(op.inputs, input, id);
    Op edge{OpKind::Quantize, name, {input}, {id}, default_attrs(OpKind::Quantize), {}};
    first.push_back(std::move(edge));
  }
  graph.ops.insert(graph.ops.begin(), first.begin(), first.end());
}

class Assigner {
 public:
  Assigner(const Graph& graph, const AssignOptions& options) : options_(options) { out_.graph = graph; }

  Assignment run() {
    if (options_.full_integer) return run_full_integer();
    mark_chosen();
    mark_body();
    mark_edges(out_.graph, inputs_of_body());
    carry_chosen_inputs();
    mark_body();
    mark_stored();
    mark_exits();
    insert_exits();
    mark_integer();
    tie();
    mark_wide();
    return std::move(out_);
  }

 private:
  Graph& graph() { return out_.graph; }

  static bool matches(const std::vector<std::regex>& patterns, const Op& op) {
    return std::ranges::any_of(patterns, [&](const std::regex& pattern) {
      return std::regex_match(op.name, pattern) || std::regex_match(std::string(info(op.kind).name), pattern);
    });
  }
  /// By the graph's name, and by the file's: a channels-last twin bears a mark.
  static bool matches(const std::vector<std::regex>& patterns, const Value& value) {
    const std::string plain = value.name.substr(0, value.name.rfind('@'));
    return std::ranges::any_of(patterns, [&](const std::regex& pattern) {
      return std::regex_match(value.name, pattern) || std::regex_match(plain, pattern);
    });
  }
  static bool names(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  }
  bool keeps_float(const Op& op) const {
    return names(options_.keep_float_names, op.name) || matches(options_.keep_float, op);
  }

  /// chosen_[value]: the user wants it in 16 bits.
  void mark_chosen() {
    for (const Value& value : graph().values) chosen_.push_back(matches(options_.int16, value));
    for (const Op& op : graph().ops) {
      if (!matches(options_.int16, op)) continue;
      for (ValueId id : op.outputs) {
        if (id != kNoValue) chosen_[static_cast<size_t>(id)] = true;
      }
    }
  }

  void carry_chosen_inputs() {
    chosen_.resize(graph().values.size(), false);
    for (const Op& op : graph().ops) {
      if (is_open_edge(op)) chosen_[static_cast<size_t>(op.outputs[0])] = chosen_[static_cast<size_t>(op.inputs[0])];
    }
  }
  static bool is_open_edge(const Op& op) { return op.kind == OpKind::Quantize; }

  /// body_[op]: a matrix operator is it or comes after it.
  void mark_body() {
    const size_t count = graph().ops.size();
    body_.assign(count, false);
    std::vector<bool> wanted(graph().values.size(), false);
    for (size_t i = count; i-- > 0;) {
      const Op& op = graph().ops[i];
      body_[i] = is_matrix_operator(op.kind) || std::ranges::any_of(op.outputs, [&](ValueId id) {
                   return id != kNoValue && wanted[static_cast<size_t>(id)];
                 });
      if (!body_[i]) continue;
      for (ValueId id : op.inputs) {
        if (id != kNoValue) wanted[static_cast<size_t>(id)] = true;
      }
    }
  }

  std::vector<bool> inputs_of_body() {
    std::vector<bool> wanted;
    const Uses uses(graph());
    for (ValueId id : graph().inputs) {
      const auto& readers = uses.consumers[static_cast<size_t>(id)];
      wanted.push_back(is_real(graph(), id) && std::ranges::any_of(readers, [&](int op) {
                         return body_[static_cast<size_t>(op)] && !keeps_float(graph().ops[static_cast<size_t>(op)]);
                       }));
    }
    return wanted;
  }

  /// An activation computed together with the matrix operator before it.
  bool is_fused_activation(const Op& op, const Uses& uses) {
    if (info(op.kind).family != OpFamily::unary && op.kind != OpKind::PRelu) return false;
    const ValueId source = op.inputs[0];
    const int maker = source == kNoValue ? -1 : uses.producer[static_cast<size_t>(source)];
    return maker >= 0 && is_matrix_operator(graph().ops[static_cast<size_t>(maker)].kind) &&
           uses.consumers[static_cast<size_t>(source)].size() == 1 && !uses.is_output[static_cast<size_t>(source)];
  }

  void mark_stored() {
    const Uses uses(graph());
    out_.stored.assign(graph().values.size(), false);
    const auto store = [&](ValueId id) {
      if (is_real(graph(), id)) out_.stored[static_cast<size_t>(id)] = true;
    };
    for (size_t i = 0; i < graph().ops.size(); ++i) {
      const Op& op = graph().ops[i];
      if (body_[i] || is_fused_activation(op, uses)) std::ranges::for_each(op.outputs, store);
    }
    for (const Op& op : graph().ops) {
      fused_.push_back(is_fused_activation(op, uses));
      if (fused_.back()) out_.stored[static_cast<size_t>(op.inputs[0])] = false;
    }
    unstore_what_only_float_reads(uses);
  }

  /// Between two operators that the user keeps in float nothing is stored.
  void unstore_what_only_float_reads(const Uses& uses) {
    for (size_t id = 0; id < out_.stored.size(); ++id) {
      const int maker = uses.producer[id];
      const auto& readers = uses.consumers[id];
      if (!out_.stored[id] || readers.empty() || maker < 0) continue;
      const bool all =
          std::ranges::all_of(readers, [&](int op) { return keeps_float(graph().ops[static_cast<size_t>(op)]); });
      if (all && keeps_float(graph().ops[static_cast<size_t>(maker)])) out_.stored[id] = false;
    }
  }

  /// Stored values are dequantized once for all of the tail, and for the graph's outputs.
  void mark_exits() {
    const Uses uses(graph());
    const size_t count = out_.stored.size();
    for (size_t id = 0; id < count; ++id) {
      if (!out_.stored[id]) continue;
      std::vector<int> readers;
      for (int op : uses.consumers[id]) {
        if (!body_[static_cast<size_t>(op)] && !fused_[static_cast<size_t>(op)]) readers.push_back(op);
      }
      if (!readers.empty() || uses.is_output[id]) add_exit(static_cast<ValueId>(id), readers, uses);
    }
  }

  /// An output keeps its name for the float array outside.
  void add_exit(ValueId inner, const std::vector<int>& readers, const Uses& uses) {
    Value outer = graph().value(inner);
    const std::string name = outer.name;
    const bool leaves = uses.is_output[static_cast<size_t>(inner)];
    const std::string other = graph().fresh_name(name + (leaves ? "_quantized" : "_dequantized"));
    (leaves ? graph().value(inner).name : outer.name) = other;
    const ValueId id = graph().add_value(std::move(outer));
    out_.stored.push_back(false);
    for (int op : readers) std::ranges::replace(graph().ops[static_cast<size_t>(op)].inputs, inner, id);
    std::ranges::replace(graph().outputs, inner, id);
    exits_.push_back(
        {uses.producer[static_cast<size_t>(inner)],
         {OpKind::Dequantize, name + "_dequantize", {inner}, {id}, default_attrs(OpKind::Dequantize), {}}});
  }

  /// Each exit goes right behind the maker of its value.
  void insert_exits() {
    std::vector<Op> ops;
    std::vector<bool> body;
    for (size_t i = 0; i < graph().ops.size(); ++i) {
      ops.push_back(std::move(graph().ops[i]));
      body.push_back(body_[i]);
      for (Exit& exit : exits_) {
        if (exit.maker != static_cast<int>(i)) continue;
        ops.push_back(std::move(exit.op));
        body.push_back(false);
      }
    }
    graph().ops = std::move(ops);
    body_ = std::move(body);
  }

  void mark_integer() {
    for (const Op& op : graph().ops) {
      const bool reads =
          op.inputs.empty() || op.inputs[0] == kNoValue ? false : out_.stored[static_cast<size_t>(op.inputs[0])];
      out_.kept.push_back(keeps_float(op));
      out_.integer.push_back(has_constant_weights(graph(), op) && reads && !keeps_float(op));
    }
  }

  ValueId root(ValueId id) {
    while (out_.group[static_cast<size_t>(id)] != id) id = out_.group[static_cast<size_t>(id)];
    return id;
  }

  void join(ValueId a, ValueId b) {
    if (a == kNoValue || b == kNoValue) return;
    if (!out_.stored[static_cast<size_t>(a)] || !out_.stored[static_cast<size_t>(b)]) return;
    const ValueId x = root(a);
    const ValueId y = root(b);
    out_.group[static_cast<size_t>(std::max(x, y))] = std::min(x, y);
  }

  void tie() {
    out_.group.resize(graph().values.size());
    std::iota(out_.group.begin(), out_.group.end(), 0);
    for (const Op& op : graph().ops) {
      if (!keeps_codes(op)) continue;
      for (ValueId output : op.outputs) join(op.inputs[0], output);
      if (op.kind != OpKind::Concat) continue;
      for (ValueId input : op.inputs) join(input, op.outputs[0]);
    }
    for (size_t id = 0; id < out_.group.size(); ++id) out_.group[id] = root(static_cast<ValueId>(id));
  }

  /// A choice goes from a product to the activation that is computed with it, and from one value to its group.
  void mark_wide() {
    chosen_.resize(graph().values.size(), false);
    for (const Op& op : graph().ops) {
      const bool taken = info(op.kind).family == OpFamily::unary || op.kind == OpKind::PRelu;
      if (!taken || op.inputs[0] == kNoValue || out_.stored[static_cast<size_t>(op.inputs[0])]) continue;
      if (chosen_[static_cast<size_t>(op.inputs[0])]) chosen_[static_cast<size_t>(op.outputs[0])] = true;
    }
    std::vector<bool> groups(chosen_.size(), false);
    for (size_t id = 0; id < chosen_.size(); ++id) {
      if (names(options_.int16_names, graph().values[id].name)) chosen_[id] = true;
      if (chosen_[id] && out_.stored[id]) groups[static_cast<size_t>(out_.group[id])] = true;
    }
    for (size_t id = 0; id < chosen_.size(); ++id)
      out_.wide.push_back(out_.stored[id] && groups[static_cast<size_t>(out_.group[id])]);
  }

  // ---- full-integer models ----

  Assignment run_full_integer() {
    mark_edges(out_.graph, real_inputs());
    mark_int8_body();
    store_constants();
    mark_int8_body();
    mark_int8_stored();
    mark_exits();
    insert_exits();
    tie_all();
    separate_demands();
    mark_integer();
    out_.wide.assign(graph().values.size(), false);
    return std::move(out_);
  }

  std::vector<bool> real_inputs() {
    std::vector<bool> real;
    for (ValueId id : graph().inputs) real.push_back(is_real(graph(), id));
    return real;
  }

  /// body_[op]: computed in int8. loose_[value]: float up to the outputs, by the user's wish.
  void mark_int8_body() {
    body_.assign(graph().ops.size(), false);
    loose_.assign(graph().values.size(), false);
    for (size_t i = 0; i < graph().ops.size(); ++i) {
      const Op& op = graph().ops[i];
      const bool loose =
          std::ranges::find(options_.loose, op.name) != options_.loose.end() ||
          std::ranges::any_of(op.inputs, [&](ValueId id) { return id != kNoValue && loose_[static_cast<size_t>(id)]; });
      body_[i] = !loose && has_integer_kernel(graph(), op) && !keeps_float(op);
      if (!loose) continue;
      for (ValueId id : op.outputs) {
        if (id != kNoValue) loose_[static_cast<size_t>(id)] = true;
      }
    }
  }

  /// An operand of an int8 operator that is a float constant gets a Quantize of its own: calibration finds its scale,
  /// and folding makes it an int8 constant. Weights and biases are not such: they are made layer by layer.
  void store_constants() {
    std::vector<Op> ops;
    for (size_t i = 0; i < graph().ops.size(); ++i) {
      Op op = std::move(graph().ops[i]);
      const bool weighs = is_matrix_operator(op.kind) && op.kind != OpKind::MatMul;
      for (size_t k = 0; body_[i] && !weighs && k < op.inputs.size(); ++k) {
        const ValueId id = op.inputs[k];
        if (!graph().is_constant(id) || graph().value(id).dtype != DType::float32) continue;
        Value stored = graph().value(id);
        stored.constant.reset();
        stored.name = graph().fresh_name(stored.name + "_quantized");
        const std::string name = stored.name;
        op.inputs[k] = graph().add_value(std::move(stored));
        ops.push_back({OpKind::Quantize, name, {id}, {op.inputs[k]}, default_attrs(OpKind::Quantize), {}});
      }
      ops.push_back(std::move(op));
    }
    graph().ops = std::move(ops);
  }

  /// What an int8 operator gives or reads, and every real output that is not to stay loose.
  void mark_int8_stored() {
    const Uses uses(graph());
    fused_.assign(graph().ops.size(), false);
    out_.stored.assign(graph().values.size(), false);
    for (size_t i = 0; i < out_.stored.size(); ++i) {
      const auto id = static_cast<ValueId>(i);
      const int maker = uses.producer[i];
      if (maker < 0 || !is_real(graph(), id) || loose_[i]) continue;
      const bool read = std::ranges::any_of(uses.consumers[i], [&](int op) { return body_[static_cast<size_t>(op)]; });
      const OpKind kind = graph().ops[static_cast<size_t>(maker)].kind;
      out_.stored[i] = body_[static_cast<size_t>(maker)] || kind == OpKind::Quantize || read || uses.is_output[i];
    }
  }

  void tie_all() {
    out_.group.resize(graph().values.size());
    std::iota(out_.group.begin(), out_.group.end(), 0);
    for (const Op& op : graph().ops) {
      if (!needs_one_scale(op)) continue;
      for (ValueId output : op.outputs) join(op.inputs[0], output);
      if (op.kind == OpKind::Gather || op.kind == OpKind::GatherNd) continue;
      for (ValueId input : op.inputs) join(input, op.outputs[0]);
    }
    for (size_t id = 0; id < out_.group.size(); ++id) out_.group[id] = root(static_cast<ValueId>(id));
  }

  /// Values whose scale is demanded by their maker, in groups with others that calibration decides: each is rounded
  /// once more, to the group's scale, before it joins.
  void separate_demands() {
    const size_t count = graph().ops.size();
    std::vector<Op> ops;
    find_sources();
    for (size_t i = 0; i < count; ++i) {
      ops.push_back(graph().ops[i]);
      for (ValueId id : graph().ops[i].outputs) {
        if (id == kNoValue || demand_[static_cast<size_t>(id)].empty()) continue;
        if (group_demand(id).empty()) ops.push_back(requantize(id));
      }
    }
    graph().ops = std::move(ops);
    tie_all();
    find_sources();
    out_.demanded.resize(graph().values.size());
    out_.whole.resize(graph().values.size());
    for (size_t i = 0; i < out_.stored.size(); ++i) {
      if (!out_.stored[i]) continue;
      out_.demanded[i] = group_demand(static_cast<ValueId>(i));
      out_.whole[i] = std::ranges::all_of(sources_of(static_cast<ValueId>(i)),
                                          [&](ValueId source) { return as_seen_[static_cast<size_t>(source)]; });
    }
  }

  /// The Quantize that gives those who tie `id` a value of their own.
  Op requantize(ValueId id) {
    Value other = graph().value(id);
    other.name = graph().fresh_name(other.name + "_requantized");
    const std::string name = other.name;
    const ValueId to = graph().add_value(std::move(other));
    out_.stored.push_back(true);
    for (Op& op : graph().ops) {
      if (needs_one_scale(op)) std::ranges::replace(op.inputs, id, to);
    }
    return {OpKind::Quantize, name, {id}, {to}, default_attrs(OpKind::Quantize), {}};
  }

  /// By value: the scale its maker demands, whether it brings a range of its own into its group, and whether that is
  /// all that was seen.
  void find_sources() {
    const size_t count = graph().values.size();
    demand_.assign(count, {});
    brings_.assign(count, false);
    as_seen_.assign(count, false);
    for (const Op& op : graph().ops) {
      for (ValueId id : op.outputs) {
        if (id == kNoValue || !out_.stored[static_cast<size_t>(id)] || needs_one_scale(op)) continue;
        brings_[static_cast<size_t>(id)] = true;
        demand_[static_cast<size_t>(id)] = demanded_quantization(op);
        as_seen_[static_cast<size_t>(id)] =
            op.kind == OpKind::Quantize && !out_.stored[static_cast<size_t>(op.inputs[0])];
      }
    }
  }

  std::vector<ValueId> sources_of(ValueId id) {
    std::vector<ValueId> sources = out_.members(out_.group[static_cast<size_t>(id)]);
    std::erase_if(sources, [&](ValueId member) { return !brings_[static_cast<size_t>(member)]; });
    return sources;
  }

  /// What all sources of the value's group demand; empty when they do not agree.
  Quantization group_demand(ValueId id) {
    const auto sources = sources_of(id);
    if (sources.empty()) return {};
    const Quantization& first = demand_[static_cast<size_t>(sources[0])];
    const bool all =
        std::ranges::all_of(sources, [&](ValueId source) { return demand_[static_cast<size_t>(source)] == first; });
    return all ? first : Quantization{};
  }

  const AssignOptions& options_;
  Assignment out_;
  std::vector<bool> chosen_;
  std::vector<Quantization> demand_;
  std::vector<bool> brings_;
  std::vector<bool> as_seen_;
  std::vector<bool> loose_;
  std::vector<bool> body_;
  std::vector<bool> fused_;  ///< by operator: an activation computed with the matrix operator before it
  struct Exit {
    int maker;
    Op op;
  };
  std::vector<Exit> exits_;
};

}  // namespace

Result<Assignment> assign(const Graph& graph, const AssignOptions& options) {
  QUERN_CHECK(check_is_float(graph));
  if (!options.full_integer) return Assigner(graph, options).run();
  Graph spelled = graph;
  QUERN_CHECK(spell_out(spelled));
  return Assigner(spelled, options).run();
}

}  // namespace quern
