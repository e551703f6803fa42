#include "package/info.h"

#include <algorithm>

#include "package/json_keys.h"
#include "package/placement_json.h"

namespace quern {

namespace {

bool is_texts(const Json& row, size_t count) {
  return row.is_array() && row.size() == count &&
         std::all_of(row.begin(), row.end(), [](const Json& cell) { return cell.is_string(); });
}

}  // namespace

std::string info_json(const PackageInfo& info, const Placement& placement) {
  Json options = Json::array();
  for (const auto& [name, value] : info.options) options.push_back({name, value});
  const Json object = {{"schema", "quern.package/1"},
                       {"quern_version", info.quern_version},
                       {"source",
                        {{"file", info.source.file},
                         {"format", info.source.format},
                         {"producer", info.source.producer},
                         {"sha256", info.source.sha256},
                         {"bytes", info.source.bytes}}},
                       {"options", options},
                       {"calibration", {{"samples", info.calibration_samples}, {"sha256", info.calibration_sha256}}},
                       {"task", info.task},
                       {"placement", Json::parse(placement_json(placement))}};
  return object.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<ReadInfo> read_info(const std::string& text) {
  const Json object = Json::parse(text, nullptr, false);
  if (!object.is_object()) return fail(ErrorCode::invalid_file, "section 'info' is not a JSON object");
  ReadInfo read;
  Keys keys(object);
  keys.take("quern_version", read.info.quern_version);
  keys.take("task", read.info.task);
  QUERN_CHECK(complain(keys));
  Keys source = keys.inside("source");
  source.take("file", read.info.source.file);
  source.take("format", read.info.source.format);
  source.take("producer", read.info.source.producer);
  source.take("sha256", read.info.source.sha256);
  source.take("bytes", read.info.source.bytes);
  QUERN_CHECK(complain(source));
  Keys calibration = keys.inside("calibration");
  calibration.take("samples", read.info.calibration_samples);
  calibration.take("sha256", read.info.calibration_sha256);
  QUERN_CHECK(complain(calibration));
  for (const Json& option : keys.list("options")) {
    if (!is_texts(option, 2)) return fail(ErrorCode::invalid_file, "section 'info': an option is not two texts");
    read.info.options.emplace_back(option[0], option[1]);
  }
  QUERN_TRY(read.placement, read_placement(keys.inside("placement")));
  return read;
}

}  // namespace quern
