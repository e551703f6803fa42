#include "targets/sim/machine/machine.h"

#include <algorithm>

#include "base/checked.h"
#include "base/error.h"
#include "plan/program_check.h"
#include "plan/program_pieces.h"
#include "targets/sim/machine/kernels.h"
#include "targets/sim/machine/moves.h"
#include "targets/sim/machine/report.h"

namespace quern {

namespace {

/// Kernels may read a vector beyond an operand's end.
constexpr int64_t kSlack = 256;

bool overlap(const Piece& a, const Piece& b) {
  const PieceRuns x(a), y(b);
  for (size_t i = 0; i < x.parts(); ++i) {
    for (size_t j = 0; j < y.parts(); ++j) {
      if (x.span(i).begin < y.span(j).end && y.span(j).begin < x.span(i).end) return true;
    }
  }
  return false;
}

/// A computation with what is decided about it before the first run.
struct Prepared {
  size_t call = 0;                       ///< index in the kernel cache
  std::vector<int64_t> inputs, outputs;  ///< offset of a dense copy in the staging memory, or -1: used in place
};

}  // namespace

struct Machine::State {
  std::shared_ptr<const Program> program;
  machine::KernelCache kernels;
  std::vector<Prepared> prepared;  ///< by command; of transfers unused
  Tensor scratch;
  Tensor staging;
  int64_t staging_bytes = 0;
  NpuReport report;

  State(std::shared_ptr<const Program> p, Isa limit) : program(std::move(p)), kernels(limit) {}

  std::byte* scratch_bytes() { return static_cast<std::byte*>(scratch.mutable_raw()); }
  std::byte* staged(int64_t offset) { return static_cast<std::byte*>(staging.mutable_raw()) + offset; }

  /// Takes room for a dense copy, within the staging memory of one command.
  static int64_t take(int64_t bytes, int64_t& used) {
    const int64_t at = used;
    used += round_up(bytes, 64);
    return at;
  }

  Result<Prepared> prepare(const Computation& c) {
    Prepared made;
    QUERN_TRY(made.call, kernels.add(*program, c));
    int64_t used = 0;
    for (const Piece& input : c.inputs) {
      // A computation reads all of its operands before it writes, so one that is written in place is copied first.
      const bool in_place = !is_absent(input) && std::any_of(c.outputs.begin(), c.outputs.end(),
                                                             [&](const Piece& out) { return overlap(input, out); });
      const bool copied = !is_absent(input) && (in_place || !is_dense(input));
      made.inputs.push_back(copied ? take(dense_bytes(input), used) : -1);
    }
    for (const Piece& output : c.outputs) {
      made.outputs.push_back(is_dense(output) ? -1 : take(dense_bytes(output), used));
    }
    staging_bytes = std::max(staging_bytes, used);
    return made;
  }

  Error name_error(Error error, size_t index) const {
    const ProgramLayer& layer = program->layers[program->commands[index].layer];
    error.message = fmt::format("{} '{}' (command {}): {}", layer.kind, layer.name, index, error.message);
    error.op = layer.name;
    error.kind = layer.kind;
    return error;
  }

  Status prepare_all() {
    prepared.resize(program->commands.size());
    for (size_t i = 0; i < program->commands.size(); ++i) {
      const auto* computation = std::get_if<Computation>(&program->commands[i].body);
      if (computation == nullptr) continue;
      auto one = prepare(*computation);
      if (!one.ok()) return name_error(one.error(), i);
      prepared[i] = *std::move(one);
    }
    QUERN_TRY(scratch, Tensor::make(DType::uint8, {program->scratch_bytes + kSlack}));
    QUERN_TRY(staging, Tensor::make(DType::uint8, {staging_bytes + kSlack}));
    return {};
  }

  void transfer(Engine engine, const Transfer& t, std::span<const ValueMemory> values) {
    if (engine == Engine::store) {
      machine::store(t, scratch_bytes(), values[static_cast<size_t>(t.value)].write);
      return;
    }
    const std::byte* outside =
        t.space == Space::image ? program->image.data() : values[static_cast<size_t>(t.value)].read;
    machine::load(t, outside, scratch_bytes());
  }

  Status compute(const Computation& c, const Prepared& own, ThreadPool& pool) {
    std::vector<const void*> in;
    std::vector<void*> out;
    machine::ConstantBytes constants(c.inputs.size());
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      const Piece& piece = c.inputs[i];
      if (is_absent(piece)) {
        in.push_back(nullptr);
        continue;
      }
      const std::byte* bytes = scratch_bytes() + piece.address;
      if (own.inputs[i] >= 0) {
        machine::gather(piece, scratch_bytes(), staged(own.inputs[i]));
        bytes = staged(own.inputs[i]);
      }
      in.push_back(bytes);
      if (machine::KernelCache::is_constant(c.kind, i)) {
        constants[i] = {bytes, static_cast<size_t>(dense_bytes(piece))};
      }
    }
    for (size_t i = 0; i < c.outputs.size(); ++i) {
      out.push_back(own.outputs[i] < 0 ? scratch_bytes() + c.outputs[i].address : staged(own.outputs[i]));
    }
    QUERN_TRY(const Kernel* kernel, kernels.kernel(own.call, constants));
    kernel->run({in, out}, pool);
    for (size_t i = 0; i < c.outputs.size(); ++i) {
      if (own.outputs[i] >= 0) machine::scatter(c.outputs[i], staged(own.outputs[i]), scratch_bytes());
    }
    return {};
  }
};

Machine::Machine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Machine::~Machine() = default;
Machine::Machine(Machine&&) noexcept = default;
Machine& Machine::operator=(Machine&&) noexcept = default;

Result<Machine> Machine::create(std::shared_ptr<const Program> program, std::span<const PlanValue> values, Isa limit) {
  QUERN_CHECK(check_program(*program, values));
  auto state = std::make_unique<State>(std::move(program), limit);
  QUERN_CHECK(state->prepare_all());
  state->report = machine::report_of(*state->program);
  return Machine(std::move(state));
}

Status Machine::run(std::span<const ValueMemory> values, ThreadPool& pool) {
  const std::vector<Command>& commands = state_->program->commands;
  for (size_t i = 0; i < commands.size(); ++i) {
    if (const auto* transfer = std::get_if<Transfer>(&commands[i].body)) {
      state_->transfer(commands[i].engine, *transfer, values);
      continue;
    }
    const Status done = state_->compute(std::get<Computation>(commands[i].body), state_->prepared[i], pool);
    if (!done.ok()) return state_->name_error(done.error(), i);
  }
  return {};
}

const NpuReport& Machine::report() const {
  return state_->report;
}
const Program& Machine::program() const {
  return *state_->program;
}

}  // namespace quern
