// The public Model: a graph with a face.
#include "quern/model.h"

#include <algorithm>

#include "base/error.h"
#include "graph/graph.h"
#include "graph/infer.h"
#include "graph/text.h"
#include "graph/verify.h"

namespace quern {

namespace {

ValueInfo describe(const Value& value) {
  return {value.name,         value.dtype,
          value.shape,        value.shape_known || value.constant.has_value(),
          value.quantization, value.constant.has_value(),
          value.symbols};
}

std::vector<ValueInfo> describe_all(const Graph& graph, const std::vector<ValueId>& ids) {
  std::vector<ValueInfo> infos;
  for (ValueId id : ids) infos.push_back(describe(graph.value(id)));
  return infos;
}

std::vector<std::string> names(const Graph& graph, const std::vector<ValueId>& ids) {
  std::vector<std::string> out;
  for (ValueId id : ids) out.push_back(id == kNoValue ? "" : graph.value(id).name);
  return out;
}

bool is_fixed(const Shape& shape) {
  return std::none_of(shape.begin(), shape.end(), [](int64_t extent) { return extent < 0; });
}

Result<ValueId> find_input(const Graph& graph, const std::string& name) {
  std::string known;
  for (ValueId id : graph.inputs) {
    if (graph.value(id).name == name) return id;
    known += (known.empty() ? "'" : ", '") + graph.value(id).name + "'";
  }
  return fail(ErrorCode::not_found, "the model has no input '{}'; its inputs are {}", name,
              known.empty() ? "none" : known);
}

/// Infers what can be inferred and passes the gate again.
Status settle(Graph& graph) {
  for (ValueId id : graph.inputs) {
    if (!is_fixed(graph.value(id).shape)) return {};
  }
  QUERN_CHECK(infer(graph));
  return verify(graph);
}

}  // namespace

Model::Model(Graph graph, ModelInfo info)
    : graph_(std::make_shared<const Graph>(std::move(graph))), info_(std::move(info)) {}

std::vector<ValueInfo> Model::inputs() const {
  return describe_all(*graph_, graph_->inputs);
}
std::vector<ValueInfo> Model::outputs() const {
  return describe_all(*graph_, graph_->outputs);
}

std::vector<ValueInfo> Model::values() const {
  std::vector<ValueInfo> infos;
  for (const Value& value : graph_->values) infos.push_back(describe(value));
  return infos;
}

std::vector<OperatorInfo> Model::operators() const {
  std::vector<OperatorInfo> infos;
  for (const Op& op : graph_->ops) {
    const Value& first = graph_->value(op.outputs.front());
    const std::string kind(quern::info(op.kind).name);
    infos.push_back({op.name, kind, op.source_kind.empty() ? kind : op.source_kind, names(*graph_, op.inputs),
                     names(*graph_, op.outputs), first.dtype, first.shape_known ? first.shape : Shape{},
                     quern::macs(*graph_, op), !op.source_kind.empty()});
  }
  return infos;
}

std::vector<OpenDim> Model::open_dims() const {
  std::vector<OpenDim> open;
  for (ValueId id : graph_->inputs) {
    const Value& value = graph_->value(id);
    for (size_t axis = 0; axis < value.shape.size(); ++axis) {
      if (value.shape[axis] >= 0) continue;
      const bool named = axis < value.symbols.size() && !value.symbols[axis].empty();
      open.push_back({value.name, axis, named ? value.symbols[axis] : "?"});
    }
  }
  return open;
}

int64_t Model::macs() const {
  int64_t total = 0;
  for (const Op& op : graph_->ops) total += quern::macs(*graph_, op);
  return total;
}

int64_t Model::parameters() const {
  int64_t total = 0;
  for (const Value& value : graph_->values) total += value.constant ? value.constant->size() : 0;
  return total;
}

int64_t Model::parameters_bytes() const {
  int64_t total = 0;
  for (const Value& value : graph_->values) total += value.constant ? value.constant->bytes() : 0;
  return total;
}

Result<Model> Model::with_shape(const std::string& input, const Shape& shape) const {
  QUERN_TRY(const ValueId id, find_input(*graph_, input));
  const Value& old = graph_->value(id);
  if (old.shape.size() != shape.size()) {
    return fail(ErrorCode::invalid_argument, "input '{}' has {} axes ({}); the shape {} has {}", input,
                old.shape.size(), to_string(old.shape), to_string(shape), shape.size());
  }
  if (!is_fixed(shape))
    return fail(ErrorCode::invalid_argument, "input '{}': every extent of {} must be given", input, to_string(shape));
  QUERN_TRY([[maybe_unused]] const int64_t count, element_count(shape));
  Graph graph = *graph_;
  graph.value(id).shape = shape;
  graph.value(id).symbols.clear();
  graph.value(id).shape_known = true;
  QUERN_CHECK(settle(graph));
  return Model(std::move(graph), info_);
}

Result<Model> Model::with_constant(const std::string& input, const Tensor& value) const {
  QUERN_TRY(const ValueId id, find_input(*graph_, input));
  const Value& old = graph_->value(id);
  bool fits = old.shape.size() == value.shape().size() && old.dtype == value.dtype();
  for (size_t axis = 0; fits && axis < old.shape.size(); ++axis)
    fits = old.shape[axis] < 0 || old.shape[axis] == value.shape()[axis];
  if (!fits) {
    return fail(ErrorCode::invalid_argument, "input '{}' is {} {}; the constant given is {} {}", input,
                to_string(old.dtype), to_string(old.shape), to_string(value.dtype()), to_string(value.shape()));
  }
  Graph graph = *graph_;
  Value& slot = graph.value(id);
  slot.shape = value.shape();
  slot.shape_known = true;
  slot.symbols.clear();
  slot.constant = value;
  slot.constant->quantization = slot.quantization;
  std::erase(graph.inputs, id);
  QUERN_CHECK(settle(graph));
  return Model(std::move(graph), info_);
}

std::string graph_text(const Model& model) {
  return to_text(model.graph());
}
std::string graph_dot(const Model& model) {
  return to_dot(model.graph());
}

}  // namespace quern
