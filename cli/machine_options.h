// Options that say where and how a model runs, shared by the verbs that run one.
#pragma once

#include <CLI/CLI.hpp>

#include "output.h"
#include "quern/session.h"

namespace quern::cli {

/// --target, --threads, --isa and --arithmetic.
struct MachineOptions {
  std::string target = "cpu";
  int threads = 0;
  std::string isa;
  std::string arithmetic = "float";

  void add_to(CLI::App& app);
  CompileOptions compile_options() const;
};

/// What --isa list prints.
int list_isas(const Voice& voice);

/// One paragraph: who ran what, with which kernels.
std::string ran_text(const Session& session, const Placement& placement, const MachineOptions& machine);

}  // namespace quern::cli
