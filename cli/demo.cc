// quern demo: the whole journey on what ships with Quern, told in a few lines.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "pictures.h"
#include "quern/file.h"
#include "verbs.h"

namespace quern::cli {

namespace {

namespace fs = std::filesystem;

struct DemoOptions {
  std::string out = "demo-out";
  std::string models = QUERN_MODELS;
};

/// One model of the pair, run on every picture.
struct Side {
  std::string title;
  Session session;
  std::vector<PictureResult> results;
  int right = 0;
  double median_ms = 0;
};

std::vector<std::string> pictures_in(const fs::path& folder) {
  std::vector<std::string> files;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

/// "3_rising.jpg" shows "rising".
std::string truth(const std::string& file) {
  const std::string stem = fs::path(file).stem().string();
  return stem.substr(stem.find('_') + 1);
}

Result<Side> run_side(const std::string& title, const std::string& file, const std::vector<std::string>& pictures,
                      const PictureJob& job) {
  auto model = load_model(file);
  if (!model.ok()) return model.status();
  for (const ValueInfo& input : model->inputs()) {
    Shape shape = input.shape;
    shape[0] = 1;
    model = model->with_shape(input.name, shape);
    if (!model.ok()) return model.status();
  }
  auto compiled = compile(*model);
  if (!compiled.ok()) return compiled.status();
  auto session = Session::create(*compiled);
  if (!session.ok()) return session.status();
  Side side{title, *std::move(session), {}, 0, 0};
  std::vector<double> times;
  for (const std::string& picture : pictures) {
    auto result = run_picture(side.session, picture, job);
    if (!result.ok()) return result.status();
    side.right += result->result.labels[0].label == truth(picture) ? 1 : 0;
    times.push_back(result->times.infer);
    side.results.push_back(*std::move(result));
  }
  std::sort(times.begin(), times.end());
  side.median_ms = times.empty() ? 0 : times[times.size() / 2];
  return side;
}

double cosine(const Tensor& a, const Tensor& b) {
  double ab = 0;
  double aa = 0;
  double bb = 0;
  const auto x = a.data<float>();
  const auto y = b.data<float>();
  for (size_t i = 0; i < x.size(); ++i) ab += double{x[i]} * y[i], aa += double{x[i]} * x[i], bb += double{y[i]} * y[i];
  return aa == 0 || bb == 0 ? (aa == bb ? 1 : 0) : ab / std::sqrt(aa * bb);
}

double least_cosine(const Side& a, const Side& b) {
  double least = 1;
  for (size_t i = 0; i < a.results.size(); ++i)
    least = std::min(least, cosine(a.results[i].outputs[0], b.results[i].outputs[0]));
  return least;
}

std::string picture_table(const Side& real, const Side& int8) {
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < real.results.size(); ++i) {
    const Label& a = real.results[i].result.labels[0];
    const Label& b = int8.results[i].result.labels[0];
    rows.push_back({fs::path(real.results[i].file).filename().string(), a.label, fmt::format("{:.3f}", a.score),
                    b.label, fmt::format("{:.3f}", b.score)});
  }
  return table({"picture", "float32 says", "score", "int8 says", "score"}, rows);
}

Json side_json(const Side& side) {
  Json rows = Json::array();
  for (const StepInfo& step : side.session.steps())
    rows.push_back({{"name", step.name}, {"kind", step.source_kind}, {"kernel", step.kernel}});
  return {{"model", side.title},
          {"right", side.right},
          {"pictures", side.results.size()},
          {"infer_median_ms", side.median_ms},
          {"operators", rows}};
}

Status write_overlays(const DemoOptions& options, const Side& side) {
  Status status = make_folder(options.out);
  for (size_t i = 0; status.ok() && i < side.results.size(); ++i) {
    auto drawn = draw_result(side.results[i].picture, side.results[i].result);
    if (!drawn.ok()) return drawn.status();
    status = write_picture(*drawn, (fs::path(options.out) / fs::path(side.results[i].file).filename()).string());
  }
  return status;
}

Result<PictureJob> classify_job(const fs::path& folder) {
  auto task = find_task("classify");
  if (!task.ok()) return task.status();
  auto labels = read_labels((folder / "labels.txt").string());
  if (!labels.ok()) return labels.status();
  PictureJob job{*task, task->preprocess, {}, 3, 11};
  job.preprocess.mean = {0};
  job.preprocess.std_dev = {255};
  job.options.labels = *std::move(labels);
  job.options.top = 3;
  return job;
}

Result<int> demo(const Voice& voice, const DemoOptions& options) {
  const fs::path folder = fs::path(options.models) / "stripes";
  const std::vector<std::string> pictures = pictures_in(folder / "pictures");
  if (pictures.empty()) {
    return Error{ErrorCode::not_found,
                 fmt::format("there are no pictures in '{}'; name Quern's models folder by --models",
                             (folder / "pictures").string())};
  }
  auto job = classify_job(folder);
  if (!job.ok()) return job.status();
  auto real = run_side("float32", (folder / "stripes_float.onnx").string(), pictures, *job);
  if (!real.ok()) return real.status();
  auto int8 = run_side("int8", (folder / "stripes_int8.onnx").string(), pictures, *job);
  if (!int8.ok()) return int8.status();
  const Status status = write_overlays(options, *int8);
  if (!status.ok()) return status;
  say(voice, "A small network that tells which way stripes run, once in float32 and once in int8.\n");
  say(voice, picture_table(*real, *int8));
  for (const Side* side : {&*real, &*int8}) {
    say(voice,
        fmt::format("{:8} {} of {} pictures right, {:.3f} ms a picture, all {} operators on the cpu ({}, {} threads)",
                    side->title, side->right, pictures.size(), side->median_ms, side->session.steps().size(),
                    side->session.isa(), side->session.threads()));
  }
  const double least = least_cosine(*real, *int8);
  say(voice, fmt::format("int8 against float32: least cosine of the scores {:.6f}", least));
  say(voice, fmt::format("pictures with the int8 model's labels on them: {}",
                         fs::absolute(options.out).lexically_normal().string()));
  const Status given = give_json(voice, {{"schema", "quern.demo/1"},
                                         {"sides", {side_json(*real), side_json(*int8)}},
                                         {"least_cosine", least},
                                         {"out", options.out}});
  if (!given.ok()) return given;
  return kDone;
}

}  // namespace

Action add_demo(CLI::App& app) {
  auto options = std::make_shared<DemoOptions>();
  app.add_option("--out", options->out, "where the overlays go")->capture_default_str();
  app.add_option("--models", options->models, "the folder of models that ship with Quern")->capture_default_str();
  return [options](const Voice& voice) { return demo(voice, *options); };
}

}  // namespace quern::cli
