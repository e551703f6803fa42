#include "compile/npu/part.h"

#include <algorithm>

#include "compile/npu/homes.h"

namespace quern::npu {

namespace {

std::vector<PartValue> values_of(const LoweredPlan& lowered) {
  std::vector<PartValue> values;
  for (size_t i = 0; i < lowered.plan.values.size(); ++i) {
    const PlanValue& v = lowered.plan.values[i];
    PartValue value{v.dtype, v.shape, v.quantization, v.constant, lowered.alias[i]};
    value.strides = dense_strides(v.shape, value.element());
    values.push_back(std::move(value));
  }
  return values;
}

/// Which values, and which owners, the outside makes and reads.
void mark_outside(const LoweredPlan& lowered, std::span<const int> steps, Part& part) {
  const Plan& plan = lowered.plan;
  const auto arrives = [&](int id) {
    if (id >= 0) part.value(id).outside = part.value(lowered.alias[static_cast<size_t>(id)]).arrives = true;
  };
  const auto leaves = [&](int id) {
    if (id >= 0) part.value(id).outside = part.value(lowered.alias[static_cast<size_t>(id)]).leaves = true;
  };
  for (int id : plan.inputs) arrives(id);
  for (int id : plan.outputs) leaves(id);
  for (size_t s = 0; s < plan.steps.size(); ++s) {
    if (std::binary_search(steps.begin(), steps.end(), static_cast<int>(s))) continue;
    for (int id : plan.steps[s].outputs) arrives(id);
    for (int id : plan.steps[s].inputs) leaves(id);
  }
}

/// One Concat of one input for each input, into its part of the output.
void add_concat(Part& part, const PlanStep& step, uint32_t layer, int index) {
  const auto axis = static_cast<size_t>(std::get<AxisAttrs>(step.attrs).axis);
  int64_t begin = 0;
  for (int input : step.inputs) {
    if (input < 0) continue;
    const PartValue& whole_output = part.value(step.outputs[0]);
    PartValue slice = whole_output;
    slice.shape = part.value(input).shape;
    slice.offset = begin;  // place_joins makes bytes of it
    slice.outside = false;
    begin += slice.shape[axis];
    part.values.push_back(std::move(slice));
    part.jobs.push_back({step.kind, step.attrs, {input}, static_cast<int>(part.values.size()) - 1, layer, index});
  }
}

/// One Slice an output.
void add_split(Part& part, const PlanStep& step, uint32_t layer, int index) {
  const auto axis = static_cast<size_t>(std::get<SplitAttrs>(step.attrs).axis);
  int64_t begin = 0;
  for (int output : step.outputs) {
    if (output < 0) continue;
    const int64_t end = begin + part.value(output).shape[axis];
    SliceAttrs slice{{begin}, {end}, {static_cast<int64_t>(axis)}, {1}};
    part.jobs.push_back({OpKind::Slice, slice, {step.inputs[0]}, output, layer, index});
    begin = end;
  }
}

void add_jobs(Part& part, const PlanStep& step, int index) {
  const auto layer = static_cast<uint32_t>(part.layers.size());
  part.layers.push_back({step.name, step.source_kind, step.macs, true, ""});
  if (step.kind == OpKind::Concat) return add_concat(part, step, layer, index);
  if (step.kind == OpKind::Split) return add_split(part, step, layer, index);
  part.jobs.push_back({step.kind, step.attrs, step.inputs, step.outputs[0], layer, index});
}

}  // namespace

Part make_part(const LoweredPlan& lowered, std::span<const int> steps, bool keep_values) {
  Part part;
  part.values = values_of(lowered);
  mark_outside(lowered, steps, part);
  if (keep_values) {
    for (PartValue& value : part.values) value.outside = value.leaves = true;
  }
  for (int index : steps) add_jobs(part, lowered.plan.steps[static_cast<size_t>(index)], index);
  place_joins(lowered, part);
  place_splits(lowered, part);
  return part;
}

CutCall call_of(const Part& part, const Job& job) {
  CutCall call{job.kind, &job.attrs, {}, &part.value(job.output).shape};
  for (int input : job.inputs) call.inputs.push_back(input < 0 ? nullptr : &part.value(input).shape);
  return call;
}

}  // namespace quern::npu
