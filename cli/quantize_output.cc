#include "quantize_output.h"

#include "quantize_drop.h"
#include "quern/file.h"

namespace quern::cli {

std::string text_of(const QuantizeResult& result, const QuantizedFile& file) {
  std::string text = result.samples == 0 ? fmt::format("all from the table, {:.1f} s\n", file.seconds)
                                         : fmt::format("{} samples, {:.1f} s\n", result.samples, file.seconds);
  if (!result.methods.empty()) {
    std::vector<std::vector<std::string>> rows;
    for (const MethodRow& row : result.methods) {
      rows.push_back({row.name, fmt::format("{:.2f}", row.sqnr_db_before), fmt::format("{:.2f}", row.sqnr_db_after),
                      fmt::format("{:+.2f}", row.sqnr_db_after - row.sqnr_db_before),
                      fmt::format("{:.1f}", row.seconds)});
    }
    text += "\n" + table({"method", "dB before", "dB after", "gain", "s"}, rows);
  }
  std::vector<std::vector<std::string>> rows;
  for (const OutputRow& row : result.outputs) {
    rows.push_back({row.name, fmt::format("{:.5f}", row.cosine), fmt::format("{:.2f}", row.sqnr_db),
                    fmt::format("{:.2f} %", 100 * row.relative_l2)});
  }
  if (result.drop) text += "\n" + text_of(*result.drop);
  if (!rows.empty()) text += "\n" + table({"output", "cosine", "SQNR dB", "relative L2"}, rows);
  return text + fmt::format("\nwrote {} ({} bytes)\n", file.out, grouped(static_cast<int64_t>(file.bytes.size())));
}

Json json_of(const QuantizeResult& result, const QuantizedFile& file) {
  Json methods = Json::array();
  for (const MethodRow& row : result.methods) {
    methods.push_back({{"name", row.name},
                       {"sqnr_db_before", row.sqnr_db_before},
                       {"sqnr_db_after", row.sqnr_db_after},
                       {"seconds", row.seconds}});
  }
  Json outputs = Json::array();
  for (const OutputRow& row : result.outputs) {
    outputs.push_back(
        {{"name", row.name}, {"cosine", row.cosine}, {"sqnr_db", row.sqnr_db}, {"relative_l2", row.relative_l2}});
  }
  return {{"schema", "quern.quantize/1"},
          {"model", file.model},
          {"output",
           {{"file", file.out}, {"format", file.format}, {"bytes", file.bytes.size()}, {"sha256", sha256(file.bytes)}}},
          {"samples", result.samples},
          {"methods", methods},
          {"outputs", outputs},
          {"kept_float", result.kept_float},
          {"kept_int16", result.kept_int16},
          {"max_drop", result.drop ? json_of(*result.drop) : Json()},
          {"seconds", file.seconds}};
}

}  // namespace quern::cli
