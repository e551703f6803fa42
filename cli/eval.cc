// quern eval MODEL --data DIR --labels FILE: accuracy on labelled pictures.
#include "eval.h"

#include "machine_options.h"
#include "model_options.h"
#include "stopwatch.h"
#include "verbs.h"

namespace quern::cli {

namespace {

struct EvalOptions {
  ModelOptions model;
  MachineOptions machine;
  std::vector<std::string> data;
  std::string labels;
  std::string task;
  std::string names;
  std::string preprocess;
  std::optional<double> score;
  std::optional<double> iou;
  int64_t samples = 0;
  uint64_t seed = 0;
  int rounds = 0;
  std::string boxes;
};

/// Average precision weighs all boxes by their scores, so weak ones must be seen; suppression is then milder than for
/// drawing, as detectors are usually measured.
struct Thresholds {
  const char* task;
  double score;
  double iou;
};
constexpr Thresholds kThresholds[] = {
    {"nanodet", 0.05, 0.6}, {"nanodet_plus", 0.05, 0.6}, {"fastestdet", 0.05, 0.45}, {"face_det_lite", 0.05, 0.3},
    {"yunet", 0.05, 0.3},   {"ultraface", 0.05, 0.3},    {"blazeface", 0.05, 0.3},
};

Error usage(std::string sentence) {
  return {ErrorCode::invalid_argument, std::move(sentence)};
}

/// The task that fits the kind of truth.
Result<Task> task_for(const EvalOptions& options, bool boxes) {
  if (options.task.empty() && boxes)
    return usage(fmt::format("'{}' holds boxes: name the detector by --task", options.labels));
  auto task = load_task(options.task.empty() ? "classify" : options.task);
  if (!task.ok()) return as_usage(task.error());
  if (task->name != "classify" && !boxes)
    return usage(
        fmt::format("'{}' is no JSON, so it gives classes, not boxes; it can be the truth of task classify, "
                    "not of {}",
                    options.labels, task->name));
  if (boxes && !task->score)
    return usage(
        fmt::format("'{}' holds boxes; it can be the truth of a detector, not of task {}", options.labels, task->name));
  return task;
}

Result<PictureJob> picture_job(const EvalOptions& options, Task task) {
  if (!options.names.empty()) {
    auto names = read_labels(options.names);
    if (!names.ok()) return names.status();
    task.labels = *std::move(names);
  }
  if (!options.preprocess.empty()) {
    auto record = load_preprocess(options.preprocess);
    if (!record.ok()) return record.status();
    task.preprocess = *std::move(record);
  }
  return eval_picture_job(task, options.score, options.iou);
}

Result<CompiledModel> build(const Voice& voice, const EvalOptions& options) {
  auto model = load(options.model, voice);
  if (model.ok()) model = take_batch_of_one(*model, voice);
  if (!model.ok()) return model.status();
  return compile(*model, options.machine.compile_options());
}

/// Everything that can be wrong is looked at before the first picture runs.
Result<EvalJob> prepare_job(const Voice& voice, const EvalOptions& options, bool boxes, const CompiledModel& compiled) {
  auto task = task_for(options, boxes);
  if (!task.ok()) return task.status();
  auto picture = picture_job(options, *std::move(task));
  if (!picture.ok()) return picture.status();
  auto data = DataSet::open(options.data);
  if (!data.ok()) return data.status();
  for (const std::string& sentence : data->notes()) note(voice, sentence);
  auto session = Session::create(compiled, {options.machine.threads, options.machine.isa, false});
  if (!session.ok()) return session.status();
  return EvalJob{
      *std::move(session), *std::move(picture), *std::move(data), options.labels, {options.samples, options.seed},
      options.boxes,       options.rounds};
}

Result<int> eval(const Voice& voice, const EvalOptions& options) {
  if (options.machine.isa == "list") return list_isas(voice);
  Stopwatch watch;
  auto boxes = is_box_truth(options.labels);
  if (!boxes.ok()) return boxes.status();
  if (!*boxes && (!options.boxes.empty() || options.score || options.iou))
    return usage("--boxes, --score and --iou need a truth of boxes (COCO JSON)");
  auto compiled = build(voice, options);
  if (!compiled.ok()) return compiled.status();
  auto job = prepare_job(voice, options, *boxes, *compiled);
  if (!job.ok()) return job.status();
  Json json = {{"schema", "quern.eval/1"},
               {"model", options.model.file},
               {"task", job->picture.task.name},
               {"target", compiled->placement().target},
               {"preprocess", Json::parse(to_json(job->picture.preprocess))}};
  Status status = *boxes ? eval_boxes(voice, *job, json) : eval_classes(voice, *job, json);
  if (!status.ok()) return status;
  json["isa"] = job->session.isa();
  json["threads"] = job->session.threads();
  json["arithmetic"] = options.machine.rule();
  json["total_ms"] = watch.lap_ms();
  const Json& times = json["times_ms"];
  say(voice,
      fmt::format("a picture: decode {:.2f} ms, prepare {:.2f} ms, infer {:.2f} ms, finish {:.2f} ms (medians)\n",
                  times["decode"].get<double>(), times["prepare"].get<double>(), times["infer"].get<double>(),
                  times["finish"].get<double>()));
  say(voice, ran_text(job->session, *compiled));
  status = give_json(voice, json);
  if (!status.ok()) return status;
  return kDone;
}

}  // namespace

PictureJob eval_picture_job(const Task& task, std::optional<double> score, std::optional<double> iou) {
  PictureJob job{task, task.preprocess, {}, 0, 1};
  for (const Thresholds& row : kThresholds) {
    if (task.name != row.task) continue;
    job.options.score = score.value_or(row.score);
    job.options.iou = iou.value_or(row.iou);
  }
  return job;
}

Action add_eval(CLI::App& app) {
  auto options = std::make_shared<EvalOptions>();
  EvalOptions& o = *options;
  o.model.add_to(app);
  app.add_option("--data", o.data, "the pictures: a folder, a tar, or a list file (repeat)")
      ->type_name("PATH")
      ->expected(1)
      ->take_all()
      ->required();
  app.add_option("--labels", o.labels, "the truth: lines 'picture class_index [class_name]', or COCO's JSON of boxes")
      ->type_name("FILE")
      ->required();
  app.add_option("--task", o.task, "what the numbers mean, or a task record's file (default with classes: classify)");
  app.add_option("--names", o.names, "the model's classes, one a line")->type_name("FILE");
  app.add_option("--score", o.score, "least score of a box (default: 0.05)");
  app.add_option("--iou", o.iou, "overlap above which the weaker box goes (default: 0.6 for NanoDet, 0.3 for faces)");
  app.add_option("--preprocess", o.preprocess, "a pre-processing record instead of the task's");
  app.add_option("--samples", o.samples, "take N of the labelled pictures")->check(CLI::PositiveNumber)->type_name("N");
  app.add_option("--seed", o.seed, "which of them, and the seed of the intervals")->capture_default_str();
  app.add_option("--rounds", o.rounds, "rounds of the bootstrap (default: 1000, for boxes 200)")
      ->check(CLI::Range(10, 100000));
  app.add_option("--boxes", o.boxes, "write the boxes in COCO's form of results")->type_name("FILE.json");
  o.machine.add_to(app);
  return [options](const Voice& voice) { return eval(voice, *options); };
}

}  // namespace quern::cli
