#include "package/plan_check.h"

#include <algorithm>

#include "base/error.h"
#include "graph/graph.h"
#include "graph/infer.h"
#include "graph/verify.h"
#include "plan/attr_bytes.h"

namespace quern {

namespace {

constexpr int64_t kAlignment = 64;

template <typename... Args>
Error wrong(fmt::format_string<Args...> sentence, Args&&... args) {
  return fail(ErrorCode::invalid_file, "the plan is damaged: {}", fmt::format(sentence, std::forward<Args>(args)...));
}

Result<int64_t> bytes_of(DType dtype, const Shape& shape) {
  QUERN_TRY(const int64_t count, element_count(shape));
  return count * static_cast<int64_t>(size_of(dtype));  // a count is below 2^31
}

Status check_constants(const ReadPlan& read, int64_t constant_bytes) {
  for (const PlannedConstant& constant : read.constants) {
    if (constant.offset < 0) continue;
    QUERN_TRY(const int64_t bytes, bytes_of(constant.dtype, constant.shape));
    const int64_t end = constant.offset + bytes;
    if (constant.offset % kAlignment == 0 && end <= constant_bytes) continue;
    return wrong("a constant of {} bytes at {} is not inside the {} bytes of constants", bytes, constant.offset,
                 constant_bytes);
  }
  return {};
}

Status check_place(const ReadPlan& read, PlanValue& value) {
  QUERN_TRY(value.bytes, bytes_of(value.dtype, value.shape));
  if (value.constant >= 0) {
    if (static_cast<size_t>(value.constant) >= read.constants.size())
      return wrong("value '{}' is constant {} of {}", value.name, value.constant, read.constants.size());
    const PlannedConstant& constant = read.constants[static_cast<size_t>(value.constant)];
    if (constant.dtype == value.dtype && constant.shape == value.shape && constant.quantization == value.quantization)
      return {};
    return wrong("value '{}' is not of its constant's type and shape", value.name);
  }
  // A value that nothing needs has no place.
  if (value.offset < 0) return {};
  if (value.offset % kAlignment == 0 && value.offset + value.bytes <= read.plan.arena_bytes) return {};
  return wrong("value '{}' of {} bytes at {} is not inside the arena of {} bytes", value.name, value.bytes,
               value.offset, read.plan.arena_bytes);
}

Status check_index(const Plan& plan, int id, bool may_be_absent, bool written) {
  if (id == -1 && may_be_absent) return {};
  if (id < 0 || static_cast<size_t>(id) >= plan.values.size()) return wrong("there is no value {}", id);
  const PlanValue& value = plan.values[static_cast<size_t>(id)];
  if (value.constant >= 0 ? !written : value.offset >= 0) return {};
  return wrong("value '{}' has no memory to be {}", value.name, written ? "written" : "read");
}

bool overlap(const PlanValue& a, const PlanValue& b) {
  if (a.constant >= 0 || b.constant >= 0) return false;
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

/// Kernels count on outputs that overlap no input and no other output.
Status check_overlaps(const Plan& plan, const PlanStep& step) {
  const auto value = [&](int id) -> const PlanValue& { return plan.values[static_cast<size_t>(id)]; };
  for (size_t i = 0; i < step.outputs.size(); ++i) {
    if (step.outputs[i] < 0) continue;
    std::vector<int> others = step.inputs;
    others.insert(others.end(), step.outputs.begin(), step.outputs.begin() + static_cast<std::ptrdiff_t>(i));
    for (const int other : others) {
      if (other < 0 || !overlap(value(step.outputs[i]), value(other))) continue;
      return wrong("step '{}' writes '{}' over '{}'", step.name, value(step.outputs[i]).name, value(other).name);
    }
  }
  return {};
}

/// Constants whose elements are not there may only be a program's.
Status check_elements(const ReadPlan& read) {
  const auto there = [&](int id) {
    const int constant = id < 0 ? -1 : read.plan.values[static_cast<size_t>(id)].constant;
    return constant < 0 || read.constants[static_cast<size_t>(constant)].offset >= 0;
  };
  bool good = std::all_of(read.plan.outputs.begin(), read.plan.outputs.end(), there);
  for (const PlanStep& step : read.plan.steps)
    good = good && (step.program >= 0 || std::all_of(step.inputs.begin(), step.inputs.end(), there));
  return good ? Status() : wrong("a constant that a step reads is not there");
}

Status check_indices(const Plan& plan, int programs) {
  for (const int id : plan.inputs) QUERN_CHECK(check_index(plan, id, false, true));
  for (const int id : plan.outputs) QUERN_CHECK(check_index(plan, id, false, false));
  for (const PlanStep& step : plan.steps) {
    for (const int id : step.inputs) QUERN_CHECK(check_index(plan, id, true, false));
    for (const int id : step.outputs) QUERN_CHECK(check_index(plan, id, true, true));
    if (step.program >= programs) return wrong("step '{}' runs program {} of {}", step.name, step.program, programs);
    QUERN_CHECK(check_overlaps(plan, step));
  }
  return {};
}

/// The plan as a graph whose steps are fed by each other or from outside: what the gate and inference can judge.
Graph graph_of(const Plan& plan) {
  Graph graph;
  graph.name = plan.name;
  std::vector<bool> fed(plan.values.size(), true);
  for (const PlanStep& step : plan.steps) {
    if (step.program >= 0) continue;  // check_program judges it; what it writes comes from outside here
    graph.ops.push_back({step.kind,
                         step.name,
                         {step.inputs.begin(), step.inputs.end()},
                         {step.outputs.begin(), step.outputs.end()},
                         step.attrs,
                         step.source_kind});
    for (const int id : step.outputs) {
      if (id >= 0) fed[static_cast<size_t>(id)] = false;
    }
  }
  for (size_t i = 0; i < plan.values.size(); ++i) {
    const PlanValue& value = plan.values[i];
    graph.values.push_back({value.name, value.dtype, value.shape, true, value.quantization, std::nullopt});
    if (fed[i]) graph.inputs.push_back(static_cast<ValueId>(i));
  }
  graph.outputs.assign(plan.outputs.begin(), plan.outputs.end());
  return graph;
}

std::vector<std::byte> bytes_of(const Attrs& attrs) {
  ByteWriter out;
  write_attrs(attrs, out);
  return out.take();
}

/// Every shape follows from the inputs, and no parameter is left that a kernel would not look at.
Status check_steps(const Plan& plan) {
  const Graph graph = graph_of(plan);
  QUERN_CHECK(verify(graph));
  Graph scratch = graph;
  for (Op& op : scratch.ops) {
    QUERN_CHECK(infer_op(scratch, op));
    if (bytes_of(op.attrs) != bytes_of(graph.ops[static_cast<size_t>(&op - scratch.ops.data())].attrs))
      return wrong("step '{}' has attributes that are not final", op.name);
    for (size_t i = 0; i < op.inputs.size(); ++i) {
      if (op.inputs[i] != kNoValue && ((info(op.kind).parameters >> i) & 1U) != 0)
        return wrong("step '{}' has a parameter as input {}", op.name, i);
    }
  }
  return {};
}

}  // namespace

Status check_plan(ReadPlan& read, int64_t constant_bytes, int programs) {
  QUERN_CHECK(check_constants(read, constant_bytes));
  for (PlanValue& value : read.plan.values) QUERN_CHECK(check_place(read, value));
  QUERN_CHECK(check_indices(read.plan, programs));
  QUERN_CHECK(check_elements(read));
  return check_steps(read.plan);
}

}  // namespace quern
