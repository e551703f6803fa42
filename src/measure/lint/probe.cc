#include "measure/lint/probe.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "prepare/prepare.h"
#include "quantize/assign.h"
#include "quern/compile.h"

namespace quern {

namespace {

/// By value: how many matrix operators lie between it and the model's inputs, on the longest way.
std::vector<int> depths(const Graph& graph) {
  std::vector<int> depth(graph.values.size(), 0);
  for (const Op& op : graph.ops) {
    int most = 0;
    for (ValueId id : op.inputs) {
      if (id != kNoValue) most = std::max(most, depth[static_cast<size_t>(id)]);
    }
    for (ValueId id : op.outputs) {
      if (id != kNoValue) depth[static_cast<size_t>(id)] = most + (is_matrix_operator(op.kind) ? 1 : 0);
    }
  }
  return depth;
}

Clamp* clamp_of(Op& op) {
  if (auto* conv = std::get_if<ConvAttrs>(&op.attrs)) return &conv->clamp;
  if (auto* conv = std::get_if<ConvTransposeAttrs>(&op.attrs)) return &conv->clamp;
  if (auto* other = std::get_if<ClampAttrs>(&op.attrs)) return &other->clamp;
  return nullptr;
}

/// Activations that matrix operators compute on the way become operators behind them.
Graph with_open_clamps(const Graph& graph) {
  Graph open = graph;
  open.ops.clear();
  for (const Op& op : graph.ops) {
    open.ops.push_back(op);
    Clamp* clamp = is_matrix_operator(op.kind) ? clamp_of(open.ops.back()) : nullptr;
    if (clamp == nullptr || !clamp->active() || graph.value(op.outputs[0]).dtype != DType::float32) continue;
    const Clamp bounds = *clamp;
    *clamp = {};
    Value before = graph.value(op.outputs[0]);
    before.name = open.fresh_name(before.name + "@before");
    const ValueId id = open.add_value(std::move(before));
    open.ops.back().outputs[0] = id;
    Op clip{OpKind::Clip, open.value(id).name, {id}, {op.outputs[0]}, UnaryAttrs{bounds.low, bounds.high}, {}};
    open.ops.push_back(std::move(clip));
  }
  return open;
}

double root_mean_square(std::span<const float> numbers) {
  double sum = 0;
  for (const float v : numbers) sum += double{v} * v;
  return std::sqrt(sum / static_cast<double>(std::max<size_t>(1, numbers.size())));
}

double median(std::vector<double> numbers) {
  std::ranges::sort(numbers);
  return numbers[numbers.size() / 2];
}

}  // namespace

void Probe::Moments::add(const Tensor& value) {
  const Shape& shape = value.shape();
  size_t inner = 1;
  for (size_t i = axis + 1; i < shape.size(); ++i) inner *= static_cast<size_t>(shape[i]);
  const auto channels = static_cast<size_t>(shape[axis]);
  sum.resize(channels, 0);
  square.resize(channels, 0);
  const auto numbers = value.data<float>();
  for (size_t i = 0; i < numbers.size(); ++i) {
    const double v = numbers[i];
    sum[i / inner % channels] += v;
    square[i / inner % channels] += v * v;
  }
  count += static_cast<double>(numbers.size()) / static_cast<double>(channels);
}

double Probe::Moments::variance(size_t c) const {
  return std::max(0.0, square[c] / count - mean(c) * mean(c));
}

/// Those that read the model's input through at most one matrix operator.
std::vector<Probe::Norm> Probe::early_norms(const Graph& read) {
  std::vector<Norm> norms;
  const std::vector<int> depth = depths(read);
  for (const Op& op : read.ops) {
    if (op.kind != OpKind::BatchNorm || depth[static_cast<size_t>(op.inputs[0])] > 1) continue;
    const Value& input = read.value(op.inputs[0]);
    if (!read.is_constant(op.inputs[3]) || !read.is_constant(op.inputs[4]) || input.dtype != DType::float32) continue;
    const auto mean = read.value(op.inputs[3]).constant->data<float>();
    const auto variance = read.value(op.inputs[4]).constant->data<float>();
    const auto& attrs = std::get<NormAttrs>(op.attrs);
    Norm norm{op.name, input.name, {mean.begin(), mean.end()}, {}, {}};
    for (const float v : variance) norm.deviation.push_back(std::sqrt(std::max(0.0F, v) + attrs.epsilon));
    const auto rank = static_cast<int64_t>(input.shape.size());
    norm.moments.axis = static_cast<size_t>(attrs.axis < 0 ? attrs.axis + rank : attrs.axis);
    norms.push_back(std::move(norm));
  }
  return norms;
}

void Probe::find_biased() {
  const std::vector<int> depth = depths(*graph_);
  for (const Op& op : graph_->ops) {
    if (!has_constant_weights(*graph_, op) || op.inputs.size() < 3 || !graph_->is_constant(op.inputs[2])) continue;
    const Tensor& bias = *graph_->value(op.inputs[2]).constant;
    const Value& output = graph_->value(op.outputs[0]);
    if (bias.dtype() != DType::float32 || output.dtype != DType::float32 || output.shape.empty()) continue;
    const double size = root_mean_square(bias.data<float>());
    if (!(size > 0) || !std::isfinite(size)) continue;
    Biased biased{op.name, op.outputs[0], size, depth[static_cast<size_t>(op.outputs[0])] == 1, {}};
    biased.moments.axis = output.shape.size() - 1;
    biased_.push_back(std::move(biased));
  }
}

Result<Probe> Probe::create(const Model& model, const SessionOptions& session) {
  Graph read = model.graph();
  const std::vector<Norm> norms = early_norms(read);
  for (const Norm& norm : norms) {  // as an output it is not folded away
    const ValueId id = read.find(norm.input);
    const bool edge = std::ranges::find(read.outputs, id) != read.outputs.end() ||
                      std::ranges::find(read.inputs, id) != read.inputs.end();
    if (!edge) read.outputs.push_back(id);
  }
  QUERN_TRY(const Model ready, prepared(Model(std::move(read), model.info())));
  auto graph = std::make_shared<const Graph>(with_open_clamps(ready.graph()));
  QUERN_TRY(GraphRunner runner, GraphRunner::create(graph, make_pool(session.threads)));
  Probe probe(std::move(graph), std::move(runner));
  probe.norms_ = norms;
  probe.find_biased();
  return probe;
}

Status Probe::run(const std::vector<Tensor>& inputs, const See& see) {
  return runner_.show(inputs, [&](ValueId id, const Tensor& value) {
    const std::string& name = graph_->value(id).name;
    for (Norm& norm : norms_) {
      if (norm.input == name) norm.moments.add(value);
    }
    for (Biased& biased : biased_) {
      if (biased.value == id) biased.moments.add(value);
    }
    if (see) see(name, value);
  });
}

void Probe::restart() {
  for (Norm& norm : norms_) norm.moments = {norm.moments.axis, {}, {}, 0};
  for (Biased& biased : biased_) biased.moments = {biased.moments.axis, {}, {}, 0};
}

std::optional<BiasEvidence> Probe::bias_evidence() const {
  BiasEvidence evidence;
  std::vector<double> ratios;
  for (const Biased& biased : biased_) {
    if (biased.moments.count <= 0) continue;
    double variance = 0;
    for (size_t c = 0; c < biased.moments.sum.size(); ++c) variance += biased.moments.variance(c);
    ratios.push_back(std::sqrt(variance / static_cast<double>(biased.moments.sum.size())) / biased.bias);
    if (!biased.first || !evidence.op.empty()) continue;
    evidence.op = biased.op;
    evidence.first = ratios.back();
  }
  if (evidence.op.empty() || !std::ranges::all_of(ratios, [](double r) { return std::isfinite(r); })) return {};
  evidence.median = median(ratios);
  evidence.operators = ratios.size();
  return evidence;
}

InputEvidence Probe::evidence() const {
  InputEvidence evidence;
  evidence.bias = bias_evidence();
  for (const Norm& norm : norms_) {
    const bool counted = norm.moments.count > 0 && norm.moments.sum.size() == norm.mean.size() && !norm.mean.empty();
    if (!counted) continue;
    std::vector<double> ratios, shifts;
    for (size_t c = 0; c < norm.mean.size(); ++c) {
      ratios.push_back(std::sqrt(norm.moments.variance(c)) / norm.deviation[c]);
      shifts.push_back(std::abs(norm.moments.mean(c) - norm.mean[c]) / norm.deviation[c]);
    }
    evidence.norm = NormEvidence{norm.op, median(ratios), median(shifts)};
    break;
  }
  return evidence;
}

}  // namespace quern
