#include "package/plan_bytes.h"

#include <algorithm>

#include "base/error.h"
#include "plan/attr_bytes.h"

namespace quern {

namespace {

constexpr size_t kUnit = 64;

// ---- writing ----

template <typename T>
void put_list(ByteWriter& out, const std::vector<T>& items) {
  out.number(static_cast<uint32_t>(items.size()));
  for (const T item : items) out.number(item);
}

void put(ByteWriter& out, const Quantization& quantization) {
  put_list(out, quantization.scales);
  put_list(out, quantization.zero_points);
  out.number(static_cast<int32_t>(quantization.axis));
}

void put(ByteWriter& out, const PlanValue& value) {
  out.text(value.name);
  out.number(static_cast<uint8_t>(value.dtype));
  put_list(out, value.shape);
  put(out, value.quantization);
  out.number(static_cast<int32_t>(value.constant));
  out.number(value.offset);
}

void put(ByteWriter& out, const PlanStep& step) {
  out.text(std::string(info(step.kind).name));
  out.text(step.name);
  out.text(step.source_kind);
  out.number(step.macs);
  out.number(static_cast<int32_t>(step.program));
  put_list(out, step.inputs);
  put_list(out, step.outputs);
  write_attrs(step.attrs, out);
}

/// Appends the elements where a reader may use them in place.
int64_t put_elements(ByteWriter& out, const Tensor& constant) {
  out.align(kUnit);
  const auto offset = static_cast<int64_t>(out.size());
  out.raw({static_cast<const std::byte*>(constant.raw()), static_cast<size_t>(constant.bytes())});
  return offset;
}

/// Which constants a step on the processor or an output reads: a program has its own copies in its image.
std::vector<bool> read_constants(const Plan& plan) {
  std::vector<bool> read(plan.constants.size(), false);
  const auto mark = [&](int id) {
    if (id < 0 || static_cast<size_t>(id) >= plan.values.size()) return;
    const int constant = plan.values[static_cast<size_t>(id)].constant;
    if (constant >= 0 && static_cast<size_t>(constant) < read.size()) read[static_cast<size_t>(constant)] = true;
  };
  for (const PlanStep& step : plan.steps) {
    if (step.program < 0) std::for_each(step.inputs.begin(), step.inputs.end(), mark);
  }
  std::for_each(plan.outputs.begin(), plan.outputs.end(), mark);
  return read;
}

// ---- reading ----

constexpr int64_t kMost32 = std::numeric_limits<int32_t>::max();

template <typename T>
std::vector<T> get_list(ByteReader& in, const char* what) {
  std::vector<T> items(in.count(sizeof(T), what));
  for (T& item : items) item = in.number<T>();
  return items;
}

DType get_dtype(ByteReader& in) {
  return static_cast<DType>(in.number_in(in.number<uint8_t>(), 0, static_cast<int>(DType::boolean), "an element type"));
}

Quantization get_quantization(ByteReader& in) {
  Quantization quantization;
  quantization.scales = get_list<float>(in, "the number of scales");
  quantization.zero_points = get_list<int32_t>(in, "the number of zero points");
  quantization.axis = in.number<int32_t>();
  return quantization;
}

PlanValue get_value(ByteReader& in) {
  PlanValue value;
  value.name = in.text();
  value.dtype = get_dtype(in);
  value.shape = get_list<int64_t>(in, "the number of extents");
  value.quantization = get_quantization(in);
  value.constant = static_cast<int>(in.number_in(in.number<int32_t>(), -1, kMost32, "the index of a constant"));
  value.offset = in.number_in(in.number<int64_t>(), -1, Tensor::kMaxBytes, "a value's offset");
  return value;
}

/// The kind of that name. An unknown one makes the reader refuse.
OpKind get_kind(ByteReader& in) {
  const std::string name = in.text();
  for (int kind = 0; kind < kOpCount; ++kind) {
    if (kOps[kind].name == name) return static_cast<OpKind>(kind);
  }
  in.refuse(fmt::format("the operator '{}' is not one this Quern knows", name));
  return OpKind::Identity;
}

PlanStep get_step(ByteReader& in) {
  PlanStep step;
  step.kind = get_kind(in);
  step.name = in.text();
  step.source_kind = in.text();
  step.macs = in.number<int64_t>();
  step.program = static_cast<int>(in.number_in(in.number<int32_t>(), -1, kMost32, "the index of a program"));
  step.inputs = get_list<int>(in, "the number of inputs");
  step.outputs = get_list<int>(in, "the number of outputs");
  step.attrs = read_attrs(step.kind, in);
  return step;
}

PlannedConstant get_constant(ByteReader& in) {
  PlannedConstant constant;
  constant.dtype = get_dtype(in);
  constant.shape = get_list<int64_t>(in, "the number of extents");
  constant.quantization = get_quantization(in);
  constant.offset = in.number_in(in.number<int64_t>(), -1, Tensor::kMaxBytes, "a constant's offset");
  return constant;
}

/// `least` bytes an item: what the shortest takes.
template <typename Get>
auto get_items(ByteReader& in, size_t least, const char* what, Get get) {
  std::vector<decltype(get(in))> items;
  const size_t count = in.count(least, what);
  for (size_t i = 0; i < count && in.status().ok(); ++i) items.push_back(get(in));
  return items;
}

}  // namespace

PlanBytes write_plan(const Plan& plan) {
  ByteWriter out;
  ByteWriter elements;
  out.text(plan.name);
  out.number(static_cast<uint8_t>(plan.arithmetic));
  out.number(plan.arena_bytes);
  out.number(static_cast<uint32_t>(plan.values.size()));
  for (const PlanValue& value : plan.values) put(out, value);
  put_list(out, plan.inputs);
  put_list(out, plan.outputs);
  out.number(static_cast<uint32_t>(plan.steps.size()));
  for (const PlanStep& step : plan.steps) put(out, step);
  out.number(static_cast<uint32_t>(plan.constants.size()));
  const std::vector<bool> read = read_constants(plan);
  for (size_t i = 0; i < plan.constants.size(); ++i) {
    const Tensor& constant = plan.constants[i];
    out.number(static_cast<uint8_t>(constant.dtype()));
    put_list(out, constant.shape());
    put(out, constant.quantization);
    out.number(read[i] ? put_elements(elements, constant) : int64_t{-1});
  }
  elements.align(kUnit);
  return {out.take(), elements.take()};
}

Result<ReadPlan> read_plan(ByteReader& in) {
  ReadPlan read;
  Plan& plan = read.plan;
  plan.name = in.text();
  plan.arithmetic = static_cast<Arithmetic>(in.number_in(in.number<uint8_t>(), 0, 1, "the rounding rule"));
  plan.arena_bytes = in.number_in(in.number<int64_t>(), 0, Tensor::kMaxBytes, "the size of the arena");
  plan.values = get_items(in, 34, "the number of values", get_value);
  plan.inputs = get_list<int>(in, "the number of inputs");
  plan.outputs = get_list<int>(in, "the number of outputs");
  plan.steps = get_items(in, 32, "the number of steps", get_step);
  read.constants = get_items(in, 25, "the number of constants", get_constant);
  QUERN_CHECK(in.finished());
  return read;
}

}  // namespace quern
