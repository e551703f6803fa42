// A session: kernels chosen, memory at hand, steps run in order.
#include "quern/session.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/error.h"
#include "base/isa.h"
#include "base/threads.h"
#include "kernels/kernel.h"
#include "plan/describe.h"
#include "plan/plan.h"
#include "plan/program.h"
#include "run/arena.h"
#include "run/layout.h"
#include "targets/sim/machine/machine.h"

namespace quern {

namespace {

struct Step {
  std::unique_ptr<Kernel> kernel;    ///< of an operator
  std::unique_ptr<Machine> machine;  ///< of a partition on a simulated NPU
  std::vector<const void*> inputs;
  std::vector<void*> outputs;
};

/// Who reads an input: then a run can hand the caller's memory to them, and need not copy it.
struct InputReaders {
  bool in_place = false;
  std::vector<std::pair<size_t, size_t>> places;  ///< a step, and which of its inputs
};

/// An input is read in place unless another name of its memory is read too, or a simulated NPU reads memory by itself.
std::vector<InputReaders> readers_of(const Plan& plan) {
  std::vector<bool> written(plan.values.size(), false);
  bool programs = false;
  for (const PlanStep& step : plan.steps) {
    programs = programs || step.program >= 0;
    for (int id : step.outputs) {
      if (id >= 0) written[static_cast<size_t>(id)] = true;
    }
  }
  std::vector<InputReaders> all(plan.inputs.size());
  for (size_t i = 0; i < all.size() && !programs; ++i) {
    const auto own = static_cast<size_t>(plan.inputs[i]);
    all[i].in_place = true;
    for (size_t v = 0; v < plan.values.size(); ++v) {
      const bool same = plan.values[v].constant < 0 && plan.values[v].offset == plan.values[own].offset;
      if (v != own && same && !written[v]) all[i].in_place = false;
    }
    for (size_t step = 0; step < plan.steps.size(); ++step) {
      const std::vector<int>& ids = plan.steps[step].inputs;
      for (size_t k = 0; k < ids.size(); ++k) {
        if (ids[k] == plan.inputs[i]) all[i].places.emplace_back(step, k);
      }
    }
  }
  return all;
}

Operand operand_of(const Plan& plan, int id) {
  if (id < 0) {
    Operand absent;
    absent.present = false;
    return absent;
  }
  const PlanValue& value = plan.values[static_cast<size_t>(id)];
  const void* constant = value.constant < 0 ? nullptr : plan.constants[static_cast<size_t>(value.constant)].raw();
  return {value.dtype, value.shape, value.quantization, constant, true};
}

OpCall call_of(const Plan& plan, const PlanStep& step) {
  OpCall call;
  call.kind = step.kind;
  call.attrs = step.attrs;
  call.arithmetic = plan.arithmetic;
  for (int id : step.inputs) call.inputs.push_back(operand_of(plan, id));
  for (int id : step.outputs) call.outputs.push_back(operand_of(plan, id));
  return call;
}

Result<Isa> allowed_isa(const std::string& name) {
  if (name.empty()) return best_isa();
  QUERN_TRY(const Isa isa, parse_isa(name));
  if (!supported(isa)) {
    return fail(ErrorCode::invalid_argument, "this processor cannot run '{}'; its best is '{}' (--isa list shows all)",
                name, to_string(best_isa()));
  }
  return isa;
}

int thread_count(int wish) {
  if (wish > 0) return wish;
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

struct Session::State {
  std::shared_ptr<const Plan> plan;
  Arena arena;
  std::vector<Step> steps;
  std::vector<StepInfo> infos;
  std::vector<NpuReport> reports;
  std::vector<ValueMemory> npu_values;  ///< empty when no step is a partition
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
  std::vector<InputReaders> readers;  ///< of each input
  std::vector<Tensor> fed;            ///< the inputs of the last run, where they are read in place
  std::unique_ptr<ThreadPool> pool;
  Isa isa = Isa::reference;
  bool profile = false;
  bool has_run = false;

  std::byte* memory(const PlanValue& value) { return arena.data() + value.offset; }

  const void* readable(int id) {
    const PlanValue& value = plan->values[static_cast<size_t>(id)];
    if (value.constant >= 0) return plan->constants[static_cast<size_t>(value.constant)].raw();
    return memory(value);
  }

  Status prepare_steps() {
    for (const PlanStep& planned : plan->steps) {
      if (planned.program >= 0) {
        QUERN_CHECK(prepare_partition(planned));
        continue;
      }
      QUERN_TRY(ChosenKernel chosen, name_errors(choose_kernel(call_of(*plan, planned), isa), planned));
      Step step{std::move(chosen.kernel), nullptr, {}, {}};
      for (int id : planned.inputs) step.inputs.push_back(id < 0 ? nullptr : readable(id));
      for (int id : planned.outputs)
        step.outputs.push_back(id < 0 ? nullptr : memory(plan->values[static_cast<size_t>(id)]));
      steps.push_back(std::move(step));
      infos.push_back({planned.name, std::string(info(planned.kind).name), planned.source_kind, chosen.row->name,
                       to_string(chosen.row->isa), planned.macs, 0});
    }
    return {};
  }

  /// That the program is there, and that the step names the values it touches: memory was planned by the step's.
  Status check_partition(const PlanStep& planned) const {
    const auto index = static_cast<size_t>(planned.program);
    if (index >= plan->programs.size() || plan->programs[index] == nullptr) {
      return fail(ErrorCode::invalid_file, "partition '{}' names program {}, but the plan has {}", planned.name, index,
                  plan->programs.size());
    }
    const auto named = [](const std::vector<int32_t>& touched, const std::vector<int>& ids) {
      return std::all_of(touched.begin(), touched.end(),
                         [&](int32_t id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); });
    };
    const Program& program = *plan->programs[index];
    if (named(program.reads, planned.inputs) && named(program.writes, planned.outputs)) return {};
    return fail(ErrorCode::invalid_file, "the program of partition '{}' touches values that its step does not name",
                planned.name);
  }

  Status prepare_partition(const PlanStep& planned) {
    QUERN_CHECK(check_partition(planned));
    const auto index = static_cast<size_t>(planned.program);
    auto machine = Machine::create(plan->programs[index], plan->values, isa);
    if (!machine.ok()) {
      Error error = machine.error();
      error.message = fmt::format("partition '{}': {}", planned.name, error.message);
      return error;
    }
    NpuReport report = machine->report();
    report.partition = planned.name;
    StepInfo info{planned.name, "Partition", planned.source_kind, report.target, report.target, report.macs, 0};
    info.layers = static_cast<int64_t>(report.layers.size());
    info.cycles = report.cycles;
    info.chip_ms = report.ms;
    infos.push_back(std::move(info));
    reports.push_back(std::move(report));
    steps.push_back({nullptr, std::make_unique<Machine>(*std::move(machine)), {}, {}});
    return {};
  }

  /// Every value's memory, as a machine sees it.
  std::vector<ValueMemory> value_memory() {
    std::vector<ValueMemory> all(plan->values.size());
    for (size_t i = 0; i < all.size(); ++i) {
      const PlanValue& value = plan->values[i];
      if (value.constant < 0 && value.offset < 0) continue;
      all[i].read = static_cast<const std::byte*>(readable(static_cast<int>(i)));
      if (value.constant < 0) all[i].write = memory(value);
    }
    return all;
  }

  static Result<ChosenKernel> name_errors(Result<ChosenKernel> chosen, const PlanStep& step) {
    if (chosen.ok()) return chosen;
    Error error = chosen.error();
    error.message = fmt::format("{} '{}': {}", step.source_kind, step.name, error.message);
    error.op = step.name;
    error.kind = step.source_kind;
    return error;
  }

  Status feed(size_t index, const Tensor& tensor) {
    const ValueInfo& want = inputs[index];
    if (tensor.dtype() != want.dtype || tensor.shape() != want.shape) {
      return fail(ErrorCode::invalid_argument, "input '{}' is {} {}; the array given is {} {}", want.name,
                  to_string(want.dtype), to_string(want.shape), to_string(tensor.dtype()), to_string(tensor.shape()));
    }
    if (readers[index].in_place) {
      fed[index] = tensor;
      for (const auto& [step, input] : readers[index].places) steps[step].inputs[input] = tensor.raw();
      return {};
    }
    const PlanValue& value = plan->values[static_cast<size_t>(plan->inputs[index])];
    if (tensor.bytes() > 0) std::memcpy(memory(value), tensor.raw(), static_cast<size_t>(tensor.bytes()));
    return {};
  }

  /// The value of the last run.
  const void* last(int id) {
    for (size_t i = 0; i < readers.size(); ++i) {
      if (plan->inputs[i] == id && readers[i].in_place) return fed[i].raw();
    }
    return readable(id);
  }

  Result<Tensor> copy_of(int id) {
    const PlanValue& value = plan->values[static_cast<size_t>(id)];
    QUERN_TRY(Tensor tensor, Tensor::make(value.dtype, value.shape));
    tensor.quantization = value.quantization;
    if (tensor.bytes() > 0) std::memcpy(tensor.mutable_raw(), last(id), static_cast<size_t>(tensor.bytes()));
    return tensor;
  }

  Status run_steps() {
    const ThreadPool::Hot hot(*pool);
    for (size_t i = 0; i < steps.size(); ++i) {
      const auto start = profile ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point{};
      if (steps[i].machine) {
        QUERN_CHECK(steps[i].machine->run(npu_values, *pool));
      } else {
        steps[i].kernel->run({steps[i].inputs, steps[i].outputs}, *pool);
      }
      if (profile)
        infos[i].last_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    }
    return {};
  }
};

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

Result<Session> Session::create(const CompiledModel& model, const SessionOptions& options) {
  return create(model.shared_plan(), options);
}

Result<Session> Session::create(std::shared_ptr<const Plan> plan, const SessionOptions& options) {
  auto state = std::make_unique<State>();
  QUERN_TRY(state->isa, allowed_isa(options.isa));
  QUERN_TRY(state->arena, Arena::make(static_cast<size_t>(plan->arena_bytes)));
  state->plan = std::move(plan);
  state->profile = options.profile;
  state->inputs = describe(*state->plan, state->plan->inputs);
  state->outputs = describe(*state->plan, state->plan->outputs);
  state->pool = std::make_unique<ThreadPool>(thread_count(options.threads));
  QUERN_CHECK(state->prepare_steps());
  if (!state->reports.empty()) state->npu_values = state->value_memory();
  state->readers = readers_of(*state->plan);
  state->fed.resize(state->readers.size());
  return Session(std::move(state));
}

Result<std::vector<Tensor>> Session::run(const std::vector<Tensor>& inputs) {
  if (inputs.size() != state_->inputs.size()) {
    return fail(ErrorCode::invalid_argument, "the model has {} inputs; {} arrays were given", state_->inputs.size(),
                inputs.size());
  }
  for (size_t i = 0; i < inputs.size(); ++i) QUERN_CHECK(state_->feed(i, inputs[i]));
  QUERN_CHECK(state_->run_steps());
  state_->has_run = true;
  std::vector<Tensor> outputs;
  for (int id : state_->plan->outputs) {
    QUERN_TRY(Tensor output, state_->copy_of(id));
    outputs.push_back(std::move(output));
  }
  return outputs;
}

const std::vector<ValueInfo>& Session::inputs() const {
  return state_->inputs;
}
const std::vector<ValueInfo>& Session::outputs() const {
  return state_->outputs;
}
const std::vector<StepInfo>& Session::steps() const {
  return state_->infos;
}
const std::vector<NpuReport>& Session::npu_reports() const {
  return state_->reports;
}
int Session::threads() const {
  return state_->pool->threads();
}
std::string Session::isa() const {
  return to_string(state_->isa);
}

Result<std::vector<std::pair<std::string, Tensor>>> Session::values() const {
  if (!state_->has_run) return fail(ErrorCode::invalid_argument, "values exist only after a run");
  std::vector<std::pair<std::string, Tensor>> values;
  for (size_t id = 0; id < state_->plan->values.size(); ++id) {
    const PlanValue& value = state_->plan->values[id];
    if (value.constant >= 0 || value.offset < 0) continue;
    QUERN_TRY(Tensor tensor, state_->copy_of(static_cast<int>(id)));
    values.emplace_back(value.name, std::move(tensor));
  }
  return in_file_layout(std::move(values));
}

std::vector<IsaInfo> instruction_sets() {
  std::vector<IsaInfo> infos;
  for (Isa isa : known_isas()) infos.push_back({to_string(isa), supported(isa)});
  return infos;
}

}  // namespace quern
