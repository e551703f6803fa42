// BatchNorm with constant statistics is x * a + b, a and b one number a channel. fold_scales then moves both into the
// operator before, where there is one that can take them.

#include <cmath>

#include "base/error.h"
#include "prepare/editor.h"
#include "prepare/prepare.h"

namespace quern {

namespace {

struct ScaleAndBias {
  Tensor scale;
  Tensor bias;
};

bool applies(const Graph& graph, const Op& op) {
  if (op.kind != OpKind::BatchNorm || graph.value(op.outputs[0]).dtype != DType::float32) return false;
  if (!graph.value(op.inputs[0]).quantization.empty() || !graph.value(op.outputs[0]).quantization.empty()) return false;
  for (size_t i = 1; i < 5; ++i) {
    if (!graph.is_constant(op.inputs[i]) || graph.value(op.inputs[i]).dtype != DType::float32) return false;
  }
  return true;
}

/// [C, 1, …, 1]: broadcasts along the channel axis of a value of this rank.
Shape channel_shape(int64_t channels, int64_t axis, int64_t rank) {
  Shape shape(static_cast<size_t>(rank - axis), 1);
  shape[0] = channels;
  return shape;
}

Result<ScaleAndBias> scale_and_bias(const Graph& graph, const Op& op) {
  const auto& attrs = std::get<NormAttrs>(op.attrs);
  const auto numbers = [&](size_t i) { return graph.value(op.inputs[i]).constant->data<float>(); };
  const auto scale = numbers(1), bias = numbers(2), mean = numbers(3), variance = numbers(4);
  const int64_t rank = static_cast<int64_t>(graph.value(op.inputs[0]).shape.size());
  const Shape shape = channel_shape(static_cast<int64_t>(scale.size()), attrs.axis, rank);
  QUERN_TRY(Tensor a, Tensor::make(DType::float32, shape));
  QUERN_TRY(Tensor b, Tensor::make(DType::float32, shape));
  for (size_t c = 0; c < scale.size(); ++c) {
    const double factor = scale[c] / std::sqrt(static_cast<double>(variance[c]) + attrs.epsilon);
    a.mutable_data<float>()[c] = static_cast<float>(factor);
    b.mutable_data<float>()[c] = static_cast<float>(bias[c] - mean[c] * factor);
  }
  return ScaleAndBias{std::move(a), std::move(b)};
}

/// x -> Mul -> Add -> y in place of x -> BatchNorm -> y.
Status replace_by_mul_add(Editor& editor, int index) {
  QUERN_TRY(ScaleAndBias numbers, scale_and_bias(editor.graph(), editor.op(index)));
  const Op norm = editor.op(index);
  const std::string name = editor.value(norm.outputs[0]).name;
  Value scaled = editor.value(norm.outputs[0]);
  scaled.name = editor.fresh_name(name + "@scaled");
  const ValueId middle = editor.add_value(std::move(scaled));
  const ValueId scale = editor.add_constant(name + "@scale", std::move(numbers.scale));
  const ValueId bias = editor.add_constant(name + "@bias", std::move(numbers.bias));
  editor.remove(index);
  editor.add_op({OpKind::Mul, norm.name, {norm.inputs[0], scale}, {middle}, ClampAttrs{}, norm.source_kind});
  editor.add_op({OpKind::Add, norm.name, {middle, bias}, {norm.outputs[0]}, ClampAttrs{}, norm.source_kind});
  return {};
}

}  // namespace

Result<bool> fold_batch_norm(Graph& graph) {
  Editor editor(graph);
  bool changed = false;
  for (int index = 0; index < editor.op_count(); ++index) {
    if (editor.removed(index) || !applies(graph, editor.op(index))) continue;
    QUERN_CHECK(replace_by_mul_add(editor, index));
    changed = true;
  }
  QUERN_CHECK(editor.finish());
  return changed;
}

}  // namespace quern
