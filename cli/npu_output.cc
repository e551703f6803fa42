#include "npu_output.h"

#include <algorithm>
#include <numeric>

#include "quern/file.h"

namespace quern::cli {

namespace {

/// As many layers are given advice.
constexpr size_t kAdvised = 3;

double percent(double part, double whole) {
  return whole > 0 ? 100 * part / whole : 0;
}

Json to_json(const NpuBytes& bytes) {
  return {{"loaded_activations", bytes.loaded_activations},
          {"loaded_parameters", bytes.loaded_parameters},
          {"stored", bytes.stored},
          {"moved", bytes.moved}};
}

Json to_json(const NpuLayer& layer) {
  Json busy = Json::object();
  for (int e = 0; e < kNpuEngines; ++e) busy[npu_engine_name(e)] = layer.busy[static_cast<size_t>(e)];
  Json row = {{"name", layer.name},
              {"kind", layer.kind},
              {"macs", layer.macs},
              {"commands", layer.commands},
              {"start", layer.start},
              {"end", layer.end},
              {"cycles", layer.cycles},
              {"busy", busy},
              {"overhead", layer.overhead},
              {"bytes", to_json(layer.bytes)},
              {"utilisation_pct", layer.utilisation_pct},
              {"bound_by", layer.bound_by},
              {"advice", layer.advice}};
  if (!layer.fused_into.empty()) row["fused_into"] = layer.fused_into;
  return row;
}

std::string layer_table(const NpuReport& report) {
  std::vector<std::vector<std::string>> rows;
  for (const NpuLayer& layer : report.layers) {
    if (!layer.fused_into.empty()) {
      rows.push_back({layer.name, layer.kind, "-", "-", "-", "in " + layer.fused_into, "-"});
      continue;
    }
    const int64_t crossed = layer.bytes.loaded_activations + layer.bytes.loaded_parameters + layer.bytes.stored;
    rows.push_back({layer.name, layer.kind, grouped(static_cast<int64_t>(layer.cycles)),
                    fmt::format("{:.1f}", percent(layer.cycles, report.cycles)),
                    fmt::format("{:.1f}", layer.utilisation_pct), layer.bound_by.empty() ? "-" : layer.bound_by,
                    grouped(crossed)});
  }
  return table({"operator", "kind", "cycles", "%", "utilisation %", "bound by", "bytes to and from scratch"}, rows);
}

std::string advice_text(const NpuReport& report) {
  std::vector<const NpuLayer*> order;
  for (const NpuLayer& layer : report.layers) {
    if (!layer.advice.empty()) order.push_back(&layer);
  }
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->cycles > b->cycles; });
  order.resize(std::min(order.size(), kAdvised));
  std::string text;
  for (const NpuLayer* layer : order) {
    text += fmt::format("change first: {} '{}' ({:.1f} % of the cycles): {}\n", layer->kind, layer->name,
                        percent(layer->cycles, report.cycles), layer->advice);
  }
  return text;
}

std::string partition_text(const NpuReport& report) {
  std::string text =
      fmt::format("{} '{}': {} cycles, {:.3f} ms at {:.0f} MHz, {} operators, scratch {} of {} bytes\n", report.target,
                  report.partition, grouped(static_cast<int64_t>(report.cycles)), report.ms, report.clock_hz / 1e6,
                  report.layers.size(), grouped(report.scratch_used), grouped(report.scratch_bytes));
  std::vector<std::vector<std::string>> rows;
  for (int e = 0; e < kNpuEngines; ++e) {
    const NpuEngine& engine = report.engines[static_cast<size_t>(e)];
    rows.push_back({npu_engine_name(e), grouped(engine.commands),
                    fmt::format("{:.1f}", percent(engine.busy, report.cycles)),
                    fmt::format("{:.1f}", percent(engine.stalled, report.cycles))});
  }
  return text + table({"engine", "commands", "busy %", "stalled %"}, rows);
}

}  // namespace

Json to_json(const NpuReport& report) {
  Json engines = Json::object();
  for (int e = 0; e < kNpuEngines; ++e) {
    const NpuEngine& engine = report.engines[static_cast<size_t>(e)];
    engines[npu_engine_name(e)] = {{"commands", engine.commands}, {"busy", engine.busy}, {"stalled", engine.stalled}};
  }
  Json json = {{"partition", report.partition},
               {"target", report.target},
               {"mode", report.mode},
               {"clock_hz", report.clock_hz},
               {"cycles", report.cycles},
               {"fixed", report.fixed},
               {"ms", report.ms},
               {"macs", report.macs},
               {"scratch_bytes", report.scratch_bytes},
               {"scratch_used", report.scratch_used},
               {"bytes", to_json(report.bytes)},
               {"engines", engines}};
  json["layers"] = Json::array();
  for (const NpuLayer& layer : report.layers) json["layers"].push_back(to_json(layer));
  return json;
}

std::string npu_text(const std::vector<NpuReport>& reports, bool layers) {
  std::string text;
  for (const NpuReport& report : reports) {
    text += partition_text(report);
    if (layers) text += layer_table(report) + advice_text(report);
  }
  return text;
}

Status check_trace(const std::string& file, const std::vector<NpuReport>& reports) {
  if (file.empty() || !reports.empty()) return {};
  return Error{ErrorCode::invalid_argument,
               "--trace shows the time line of a simulated NPU, but nothing of this model runs on one; choose one with "
               "--target (quern targets lists them)"};
}

Status write_trace(const Voice& voice, const std::string& file, const std::vector<NpuReport>& reports) {
  if (file.empty()) return {};
  Status written = write_file(file, npu_trace(reports));
  if (written.ok()) say(voice, fmt::format("trace: {} (open it in chrome://tracing or ui.perfetto.dev)\n", file));
  return written;
}

}  // namespace quern::cli
