// The verbs. Each adds its options to its subcommand and returns what to do when it is called.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "output.h"

namespace quern::cli {

/// Runs a verb after its options were parsed; gives an exit status, or an error to report.
using Action = std::function<Result<int>(const Voice&)>;

Action add_bench(CLI::App& app);
Action add_build(CLI::App& app);
Action add_compare(CLI::App& app);
Action add_inspect(CLI::App& app);
Action add_run(CLI::App& app);
Action add_eval(CLI::App& app);
Action add_targets(CLI::App& app);
Action add_tasks(CLI::App& app);
Action add_demo(CLI::App& app);
Action add_quantize(CLI::App& app);

}  // namespace quern::cli
