// Wrong pre-processing: does another form of the input explain the candidate's first operators better?
#include <algorithm>
#include <array>

#include "base/error.h"
#include "measure/compare/trials.h"

namespace quern {

namespace {

/// A form that pictures are often given in: value = (x - mean) * factor, and channels in the other order.
struct Form {
  const char* text;
  std::array<float, 3> mean;
  std::array<float, 3> factor;
  bool swap;
};

constexpr std::array<float, 3> kZero = {0, 0, 0};
constexpr std::array<float, 3> kImageNetMean = {0.485F, 0.456F, 0.406F};
constexpr std::array<float, 3> kImageNetFactor = {1 / 0.229F, 1 / 0.224F, 1 / 0.225F};
constexpr std::array<float, 3> kImageNetBackMean = {-0.485F / 0.229F, -0.456F / 0.224F, -0.406F / 0.225F};
constexpr std::array<float, 3> kImageNetBackFactor = {0.229F, 0.224F, 0.225F};
constexpr std::array<float, 3> all(float value) {
  return {value, value, value};
}

constexpr Form kForms[] = {
    {"as it is", kZero, all(1), false},
    {"from 0..1 to -1..1", all(0.5F), all(2), false},
    {"from -1..1 to 0..1", all(-1), all(0.5F), false},
    {"multiplied by 255", kZero, all(255), false},
    {"divided by 255", kZero, all(1 / 255.0F), false},
    {"from 0..255 to -1..1", all(127.5F), all(1 / 127.5F), false},
    {"from -1..1 to 0..255", all(-1), all(127.5F), false},
    {"with ImageNet's mean and std taken away", kImageNetMean, kImageNetFactor, false},
    {"with ImageNet's mean and std put back", kImageNetBackMean, kImageNetBackFactor, false},
};

/// The axis of three channels, or -1.
int channel_axis(const Shape& shape) {
  if (shape.empty()) return -1;
  if (shape.back() == 3) return static_cast<int>(shape.size()) - 1;
  return shape.size() == 4 && shape[1] == 3 ? 1 : -1;
}

Result<Tensor> in_form(const Tensor& input, const Form& form) {
  QUERN_TRY(Tensor out, Tensor::make(DType::float32, input.shape()));
  const int axis = channel_axis(input.shape());
  const size_t channels = axis < 0 ? 1 : 3;
  size_t inner = 1;
  for (size_t i = static_cast<size_t>(axis + 1); axis >= 0 && i < input.shape().size(); ++i)
    inner *= static_cast<size_t>(input.shape()[i]);
  const auto from = input.data<float>();
  const auto to = out.mutable_data<float>();
  for (size_t i = 0; i < from.size(); ++i) {
    const size_t channel = i / inner % channels;
    const size_t source = form.swap ? i + (2 - 2 * channel) * inner : i;
    to[i] = (from[source] - form.mean[channel]) * form.factor[channel];
  }
  return out;
}

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

Trial form_trial(const Sides& sides, const Layer& layer, size_t slot, const Form& form) {
  Trial trial;
  trial.name = "preprocessing";
  const std::string how = form.swap ? std::string("with its channels in the other order (RGB for BGR)") +
                                          (form.factor == all(1) ? "" : std::string(" and ") + form.text)
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

void add_input_trials(const Sides& sides, const Layer& layer, std::vector<Trial>& trials) {
  if (layer.op == Layer::kInput) return;
  const Graph& graph = *sides.candidate;
  const Op& op = graph.ops[static_cast<size_t>(layer.op)];
  if (op.kind == OpKind::Quantize) return;
  for (size_t slot = 0; slot < op.inputs.size(); ++slot) {
    const ValueId id = op.inputs[slot];
    if (id == kNoValue || graph.is_constant(id) || !is_model_input(graph, id)) continue;
    if (sides.twin->value(id).dtype != DType::float32) continue;
    const bool colours = channel_axis(graph.value(id).shape) >= 0;
    for (Form form : kForms) {
      if (form.factor != all(1)) trials.push_back(form_trial(sides, layer, slot, form));
      form.swap = true;
      if (colours) trials.push_back(form_trial(sides, layer, slot, form));
    }
  }
}

}  // namespace quern
