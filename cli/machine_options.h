// Options that say where and how a model runs, shared by the verbs that run one.
#pragma once

#include <CLI/CLI.hpp>

#include "output.h"
#include "quern/session.h"

namespace quern::cli {

/// --target, --vnpu, --auto-rewrite, --threads, --isa and --arithmetic.
struct MachineOptions {
  std::string target = "cpu";
  int threads = 0;
  std::string isa;
  std::string arithmetic;  ///< empty: the target's own
  std::string vnpu;        ///< a mode of a simulated NPU
  bool auto_rewrite = false;

  void add_to(CLI::App& app);
  CompileOptions compile_options() const;
  /// The rule that is used: the one given, else the target's.
  std::string rule() const;
};

/// What --isa list prints.
int list_isas(const Voice& voice);

/// One paragraph: who ran what, with which kernels.
std::string ran_text(const Session& session, const CompiledModel& compiled);
/// "float" or "fixed".
const char* to_string(Arithmetic arithmetic);

}  // namespace quern::cli
