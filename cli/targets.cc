// quern targets [sim:CHIP|sim:FILE.json]: where models can run, and which instruction sets this machine has; or one
// simulated target in full.
#include "quern/compile.h"
#include "quern/session.h"
#include "verbs.h"

namespace quern::cli {

namespace {

Result<int> list_targets(const Voice& voice) {
  Json rows = Json::array();
  std::vector<std::vector<std::string>> lines;
  for (const TargetInfo& target : targets()) {
    rows.push_back(
        {{"name", target.name}, {"about", target.about}, {"available", target.available}, {"reason", target.reason}});
    lines.push_back({target.name, target.available ? "yes" : "no", target.about, target.reason});
  }
  Json isas = Json::array();
  std::vector<std::vector<std::string>> isa_lines;
  for (const IsaInfo& isa : instruction_sets()) {
    isas.push_back({{"name", isa.name}, {"supported", isa.supported}});
    isa_lines.push_back({isa.name, isa.supported ? "yes" : "no"});
  }
  say(voice, table({"target", "usable", "what it is", "why"}, lines) + "\n" +
                 table({"instruction set (--isa)", "here"}, isa_lines));
  const Status status =
      give_json(voice, {{"schema", "quern.targets/1"}, {"targets", rows}, {"instruction_sets", isas}});
  if (!status.ok()) return status;
  return kDone;
}

std::string words(const std::vector<std::string>& list, const char* separator) {
  return fmt::format("{}", fmt::join(list, separator));
}

std::string text_of(const TargetDetail& target) {
  std::vector<std::vector<std::string>> figures, modes, operators;
  for (const TargetFigureRow& row : target.figures) figures.push_back({row.name, row.value, row.origin, row.source});
  for (const TargetModeRow& row : target.modes)
    modes.push_back({fmt::format("{}{}", row.id, row.selected ? " *" : ""), row.about});
  for (const TargetOperatorRow& row : target.operators)
    operators.push_back({row.device, words(row.types, " "),
                         words(row.kinds, " ") + (row.limits.empty() ? "" : ": ") + words(row.limits, "; ")});
  const std::string lookups =
      target.lookup_pass.empty() ? "" : fmt::format("rules.lookup_pass: {}\n", words(target.lookup_pass, " "));
  return fmt::format("{}: {}\n{}\n\n{}{}\n{}\n{}", target.info.name, target.info.about, target.info.reason,
                     table({"figure", "value", "origin", "source"}, figures), lookups,
                     table({"mode (--vnpu)", "what it is"}, modes),
                     table({"device", "types", "operators and their limits"}, operators));
}

Json json_of(const TargetDetail& target) {
  Json figures = Json::array(), modes = Json::array(), operators = Json::array();
  for (const TargetFigureRow& row : target.figures)
    figures.push_back({{"name", row.name}, {"value", row.value}, {"origin", row.origin}, {"source", row.source}});
  for (const TargetModeRow& row : target.modes)
    modes.push_back({{"id", row.id}, {"about", row.about}, {"selected", row.selected}});
  for (const TargetOperatorRow& row : target.operators)
    operators.push_back({{"kinds", row.kinds}, {"device", row.device}, {"types", row.types}, {"limits", row.limits}});
  return {{"schema", "quern.targets/1"},
          {"target",
           {{"name", target.info.name},
            {"about", target.info.about},
            {"available", target.info.available},
            {"reason", target.info.reason},
            {"figures", figures},
            {"lookup_pass", target.lookup_pass},
            {"modes", modes},
            {"operators", operators}}}};
}

Result<int> show_target(const Voice& voice, const std::string& name, std::optional<int64_t> mode) {
  const auto target = describe_target(name, mode);
  if (!target.ok()) return as_usage(target.error());
  say(voice, text_of(*target));
  const Status status = give_json(voice, json_of(*target));
  if (!status.ok()) return status;
  return kDone;
}

}  // namespace

Action add_targets(CLI::App& app) {
  auto name = std::make_shared<std::string>();
  auto mode = std::make_shared<std::optional<int64_t>>();
  CLI::Option* named = app.add_option("NAME", *name, "a simulated target in full: sim:CHIP, or sim:FILE.json");
  app.add_option("--vnpu", *mode, "the virtual NPU to show instead of the default")->type_name("MODE")->needs(named);
  return [name, mode](const Voice& voice) {
    return name->empty() ? list_targets(voice) : show_target(voice, *name, *mode);
  };
}

}  // namespace quern::cli
