// Wrong pre-processing: does another form of the input explain the candidate's first operators better?
#include <algorithm>

#include "base/error.h"
#include "measure/compare/trials.h"
#include "measure/lint/input_forms.h"

namespace quern {

namespace {

/// The model input behind a value, through what passes it on.
bool is_model_input(const Graph& graph, ValueId id) {
  if (std::ranges::find(graph.inputs, id) != graph.inputs.end()) return true;
  for (const Op& op : graph.ops) {
    if (std::ranges::find(op.outputs, id) == op.outputs.end()) continue;
    const bool passes = op.kind == OpKind::Quantize || op.kind == OpKind::Dequantize || op.kind == OpKind::Transpose ||
                        op.kind == OpKind::Identity || op.kind == OpKind::Reshape;
    return passes && op.inputs[0] != kNoValue && is_model_input(graph, op.inputs[0]);
  }
  return false;
}

Trial form_trial(const Sides& sides, const Layer& layer, size_t slot, const InputForm& form) {
  Trial trial;
  trial.name = "preprocessing";
  const std::string how = form.swap ? std::string("with its channels in the other order (RGB for BGR)") +
                                          (form.scales() ? std::string(" and ") + form.text : "")
                                    : form.text;
  trial.sentence = "another form of the input explains what the candidate's operator expects: " + how;
  trial.fix = "the input " + how;
  trial.stored = [&sides, layer, slot, form](const Isolated& isolated) -> Result<Tensor> {
    QUERN_TRY(const Tensor other, in_form(*isolated.inputs[slot], form));
    std::vector<const Tensor*> inputs = isolated.inputs;
    inputs[slot] = &other;
    return stored_with(sides, layer, std::move(inputs));
  };
  return trial;
}

}  // namespace

bool reads_model_input(const Graph& graph, const Op& op) {
  if (op.kind == OpKind::Quantize) return false;
  return std::ranges::any_of(
      op.inputs, [&](ValueId id) { return id != kNoValue && !graph.is_constant(id) && is_model_input(graph, id); });
}

bool is_input_edge(const Graph& graph, const Op& op) {
  return op.kind == OpKind::Quantize && is_model_input(graph, op.inputs[0]);
}

void add_input_trials(const Sides& sides, const Layer& layer, std::vector<Trial>& trials) {
  if (layer.op == Layer::kInput) return;
  const Graph& graph = *sides.candidate;
  const Op& op = graph.ops[static_cast<size_t>(layer.op)];
  if (op.kind == OpKind::Quantize) return;
  for (size_t slot = 0; slot < op.inputs.size(); ++slot) {
    const ValueId id = op.inputs[slot];
    if (id == kNoValue || graph.is_constant(id) || !is_model_input(graph, id)) continue;
    if (sides.twin->value(id).dtype != DType::float32) continue;
    const bool colours = colour_axis(graph.value(id).shape) >= 0;
    for (InputForm form : input_forms()) {
      if (form.scales()) trials.push_back(form_trial(sides, layer, slot, form));
      form.swap = true;
      if (colours) trials.push_back(form_trial(sides, layer, slot, form));
    }
  }
}

}  // namespace quern
