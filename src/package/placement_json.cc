#include "package/placement_json.h"

namespace quern {

namespace {

void add_totals(Json& into, const PlacementTotals& totals) {
  into["npu_operators"] = totals.npu_operators;
  into["cpu_operators"] = totals.cpu_operators;
  into["npu_macs_pct"] = totals.npu_macs_pct;
  into["partitions"] = totals.partitions;
  into["crossing_bytes"] = totals.crossing_bytes;
  into["npu_ms"] = totals.npu_ms;
  into["formula_ms"] = totals.formula_ms;
  into["cpu_ms"] = totals.cpu_ms;
}

Json rewrites_of(const Placement& placement) {
  Json rows = Json::array();
  for (const PlacementRewrite& one : placement.rewrites) {
    rows.push_back(
        {{"name", one.name}, {"kind", one.kind}, {"macs", one.macs}, {"reason", one.reason}, {"change", one.change}});
  }
  return rows;
}

void take_totals(Keys& keys, PlacementTotals& totals) {
  keys.take("npu_operators", totals.npu_operators);
  keys.take("cpu_operators", totals.cpu_operators);
  keys.take("npu_macs_pct", totals.npu_macs_pct);
  keys.take("partitions", totals.partitions);
  keys.take("crossing_bytes", totals.crossing_bytes);
  keys.take("npu_ms", totals.npu_ms);
  keys.take("formula_ms", totals.formula_ms);
  keys.take("cpu_ms", totals.cpu_ms);
}

Status take_rewrites(const Keys& keys, Placement& placement) {
  for (const Json& object : keys.list("rewrites")) {
    PlacementRewrite one;
    Keys row(object);
    row.take("name", one.name);
    row.take("kind", one.kind);
    row.take("macs", one.macs);
    row.take("reason", one.reason);
    row.take("change", one.change);
    QUERN_CHECK(complain(row));
    placement.rewrites.push_back(std::move(one));
  }
  Keys before = keys.inside("unchanged");
  placement.unchanged.emplace();
  take_totals(before, *placement.unchanged);
  return complain(before);
}

}  // namespace

std::string placement_json(const Placement& placement) {
  Json json = {{"target", placement.target}};
  add_totals(json, placement);
  if (placement.unchanged) {
    json["auto_rewrite"] = {{"rewrites", rewrites_of(placement)}, {"unchanged", Json::object()}};
    add_totals(json["auto_rewrite"]["unchanged"], *placement.unchanged);
  }
  json["rows"] = Json::array();
  for (const PlacementRow& row : placement.rows)
    json["rows"].push_back(
        {{"name", row.name}, {"kind", row.kind}, {"device", row.device}, {"ms", row.ms}, {"reason", row.reason}});
  // Names in models may be any bytes; JSON is UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Placement> read_placement(Keys keys) {
  Placement placement;
  keys.take("target", placement.target);
  take_totals(keys, placement);
  QUERN_CHECK(complain(keys));
  for (const Json& object : keys.list("rows")) {
    PlacementRow row;
    Keys texts(object);
    texts.take("name", row.name);
    texts.take("kind", row.kind);
    texts.take("device", row.device);
    texts.take("reason", row.reason);
    texts.take("ms", row.ms);
    QUERN_CHECK(complain(texts));
    placement.rows.push_back(std::move(row));
  }
  if (keys.has("auto_rewrite")) QUERN_CHECK(take_rewrites(keys.inside("auto_rewrite"), placement));
  return placement;
}

}  // namespace quern
