// What simulated NPUs report, as text, JSON and a trace file.
#pragma once

#include "output.h"
#include "quern/npu.h"

namespace quern::cli {

Json to_json(const NpuReport& report);

/// A line an engine for each partition; with `layers` also a row a layer and, below, what to change first where the
/// most cycles go. Empty when nothing ran on a simulated NPU.
std::string npu_text(const std::vector<NpuReport>& reports, bool layers);

/// That something runs on a simulated NPU, so that --trace has a time line to show. Error: invalid_argument.
Status check_trace(const std::string& file, const std::vector<NpuReport>& reports);
/// The time line into a file. Error: io.
Status write_trace(const Voice& voice, const std::string& file, const std::vector<NpuReport>& reports);

}  // namespace quern::cli
