#include "machine_options.h"

#include <algorithm>
#include <map>

namespace quern::cli {

namespace {

/// Which kernels ran, and how many operators each.
std::string kernels_text(const Session& session) {
  std::map<std::string, int> counts;
  for (const StepInfo& step : session.steps()) ++counts[step.kernel];
  std::vector<std::pair<int, std::string>> order;
  for (const auto& [kernel, count] : counts) order.emplace_back(-count, kernel);
  std::sort(order.begin(), order.end());
  std::string text;
  for (const auto& [count, kernel] : order) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", -count, kernel);
  return text;
}

}  // namespace

void MachineOptions::add_to(CLI::App& app) {
  app.add_option("--target", target, "where to run (quern targets lists them)")->capture_default_str();
  app.add_option("--threads", threads, "default: all cores")->check(CLI::Range(1, 256));
  app.add_option("--isa", isa, "the highest instruction set to use, or 'list'");
  app.add_option("--arithmetic", arithmetic,
                 "rounding rule of integer operators (default: float, on sim: targets fixed)")
      ->check(CLI::IsMember({"float", "fixed"}));
  app.add_option("--vnpu", vnpu, "virtual NPU of a sim: target, by its number (quern targets NAME lists them)")
      ->type_name("MODE");
  app.add_flag(
      "--auto-rewrite", auto_rewrite,
      "on a sim: target: replace operators that it does not take by others that it does and that give the same "
      "bytes");
}

CompileOptions MachineOptions::compile_options() const {
  CompileOptions options;
  options.target = vnpu.empty() ? target : target + "/" + vnpu;
  options.arithmetic = rule() == "fixed" ? Arithmetic::fixed_rule : Arithmetic::float_rule;
  options.auto_rewrite = auto_rewrite;
  return options;
}

std::string MachineOptions::rule() const {
  if (!arithmetic.empty()) return arithmetic;
  return target.starts_with("sim:") ? "fixed" : "float";
}

int list_isas(const Voice& voice) {
  std::vector<std::vector<std::string>> rows;
  for (const IsaInfo& isa : instruction_sets()) rows.push_back({isa.name, isa.supported ? "yes" : "no"});
  say(voice, table({"instruction set", "here"}, rows));
  return kDone;
}

const char* to_string(Arithmetic arithmetic) {
  return arithmetic == Arithmetic::fixed_rule ? "fixed" : "float";
}

std::string ran_text(const Session& session, const CompiledModel& compiled) {
  const Placement& placement = compiled.placement();
  const std::string rewritten =
      placement.unchanged ? fmt::format(", {} of them rewritten", placement.rewrites.size()) : "";
  return fmt::format(
      "target {}: {} operators on the npu{}, {} on the cpu ({}, {} thread{}, {} arithmetic)\nkernels: {}\n",
      placement.target, placement.npu_operators, rewritten, placement.cpu_operators, session.isa(), session.threads(),
      session.threads() == 1 ? "" : "s", to_string(compiled.arithmetic()), kernels_text(session));
}

}  // namespace quern::cli
