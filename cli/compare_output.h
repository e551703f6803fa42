// A comparison as text, CSV and JSON.
#pragma once

#include <string>

#include "output.h"
#include "quern/measure.h"

namespace quern::cli {

/// Outputs, the `rows` worst layers (0: all), and the verdict.
std::string comparison_text(const Comparison& comparison, size_t rows);
/// "Layer: NAME  2-norm RE: 4.70%  cosine-sim: 0.9989" an output, or with `layers` a layer in the network's order.
std::string pulsar_text(const Comparison& comparison, bool layers);
std::string comparison_csv(const Comparison& comparison);
Json to_json(const Comparison& comparison);
Json to_json(const TaskDifference& task, const std::string& name);
std::string task_text(const TaskDifference& task, const std::string& name);

}  // namespace quern::cli
