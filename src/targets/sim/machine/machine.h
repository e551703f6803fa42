// A simulated NPU: executes a program's commands one after the other, exactly, and counts the cycles they take on the
// chip. docs/npu.md is its specification.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/isa.h"
#include "base/threads.h"
#include "plan/plan.h"
#include "plan/program.h"
#include "quern/npu.h"

namespace quern {

/// The memory of one value of the plan: its bytes, dense. `write` is null for a constant; both are for a value that the
/// program does not name.
struct ValueMemory {
  const std::byte* read = nullptr;
  std::byte* write = nullptr;
};

class Machine {
 public:
  /// Checks the program completely against the values of its plan and allocates the scratch memory. `limit` is the best
  /// instruction set of this processor that kernels may use; the bytes do not depend on it.
  /// Errors: invalid_file (the check of program_check.h), unsupported (no kernel), out_of_memory.
  static Result<Machine> create(std::shared_ptr<const Program> program, std::span<const PlanValue> values, Isa limit);
  ~Machine();
  Machine(Machine&&) noexcept;
  Machine& operator=(Machine&&) noexcept;

  /// Executes every command. `values` are those of the plan, by index. One run at a time.
  Status run(std::span<const ValueMemory> values, ThreadPool& pool);

  /// What the program costs; known before the first run, since cycles do not depend on data.
  const NpuReport& report() const;
  const Program& program() const;

 private:
  struct State;
  explicit Machine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace quern
