#include "package_output.h"

#include "placement_output.h"
#include "values_output.h"

namespace quern::cli {

namespace {

std::string origin_text(const PackageInfo& info) {
  std::string text = fmt::format("built by Quern {} from {} ({}, {} bytes, sha256 {})\n", info.quern_version,
                                 info.source.file, info.source.format, grouped(info.source.bytes), info.source.sha256);
  for (const auto& [option, value] : info.options) text += fmt::format("  {} {}\n", option, value);
  if (!info.calibration_sha256.empty())
    text += fmt::format("quantized with {} samples (sha256 {})\n", info.calibration_samples, info.calibration_sha256);
  if (!info.task.empty()) text += fmt::format("task {}\n", info.task);
  return text;
}

std::string sections_text(const std::vector<PackageSection>& sections) {
  std::vector<std::vector<std::string>> rows;
  for (const PackageSection& section : sections)
    rows.push_back(
        {section.name, std::to_string(section.offset), grouped(section.bytes), section.sha256.substr(0, 16)});
  return table({"section", "offset", "bytes", "sha256"}, rows);
}

Json values_json(const std::vector<ValueInfo>& values) {
  Json rows = Json::array();
  for (const ValueInfo& value : values) rows.push_back(to_json(value));
  return rows;
}

}  // namespace

std::string package_text(const PackageSummary& package) {
  const Placement& placement = package.placement;
  std::string text = fmt::format(
      "package for {}: {} operators on the npu, {} on the cpu, {} macs, {} bytes of working memory\n", placement.target,
      placement.npu_operators, placement.cpu_operators, grouped(package.macs), grouped(package.arena_bytes));
  if (placement.target.starts_with("sim:")) text += estimate_text(placement) + "\n";
  text += rewrites_text(placement) + origin_text(package.info) + "\n";
  text += values_text("input", package.inputs) + "\n" + values_text("output", package.outputs) + "\n";
  return text + sections_text(package.sections);
}

Json package_json(const PackageSummary& package) {
  const PackageInfo& info = package.info;
  Json options = Json::array();
  for (const auto& [option, value] : info.options) options.push_back({option, value});
  Json sections = Json::array();
  for (const PackageSection& section : package.sections) {
    sections.push_back(
        {{"name", section.name}, {"offset", section.offset}, {"bytes", section.bytes}, {"sha256", section.sha256}});
  }
  return {{"schema", "quern.inspect/1"},
          {"model",
           {{"format", "quern"},
            {"producer", "Quern " + info.quern_version},
            {"sha256", info.source.sha256},
            {"source", info.source.file},
            {"source_format", info.source.format},
            {"source_bytes", info.source.bytes}}},
          {"options", options},
          {"calibration", {{"samples", info.calibration_samples}, {"sha256", info.calibration_sha256}}},
          {"task", info.task.empty() ? Json() : Json::parse(info.task, nullptr, false)},
          {"table", !info.table.empty()},
          {"inputs", values_json(package.inputs)},
          {"outputs", values_json(package.outputs)},
          {"macs", package.macs},
          {"arena_bytes", package.arena_bytes},
          {"placement", to_json(package.placement)},
          {"sections", sections}};
}

}  // namespace quern::cli
