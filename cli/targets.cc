// quern targets: where models can run, and which instruction sets this machine has.
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

}  // namespace

Action add_targets(CLI::App& /*app*/) {
  return list_targets;
}

}  // namespace quern::cli
