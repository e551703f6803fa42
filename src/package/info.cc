#include "package/info.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace quern {

namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Placement& placement) {
  Json rows = Json::array();
  for (const PlacementRow& row : placement.rows) rows.push_back({row.name, row.kind, row.device, row.reason});
  return {{"target", placement.target},
          {"npu_operators", placement.npu_operators},
          {"cpu_operators", placement.cpu_operators},
          {"npu_macs_pct", placement.npu_macs_pct},
          {"partitions", placement.partitions},
          {"crossing_bytes", placement.crossing_bytes},
          {"npu_ms", placement.npu_ms},
          {"cpu_ms", placement.cpu_ms},
          {"rows", rows}};
}

/// Takes keys out of an object that may be anything. The first that is not as it should be is remembered.
class Keys {
 public:
  explicit Keys(const Json& object) : object_(object) {}

  template <typename T>
  void take(const char* key, T& into) {
    const auto found = object_.find(key);
    try {
      if (found != object_.end()) return into = found->template get<T>(), void();
    } catch (const Json::exception&) {  // of another type: said below
    }
    if (wrong_.empty()) wrong_ = key;
  }
  Keys inside(const char* key) const {
    const auto found = object_.find(key);
    return Keys(found != object_.end() ? *found : kNothing);
  }
  const Json& list(const char* key) const {
    const auto found = object_.find(key);
    return found != object_.end() && found->is_array() ? *found : kNothing;
  }
  const std::string& wrong() const { return wrong_; }

 private:
  static const Json kNothing;
  const Json& object_;
  std::string wrong_;
};
const Json Keys::kNothing = Json::object();

Status complain(const Keys& keys) {
  if (keys.wrong().empty()) return {};
  return fail(ErrorCode::invalid_file, "section 'info': the key '{}' is missing or of the wrong type", keys.wrong());
}

bool is_texts(const Json& row, size_t count) {
  return row.is_array() && row.size() == count &&
         std::all_of(row.begin(), row.end(), [](const Json& cell) { return cell.is_string(); });
}

Result<Placement> placement_of(Keys keys) {
  Placement placement;
  keys.take("target", placement.target);
  keys.take("npu_operators", placement.npu_operators);
  keys.take("cpu_operators", placement.cpu_operators);
  keys.take("npu_macs_pct", placement.npu_macs_pct);
  keys.take("partitions", placement.partitions);
  keys.take("crossing_bytes", placement.crossing_bytes);
  keys.take("npu_ms", placement.npu_ms);
  keys.take("cpu_ms", placement.cpu_ms);
  QUERN_CHECK(complain(keys));
  for (const Json& row : keys.list("rows")) {
    if (!is_texts(row, 4))
      return fail(ErrorCode::invalid_file, "section 'info': a row of the placement is not four texts");
    placement.rows.push_back({row[0], row[1], row[2], row[3]});
  }
  return placement;
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
                       {"placement", to_json(placement)}};
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
  QUERN_TRY(read.placement, placement_of(keys.inside("placement")));
  return read;
}

}  // namespace quern
