#include "read/onnx/folding.h"

#include <algorithm>
#include <cmath>

#include "base/width.h"

namespace quern::onnx {

Readers::Readers(const GraphProto& graph) {
  for (int i = 0; i < graph.node_size(); ++i) {
    for (const std::string& name : graph.node(i).input()) {
      if (name.empty()) continue;
      auto [reading, fresh] = nodes_.try_emplace(name, Reading{i, 0});
      ++reading->second.count;
    }
  }
  for (const ValueInfoProto& output : graph.output()) outputs_.insert(output.name());
}

int Readers::only_reader(const std::string& name) const {
  const auto found = nodes_.find(name);
  return found == nodes_.end() || found->second.count != 1 || is_graph_output(name) ? -1 : found->second.node;
}

namespace {

bool in_domain(const NodeProto& node, std::string_view domain) {
  return node.domain() == domain || (domain.empty() && node.domain() == "ai.onnx");
}

bool is_quantize(const NodeProto& node) {
  return node.op_type() == "QuantizeLinear" && (in_domain(node, "") || in_domain(node, "com.microsoft"));
}

const AttributeProto* attribute(const NodeProto& node, std::string_view name) {
  for (const AttributeProto& a : node.attribute()) {
    if (a.name() == name) return &a;
  }
  return nullptr;
}

float number_attribute(const NodeProto& node, std::string_view name, float fallback) {
  const AttributeProto* a = attribute(node, name);
  return a != nullptr ? a->f() : fallback;
}

bool flag_attribute(const NodeProto& node, std::string_view name) {
  const AttributeProto* a = attribute(node, name);
  return a != nullptr && a->i() != 0;
}

/// A bound of a Clip: nothing when it is not a constant number.
std::optional<float> clip_bound(const Context& cx, const NodeProto& clip, int input, float open) {
  if (input >= clip.input_size() || clip.input(input).empty()) return open;
  const auto found = cx.constants.find(clip.input(input));
  if (found == cx.constants.end() || found->second.dtype() != DType::float32 || found->second.size() != 1) return {};
  return found->second.data<float>()[0];
}

/// The clamp that an activation node stands for; nothing when it is another node.
std::optional<Clamp> clamp_of(const Context& cx, const NodeProto& node, int64_t opset) {
  Clamp clamp;
  if (!in_domain(node, "") || node.output_size() != 1) return std::nullopt;
  if (node.op_type() == "Relu") {
    clamp.low = 0;
    return clamp;
  }
  if (node.op_type() != "Clip") return std::nullopt;
  if (opset < 11) {
    clamp.low = number_attribute(node, "min", clamp.low);
    clamp.high = number_attribute(node, "max", clamp.high);
  } else {
    const auto low = clip_bound(cx, node, 1, clamp.low);
    const auto high = clip_bound(cx, node, 2, clamp.high);
    if (!low || !high) return std::nullopt;
    clamp = {*low, *high};
  }
  // Bounds that cross, or are no numbers, keep their own operator and its rule.
  return clamp.low <= clamp.high ? std::optional(clamp) : std::nullopt;
}

/// The one value of the QuantizeLinear, when it is one that a kernel can write: 8 or 16 bits, one scale.
std::optional<Storage> written_storage(const Context& cx, const NodeProto& quantize) {
  if (quantize.input_size() < 2 || quantize.output_size() != 1 || attribute(quantize, "block_size") != nullptr)
    return {};
  if (attribute(quantize, "output_dtype") != nullptr) return {};
  auto storage = read_storage(cx, {quantize.input(1), quantize.input_size() > 2 ? quantize.input(2) : ""});
  if (!storage.ok() || storage->quantization.per_axis() || storage->dtype == DType::int32) return {};
  return *std::move(storage);
}

/// One quantized value: 8 or 16 bits, one scale.
bool is_whole(const Value& value) {
  return is_8_or_16bit(value.dtype) && !value.quantization.per_axis();
}

/// Which axis of the file's weights counts output channels.
int channel_axis(const NodeProto& node) {
  if (node.op_type() == "Conv") return 0;
  if (node.op_type() == "Gemm") return flag_attribute(node, "transB") ? 0 : 1;
  return 1;  // ConvTranspose: per group, MatMul: columns
}

bool weights_fit(const Context& cx, const NodeProto& node, ValueId id) {
  const Value& value = cx.graph.value(id);
  if (is_16bit(value.dtype) && node.op_type() != "MatMul") return false;
  if (is_whole(value)) return node.op_type() != "Gemm" || value.constant.has_value();
  const bool rank_fits = node.op_type() != "MatMul" || value.shape.size() == 2;
  return is_8bit(value.dtype) && value.constant && rank_fits && value.quantization.axis == channel_axis(node);
}

/// Whether the constant holds one number for each of the weights' output channels.
bool one_per_channel(const Context& cx, const NodeProto& node, ValueId bias, ValueId weights) {
  const Value& b = cx.graph.value(bias);
  const Value& w = cx.graph.value(weights);
  const bool flat = b.shape.size() == 1 || (b.shape.size() == 2 && b.shape[0] == 1 && !b.quantization.per_axis());
  if (!b.constant || !flat) return false;
  if (node.op_type() != "Gemm") return true;
  const auto axis = static_cast<size_t>(channel_axis(node));
  return w.shape.size() == 2 && w.shape[axis] == b.shape.back();
}

bool gemm_is_plain(const NodeProto& node) {
  return number_attribute(node, "alpha", 1) == 1 && number_attribute(node, "beta", 1) == 1 &&
         !flag_attribute(node, "transA");
}

bool linear_fits(const Context& cx, const NodeProto& node, const std::vector<ValueId>& inputs) {
  if (inputs.size() < 2 || inputs[0] == kNoValue || inputs[1] == kNoValue) return false;
  if (!is_whole(cx.graph.value(inputs[0])) || !weights_fit(cx, node, inputs[1])) return false;
  if (node.op_type() == "Gemm" && !gemm_is_plain(node)) return false;
  if (inputs.size() < 3 || inputs[2] == kNoValue) return true;
  const Value& bias = cx.graph.value(inputs[2]);
  return bias.dtype == DType::int32 && one_per_channel(cx, node, inputs[2], inputs[1]) &&
         bias_fits(bias.quantization, cx.graph.value(inputs[0]).quantization, cx.graph.value(inputs[1]).quantization);
}

/// The quantized values behind a node's inputs; nothing when one of them is not dequantized.
std::optional<std::vector<ValueId>> dequantized_inputs(const Context& cx, const NodeProto& node, const Row& row) {
  std::vector<ValueId> inputs;
  bool any = false;
  for (int i = 0; i < node.input_size(); ++i) {
    const bool parameter = i < 32 && (row.parameters >> i & 1U) != 0;
    if (node.input(i).empty() || parameter) {
      inputs.push_back(kNoValue);
      continue;
    }
    const auto found = cx.dequantized.find(node.input(i));
    if (found == cx.dequantized.end()) return std::nullopt;
    if (row.fold != Fold::linear && !is_whole(cx.graph.value(found->second.quantized))) return std::nullopt;
    inputs.push_back(found->second.quantized);
    any = true;
  }
  return any ? std::optional(inputs) : std::nullopt;
}

/// Quantizers call a value's integers after it: then the value keeps its name, and is found again in the float model.
std::string value_name(const std::string& stored, const std::string& real, const Readers& readers) {
  return stored == real + "_QuantizeLinear_Output" && !readers.is_graph_output(stored) ? real : stored;
}

/// A move between different quantizations has its clamp, if any, on the wrong side of the change.
bool clamp_is_exact(const Context& cx, const Row& row, const FoldPlan& plan, const Storage& storage) {
  if (row.fold != Fold::move || !plan.clamp.active()) return true;
  const Value& source = cx.graph.value(plan.inputs[0]);
  return source.dtype == storage.dtype && source.quantization == storage.quantization;
}

/// The QuantizeLinear behind one output, perhaps with an activation between.
bool plan_output(const Context& cx, const GraphProto& graph, const Readers& readers, const Row& row, int64_t opset,
                 const std::string& name, FoldPlan& plan) {
  std::string source = name;
  int reader = readers.only_reader(source);
  if (reader < 0) return false;
  const auto clamp =
      row.clamps && graph.node(reader).input(0) == source ? clamp_of(cx, graph.node(reader), opset) : std::nullopt;
  if (clamp) {
    plan.clamp = *clamp;
    plan.swallowed.push_back(reader);
    source = graph.node(reader).output(0);
    reader = readers.only_reader(source);
    if (reader < 0) return false;
  }
  const NodeProto& quantize = graph.node(reader);
  if (!is_quantize(quantize) || quantize.input(0) != source) return false;
  auto storage = written_storage(cx, quantize);
  if (!storage || !clamp_is_exact(cx, row, plan, *storage)) return false;
  plan.swallowed.push_back(reader);
  const std::string& stored = quantize.output(0);
  plan.outputs.push_back({stored, name, value_name(stored, source, readers), *std::move(storage)});
  return true;
}

/// A product of quantized values whose output is read in float: its sums are scaled, not rounded.
FoldPlan plan_real_product(const Context& cx, const GraphProto& graph, const Readers& readers, const NodeProto& node,
                           int64_t opset, std::vector<ValueId> inputs) {
  FoldPlan plan;
  plan.inputs = std::move(inputs);
  std::string name = node.output(0);
  const int reader = readers.only_reader(name);
  const bool feeds = reader >= 0 && graph.node(reader).input_size() > 0 && graph.node(reader).input(0) == name;
  if (const auto clamp = feeds ? clamp_of(cx, graph.node(reader), opset) : std::nullopt) {
    plan.clamp = *clamp;
    plan.swallowed.push_back(reader);
    name = graph.node(reader).output(0);
  }
  plan.outputs.push_back({name, node.output(0), name, {DType::float32, {}}});
  return plan;
}

/// An activation of a float value whose result is read by one QuantizeLinear alone.
std::optional<FoldPlan> plan_quantizing_activation(const Context& cx, const GraphProto& graph, const Readers& readers,
                                                   const NodeProto& node, const Row& row, int64_t opset) {
  const bool unary = row.fold == Fold::compute && info(row.op).family == OpFamily::unary;
  if (!unary || node.input_size() == 0 || node.output_size() != 1 || cx.dequantized.contains(node.input(0))) return {};
  FoldPlan plan;
  plan.inputs.assign(static_cast<size_t>(node.input_size()), kNoValue);
  if (!plan_output(cx, graph, readers, row, opset, node.output(0), plan)) return {};
  return plan;
}

}  // namespace

std::optional<FoldPlan> plan_fold(const Context& cx, const GraphProto& graph, const Readers& readers, int index,
                                  const Row& row, int64_t opset) {
  if (row.fold == Fold::never || row.fold == Fold::integer) return std::nullopt;
  const NodeProto& node = graph.node(index);
  auto inputs = dequantized_inputs(cx, node, row);
  if (!inputs) return plan_quantizing_activation(cx, graph, readers, node, row, opset);
  if (row.fold == Fold::linear && !linear_fits(cx, node, *inputs)) return std::nullopt;
  FoldPlan plan;
  plan.inputs = *std::move(inputs);
  for (const std::string& name : node.output()) {
    if (name.empty() || (row.max_outputs >= 0 && static_cast<int>(plan.outputs.size()) >= row.max_outputs)) {
      if (readers.is_read(name)) return std::nullopt;
      continue;
    }
    if (plan_output(cx, graph, readers, row, opset, name, plan)) continue;
    if (row.fold != Fold::linear) return std::nullopt;
    return plan_real_product(cx, graph, readers, node, opset, std::move(plan.inputs));
  }
  return plan.outputs.empty() ? std::nullopt : std::optional(std::move(plan));
}

}  // namespace quern::onnx
