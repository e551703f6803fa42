// Running a compiled model.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "quern/compile.h"
#include "quern/npu.h"

namespace quern {

struct SessionOptions {
  int threads = 0;       ///< 0: every core
  std::string isa = {};  ///< the highest instruction set kernels may use; empty: the best this machine has
  bool profile = false;  ///< take the time of every operator
};

/// What one operator of a session is.
struct StepInfo {
  std::string name;
  std::string kind;
  std::string source_kind;
  std::string kernel;  ///< the row of kernels.inc that computes it; of a partition the simulated NPU, "sim:ax620"
  std::string isa;
  int64_t macs = 0;
  double last_ms = 0;  ///< of the last run on this machine, when profiling
  int64_t layers = 0;  ///< of a partition: the user's operators in it
  double cycles = 0;   ///< of a partition: on the chip
  double chip_ms = 0;  ///< these at the chip's clock
};

/// A plan with kernels chosen, weights packed and memory at hand. One run at a time; make one session a thread.
class Session {
 public:
  /// Errors: invalid_argument (instruction set), unsupported (no kernel), out_of_memory.
  static Result<Session> create(const CompiledModel& model, const SessionOptions& options = {});
  /// The same from a bare plan: all that a board needs.
  static Result<Session> create(std::shared_ptr<const Plan> plan, const SessionOptions& options = {});
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  /// Inputs in the model's order, each of exactly the declared dtype and shape; outputs in the model's order, with
  /// their quantization. Errors: invalid_argument.
  Result<std::vector<Tensor>> run(const std::vector<Tensor>& inputs);

  const std::vector<ValueInfo>& inputs() const;
  const std::vector<ValueInfo>& outputs() const;
  const std::vector<StepInfo>& steps() const;
  /// What each partition costs on its simulated NPU, in the order they run. Empty when there is none.
  const std::vector<NpuReport>& npu_reports() const;
  int threads() const;
  /// The best instruction set kernels were allowed.
  std::string isa() const;
  /// Every value of the last run under the file's name and in the file's layout (a plan compiled with keep_values).
  Result<std::vector<std::pair<std::string, Tensor>>> values() const;

 private:
  struct State;
  explicit Session(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The instruction sets this build knows, and whether this machine has them.
struct IsaInfo {
  std::string name;
  bool supported = false;
};
std::vector<IsaInfo> instruction_sets();

}  // namespace quern
