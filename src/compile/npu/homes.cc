#include "compile/npu/homes.h"

#include <algorithm>

namespace quern::npu {

namespace {

/// Values that share an array through views, by owner.
std::vector<std::vector<int>> sharers_of(const LoweredPlan& lowered) {
  std::vector<std::vector<int>> sharers(lowered.alias.size());
  for (size_t i = 0; i < lowered.alias.size(); ++i)
    sharers[static_cast<size_t>(lowered.alias[i])].push_back(static_cast<int>(i));
  return sharers;
}

bool contiguous(const Shape& shape, const Ints& strides, int64_t element) {
  const Ints dense = dense_strides(shape, element);
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] != 1 && strides[axis] != dense[axis]) return false;
  }
  return true;
}

bool same_codes(const PartValue& a, const PartValue& b) {
  return a.dtype == b.dtype && a.quantization == b.quantization;
}

/// Moves value `id`, and the views that share its array, to a place in another array. False when it cannot: it has
/// another home already, the outside needs it as it is, or a view cannot follow.
bool move_home(const std::vector<std::vector<int>>& sharers, Part& part, int id, const PartValue& place) {
  PartValue& value = part.value(id);
  if (value.constant >= 0 || value.owner != id || id >= static_cast<int>(sharers.size())) return false;
  const std::vector<int>& group = sharers[static_cast<size_t>(id)];
  if (part.owner(id).arrives || part.owner(id).leaves) return false;
  if (group.size() > 1 && !contiguous(value.shape, place.strides, value.element())) return false;
  for (int member : group) {
    PartValue& moved = part.value(member);
    if (moved.outside) return false;
  }
  for (int member : group) {
    PartValue& moved = part.value(member);
    moved.owner = place.owner;
    moved.offset = place.offset;
    if (member == id) moved.strides = place.strides;
  }
  return true;
}

bool is_made_here(const Part& part, int id) {
  return std::any_of(part.jobs.begin(), part.jobs.end(),
                     [&](const Job& job) { return part.value(job.output).owner == part.value(id).owner; });
}

}  // namespace

void place_joins(const LoweredPlan& lowered, Part& part) {
  const auto sharers = sharers_of(lowered);
  std::vector<bool> gone(part.jobs.size(), false);
  for (size_t j = part.jobs.size(); j-- > 0;) {
    Job& job = part.jobs[j];
    if (job.kind != OpKind::Concat) continue;
    const PlanStep& step = lowered.plan.steps[static_cast<size_t>(job.step)];
    const PartValue& output = part.value(step.outputs[0]);
    const auto axis = static_cast<size_t>(std::get<AxisAttrs>(job.attrs).axis);
    PartValue& slice = part.value(job.output);
    slice.owner = output.owner;
    slice.offset = output.offset + slice.offset * output.strides[axis];
    slice.strides = output.strides;
    const int input = job.inputs[0];
    if (same_codes(part.value(input), slice) && is_made_here(part, input))
      gone[j] = move_home(sharers, part, input, slice);
  }
  std::vector<Job> kept;
  for (size_t j = 0; j < part.jobs.size(); ++j) {
    if (!gone[j]) kept.push_back(std::move(part.jobs[j]));
  }
  part.jobs = std::move(kept);
}

void place_splits(const LoweredPlan& lowered, Part& part) {
  const auto sharers = sharers_of(lowered);
  std::vector<Job> kept;
  for (Job& job : part.jobs) {
    const bool slices = job.kind == OpKind::Slice;
    const PartValue& input = part.value(job.inputs.empty() ? job.output : std::max(job.inputs[0], 0));
    if (slices && input.constant < 0 && same_codes(input, part.value(job.output))) {
      const CutCall call = call_of(part, job);
      const auto& attrs = std::get<SliceAttrs>(job.attrs);
      const bool plain = std::all_of(attrs.steps.begin(), attrs.steps.end(), [](int64_t s) { return s == 1; });
      PartValue place = input;
      if (plain) place.offset += byte_offset(slice_source(call), input.strides);
      if (plain && move_home(sharers, part, job.output, place)) continue;
    }
    kept.push_back(std::move(job));
  }
  part.jobs = std::move(kept);
}

}  // namespace quern::npu
