// conv(x) * a + b is another convolution: weights times a, bias times a plus b. The same for every operator with a
// weight row an output channel. Float only: quantized weights cannot be scaled without rounding again.

#include <algorithm>

#include "base/error.h"
#include "prepare/editor.h"
#include "prepare/prepare.h"

namespace quern {

namespace {

/// y = x * scale + bias, one number a channel each.
struct Affine {
  std::vector<float> scale;
  std::vector<float> bias;
};

/// The slot of the constant operand, or nothing. Sub and Div only with the constant on the right.
std::optional<size_t> constant_slot(const Graph& graph, const Op& op) {
  const bool either_side = op.kind == OpKind::Add || op.kind == OpKind::Mul;
  if (!either_side && op.kind != OpKind::Sub && op.kind != OpKind::Div) return std::nullopt;
  if (graph.is_constant(op.inputs[1]) && !graph.is_constant(op.inputs[0])) return 1;
  if (either_side && graph.is_constant(op.inputs[0]) && !graph.is_constant(op.inputs[1])) return 0;
  return std::nullopt;
}

/// `constant` spread over the channels, when it is one number, or one a channel of a channels-last value.
std::optional<std::vector<float>> per_channel(const Value& constant, const Value& x) {
  if (constant.dtype != DType::float32 || !constant.quantization.empty() || x.shape.empty()) return std::nullopt;
  if (constant.shape.size() > x.shape.size()) return std::nullopt;
  const int64_t channels = x.shape.back();
  const auto numbers = constant.constant->data<float>();
  if (numbers.size() == 1) return std::vector<float>(static_cast<size_t>(channels), numbers[0]);
  if (constant.shape.back() != channels || constant.constant->size() != channels) return std::nullopt;
  return std::vector<float>(numbers.begin(), numbers.end());
}

std::optional<Affine> affine_of(OpKind kind, const std::vector<float>& numbers) {
  Affine affine{std::vector<float>(numbers.size(), 1.0f), std::vector<float>(numbers.size(), 0.0f)};
  for (size_t c = 0; c < numbers.size(); ++c) {
    if (kind == OpKind::Mul) affine.scale[c] = numbers[c];
    if (kind == OpKind::Div && numbers[c] == 0) return std::nullopt;
    if (kind == OpKind::Div) affine.scale[c] = 1.0f / numbers[c];
    if (kind == OpKind::Add) affine.bias[c] = numbers[c];
    if (kind == OpKind::Sub) affine.bias[c] = -numbers[c];
  }
  return affine;
}

std::optional<Clamp> clamp_of(const Op& op) {
  switch (op.kind) {
    case OpKind::Conv:
      return std::get<ConvAttrs>(op.attrs).clamp;
    case OpKind::ConvTranspose:
      return std::get<ConvTransposeAttrs>(op.attrs).clamp;
    case OpKind::FullyConnected:
      return std::get<ClampAttrs>(op.attrs).clamp;
    default:
      return std::nullopt;
  }
}

/// An operator whose first weight axis is the output channel, with everything float, constant and unclamped.
bool takes_affine(const Graph& graph, const Op& op) {
  const auto clamp = clamp_of(op);
  if (!clamp || clamp->active()) return false;
  for (size_t i = 1; i < op.inputs.size(); ++i) {
    if (op.inputs[i] == kNoValue) continue;
    if (!graph.is_constant(op.inputs[i]) || graph.value(op.inputs[i]).dtype != DType::float32) return false;
  }
  return graph.value(op.inputs[0]).dtype == DType::float32;
}

Tensor scaled_rows(const Tensor& weights, const std::vector<float>& scale) {
  Tensor result = weights.clone();
  const auto numbers = result.mutable_data<float>();
  const size_t row = scale.empty() ? 0 : numbers.size() / scale.size();
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] *= scale[i / row];
  return result;
}

Result<Tensor> moved_bias(const Graph& graph, const Op& op, const Affine& affine) {
  QUERN_TRY(Tensor bias, Tensor::make(DType::float32, {static_cast<int64_t>(affine.bias.size())}));
  const bool has_bias = op.inputs.size() > 2 && op.inputs[2] != kNoValue;
  for (size_t c = 0; c < affine.bias.size(); ++c) {
    const float before = has_bias ? graph.value(op.inputs[2]).constant->data<float>()[c] : 0.0f;
    bias.mutable_data<float>()[c] = before * affine.scale[c] + affine.bias[c];
  }
  return bias;
}

Status apply(Editor& editor, int index, const Affine& affine) {
  const Op before = editor.op(index);
  QUERN_TRY(Tensor bias, moved_bias(editor.graph(), before, affine));
  Tensor weights = scaled_rows(*editor.value(before.inputs[1]).constant, affine.scale);
  const std::string name = editor.value(before.inputs[1]).name;
  const bool has_bias = before.inputs.size() > 2 && before.inputs[2] != kNoValue;
  const std::string bias_name = has_bias ? editor.value(before.inputs[2]).name : name + "@bias";
  const bool scales = std::any_of(affine.scale.begin(), affine.scale.end(), [](float s) { return s != 1.0f; });
  const ValueId w = scales ? editor.add_constant(name + "@scaled", std::move(weights)) : before.inputs[1];
  const ValueId b = editor.add_constant(bias_name + (has_bias ? "@scaled" : ""), std::move(bias));
  editor.set_inputs(index, {before.inputs[0], w, b});
  return {};
}

Result<bool> fold_into_producer(Editor& editor, int index) {
  const Op op = editor.op(index);
  const auto slot = constant_slot(editor.graph(), op);
  if (!slot) return false;
  const ValueId x = op.inputs[1 - *slot];
  const ValueId y = op.outputs[0];
  const int producer = editor.producer(x);
  if (producer < 0 || !editor.has_one_reader(x) || editor.value(x).shape != editor.value(y).shape) return false;
  if (!takes_affine(editor.graph(), editor.op(producer)) || !editor.value(y).quantization.empty()) return false;
  const auto numbers = per_channel(editor.value(op.inputs[*slot]), editor.value(x));
  const auto affine = numbers ? affine_of(op.kind, *numbers) : std::nullopt;
  if (!affine) return false;
  QUERN_CHECK(apply(editor, producer, *affine));
  const Clamp clamp = std::get<ClampAttrs>(op.attrs).clamp;
  editor.remove(index);
  editor.set_output(producer, 0, y);
  Attrs& attrs = editor.op(producer).attrs;
  if (auto* conv = std::get_if<ConvAttrs>(&attrs)) conv->clamp = clamp;
  if (auto* conv = std::get_if<ConvTransposeAttrs>(&attrs)) conv->clamp = clamp;
  if (auto* linear = std::get_if<ClampAttrs>(&attrs)) linear->clamp = clamp;
  return true;
}

}  // namespace

Result<bool> fold_scales(Graph& graph) {
  Editor editor(graph);
  bool changed = false;
  for (int index = 0; index < editor.op_count(); ++index) {
    QUERN_TRY(const bool folded, fold_into_producer(editor, index));
    changed = changed || folded;
  }
  QUERN_CHECK(editor.finish());
  return changed;
}

}  // namespace quern
