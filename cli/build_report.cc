#include "build_report.h"

#include <filesystem>

#include "npu_output.h"
#include "quern/file.h"
#include "quern/session.h"

namespace quern::cli {

namespace {

/// "eu(load) … ratio": the share of all cycles an engine is busy.
std::string engines_text(const NpuReport& report) {
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < kNpuEngines; ++i) {
    const NpuEngine& engine = report.engines[static_cast<size_t>(i)];
    const double ratio = report.cycles > 0 ? 100 * engine.busy / report.cycles : 0;
    rows.push_back({npu_engine_name(i), std::to_string(engine.commands), fmt::format("{:.0f}", engine.busy),
                    fmt::format("{:.0f}", engine.stalled), fmt::format("{:.1f}", ratio)});
  }
  return table({"eu", "commands", "busy cyc", "stalled cyc", "ratio %"}, rows);
}

std::string part_text(const NpuReport& report) {
  const NpuBytes& bytes = report.bytes;
  std::string text = fmt::format("part {} for {}{}\n\n", report.partition, report.target,
                                 report.mode.empty() ? "" : ", virtual NPU " + report.mode);
  text += fmt::format("tot_cyc             {:.0f} ({:.3f} ms at {:.0f} MHz)\n", report.cycles, report.ms,
                      report.clock_hz / 1e6);
  text += fmt::format("total_io_data_size  {}\n",
                      grouped(bytes.loaded_activations + bytes.loaded_parameters + bytes.stored));
  text += fmt::format("ld        (DDR -> OCM, activations)  {}\n", grouped(bytes.loaded_activations));
  text += fmt::format("ld_param  (DDR -> OCM, parameters)   {}\n", grouped(bytes.loaded_parameters));
  text += fmt::format("st        (OCM -> DDR)               {}\n", grouped(bytes.stored));
  text += fmt::format("mv        (OCM -> OCM)               {}\n\n", grouped(bytes.moved));
  return text + engines_text(report) + "\n" + npu_text({report}, true);
}

std::string cpu_text(const Placement& placement) {
  std::vector<std::vector<std::string>> rows;
  for (const PlacementRow& row : placement.rows) {
    if (row.device == "cpu") rows.push_back({row.name, row.kind, row.reason});
  }
  if (rows.empty()) return "all operators run on the npu\n";
  return table({"operator", "kind", "why it is on the cpu"}, rows);
}

}  // namespace

Status write_build_report(const CompiledModel& compiled, const std::string& folder) {
  auto session = Session::create(compiled, {.threads = 1});
  if (!session.ok()) return session.status();
  const std::vector<NpuReport>& reports = session->npu_reports();
  if (reports.empty()) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("--report {}: nothing runs on a simulated NPU; give --target sim:CHIP", folder)};
  }
  for (size_t i = 0; i < reports.size(); ++i) {
    const std::string part = (std::filesystem::path(folder) / fmt::format("part_{}", i)).string();
    if (const Status made = make_folder(part); !made.ok()) return made;
    const std::string file = (std::filesystem::path(part) / "inference_report.log").string();
    if (const Status written = write_file(file, part_text(reports[i])); !written.ok()) return written;
  }
  return write_file((std::filesystem::path(folder) / "cpu.log").string(), cpu_text(compiled.placement()));
}

}  // namespace quern::cli
