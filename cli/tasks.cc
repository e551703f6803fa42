// quern tasks [NAME|FILE.json]: the decoders, their default pre-processing records and thresholds.
#include "quern/task.h"

#include "verbs.h"

namespace quern::cli {

namespace {

std::string number_or_dash(const std::optional<double>& number) {
  return number ? fmt::format("{}", *number) : "-";
}

std::string describe(const Task& task) {
  std::string text =
      fmt::format("{}: {}\n  preprocess  {}\n  score       {}\n  iou         {}\n", task.name, task.summary,
                  to_text(task.preprocess), number_or_dash(task.score), number_or_dash(task.iou));
  for (const ExpectedOutput& output : task.outputs)
    text += fmt::format("  output      {} {}\n", output.name, output.shape);
  if (!task.labels.empty())
    text += fmt::format("  labels      {}: {}\n", task.labels.size(), fmt::join(task.labels, ", "));
  return text;
}

Result<int> show(const Voice& voice, const std::string& name) {
  Json list = Json::array();
  std::string text;
  std::vector<std::vector<std::string>> lines;
  std::vector<Task> shown = tasks();
  if (!name.empty()) {
    auto one = load_task(name);
    if (!one.ok()) return as_usage(one.error());
    shown = {*one};
  }
  for (const Task& task : shown) {
    list.push_back(Json::parse(to_json(task)));
    text += describe(task);
    lines.push_back({task.name, task.summary});
  }
  say(voice, name.empty() ? table({"task", "what it makes of the numbers"}, lines) : text);
  const Status status = give_json(voice, {{"schema", "quern.tasks/1"}, {"tasks", list}});
  if (!status.ok()) return status;
  return kDone;
}

}  // namespace

Action add_tasks(CLI::App& app) {
  auto name = std::make_shared<std::string>();
  app.add_option("NAME", *name, "one task, or a task record's file, in full");
  return [name](const Voice& voice) { return show(voice, *name); };
}

}  // namespace quern::cli
