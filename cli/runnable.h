// What `run` runs: a model compiled now, or a package that was compiled before.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "machine_options.h"
#include "model_options.h"
#include "output.h"

namespace quern::cli {

struct Runnable {
  CompiledModel compiled;
  std::vector<std::optional<Tensor>> arrays;  ///< of --input, a slot an input
  std::optional<PackageInfo> package;
};

struct RunnableWords {
  const ModelOptions& model;
  const std::vector<std::string>& inputs;  ///< --input
  const MachineOptions& machine;
  bool keep_values = false;
  bool fed = false;                        ///< there is something to feed the inputs with
  std::optional<double> require_npu = {};  ///< refuse when less of the macs, in percent, run on the npu
};

/// Tells by the file's content which it is. Shapes of a model come from the arrays where they are open.
Result<Runnable> make_runnable(const Voice& voice, const RunnableWords& words);

}  // namespace quern::cli
