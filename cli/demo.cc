// quern demo: the whole journey on the models and pictures that ship with Quern, told in a few lines.
#include <algorithm>
#include <filesystem>

#include "calibration.h"
#include "demo_npu.h"
#include "eval.h"
#include "model_options.h"
#include "quern/file.h"
#include "stopwatch.h"
#include "verbs.h"

namespace quern::cli {

namespace {

namespace fs = std::filesystem;

struct DemoOptions {
  std::string out = "demo-out";
  std::string models = QUERN_MODELS;
};

/// A model that ships, and the set of pictures it is for.
struct Exhibit {
  const char* name;
  const char* set;
  const char* about;
};
constexpr Exhibit kExhibits[] = {
    {"signs_mobilenet_v2", "signs", "MobileNetV2 names 24 signs"},
    {"signs_squeezenet", "signs", "SqueezeNet names 24 signs"},
    {"people_nanodet_plus", "people", "NanoDet-Plus finds bodies, faces and hands"},
    {"people_face_det_lite", "people", "face_det_lite finds faces and their landmarks"},
};

/// Of the 64 calibration pictures that ship; more would gain little here and take longer.
constexpr int64_t kCalibrationPictures = 16;
constexpr size_t kOverlays = 6;
constexpr const char* kNpu = "sim:qcs6490";

/// One form of a model, measured on the labelled pictures.
struct Side {
  double accuracy = 0;  ///< top-1 or mAP@0.5, 0..1
  double infer_ms = 0;  ///< median
  Json json;
};

/// One exhibit from float to 8 bits.
struct Story {
  std::string measure;  ///< "top-1" or "mAP@0.5"
  int64_t pictures = 0;
  Side real;
  Side stored;
  QuantizeResult quantized;
  double quantize_seconds = 0;
  int64_t float_bytes = 0;
  int64_t stored_bytes = 0;
  std::string isa;
  size_t operators = 0;
  std::string overlays;
  std::string npu;  ///< the line of the simulated NPU
  Json npu_json;
};

/// The folders and files of an exhibit.
struct Places {
  fs::path model;
  fs::path task;
  fs::path pictures;
  fs::path truth;
  fs::path calibration;
  fs::path out;
};

Places places_of(const DemoOptions& options, const Exhibit& exhibit) {
  const fs::path models = options.models;
  const fs::path folder = models / exhibit.name;
  const fs::path pictures = models / "scenes" / "samples" / exhibit.set;
  const bool boxes = fs::exists(pictures / "truth.json");
  return {folder / (std::string(exhibit.name) + ".onnx"),
          folder / "task.json",
          pictures,
          pictures / (boxes ? "truth.json" : "truth.txt"),
          models / "scenes" / "calibration" / (std::string(exhibit.set) + ".tar"),
          fs::path(options.out) / exhibit.name};
}

/// The demo tells its own story: what the parts would say is kept back.
Voice silent() {
  Voice voice;
  voice.quiet = true;
  return voice;
}

Result<Model> load_exhibit(const fs::path& file) {
  auto model = load_model(file.string());
  if (!model.ok()) return model;
  return take_batch_of_one(*model, silent());
}

Result<Session> start(const Model& model) {
  auto compiled = compile(model);
  if (!compiled.ok()) return compiled.status();
  return Session::create(*compiled);
}

Result<Side> measure(const Model& model, const Task& task, const Places& places, Story& story) {
  auto session = start(model);
  if (!session.ok()) return session.status();
  auto data = DataSet::open({places.pictures.string()});
  if (!data.ok()) return data.status();
  story.isa = session->isa();
  story.operators = session->steps().size();
  EvalJob job{*std::move(session), eval_picture_job(task, {}, {}), *std::move(data), places.truth.string(), {}, "", 0};
  Json json;
  const bool boxes = task.score.has_value();
  const Status status = boxes ? eval_boxes(silent(), job, json) : eval_classes(silent(), job, json);
  if (!status.ok()) return status;
  story.measure = boxes ? "mAP@0.5" : "top-1";
  story.pictures = json["data"]["pictures"];
  const Json& metrics = json["metrics"];
  const double accuracy = boxes ? metrics["map50"].get<double>() : metrics["top1_pct"].get<double>() / 100;
  return Side{accuracy, json["times_ms"]["infer"], json};
}

/// Quantizes, writes the file and reads it back: what follows is about the file.
Result<Model> make_stored(const Model& model, const Task& task, const Places& places, Story& story) {
  Stopwatch watch;
  const CalibrationChoice choice{{places.calibration.string()}, {kCalibrationPictures, 0}, task.preprocess};
  auto set = CalibrationSet::open(choice, model, silent());
  if (!set.ok()) return set.status();
  auto quantized = quantize(model, set->source(), {});
  if (!quantized.ok()) return quantized.status();
  story.quantized = *std::move(quantized);
  story.quantize_seconds = watch.lap_ms() / 1000;
  const std::string file = (places.out / "int8.onnx").string();
  if (const Status made = make_folder(places.out.string()); !made.ok()) return made;
  if (const Status saved = save_model(story.quantized.model, file); !saved.ok()) return saved;
  return load_exhibit(file);
}

/// The first pictures with what the 8-bit model sees on them.
Status write_overlays(const Model& model, const Task& task, const Places& places) {
  auto session = start(model);
  if (!session.ok()) return session.status();
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(places.pictures)) {
    if (entry.path().extension() == ".jpg") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  files.resize(std::min(files.size(), kOverlays));
  PictureJob job{task, task.preprocess, {}, 0, 1};
  job.options.top = 3;
  job.options.softmax = !task.score;
  for (const fs::path& file : files) {
    auto result = run_picture(*session, file.string(), job);
    if (!result.ok()) return result.status();
    auto drawn = draw_result(result->picture, result->result);
    if (!drawn.ok()) return drawn.status();
    const Status status = write_picture(*drawn, (places.out / file.filename()).string());
    if (!status.ok()) return status;
  }
  return {};
}

int64_t bytes_of(const fs::path& file) {
  std::error_code code;
  const auto bytes = fs::file_size(file, code);
  return code ? 0 : static_cast<int64_t>(bytes);
}

Result<Story> tell(const DemoOptions& options, const Exhibit& exhibit) {
  const Places places = places_of(options, exhibit);
  auto task = load_task(places.task.string());
  if (!task.ok()) return task.status();
  auto model = load_exhibit(places.model);
  if (!model.ok()) return model.status();
  Story story{.quantized = {*model, 0, {}, {}, {}}};
  auto real = measure(*model, *task, places, story);
  if (!real.ok()) return real.status();
  auto stored_model = make_stored(*model, *task, places, story);
  if (!stored_model.ok()) return stored_model.status();
  auto stored = measure(*stored_model, *task, places, story);
  if (!stored.ok()) return stored.status();
  if (const Status drawn = write_overlays(*stored_model, *task, places); !drawn.ok()) return drawn;
  const NpuPart part{kNpu, (places.out / "int8.quern").string(), places.pictures.string(), *task};
  const auto npu = tell_npu(*stored_model, part);
  if (!npu.ok()) return npu.status();
  story.npu = npu_line(*npu, part);
  story.npu_json = npu_json(*npu, part);
  story.real = *std::move(real);
  story.stored = *std::move(stored);
  story.float_bytes = bytes_of(places.model);
  story.stored_bytes = bytes_of(places.out / "int8.onnx");
  story.overlays = places.out.string();
  return story;
}

double least_cosine(const Story& story) {
  double least = 1;
  for (const OutputRow& row : story.quantized.outputs) least = std::min(least, row.cosine);
  return least;
}

std::string text_of(const Exhibit& exhibit, const Story& story) {
  const auto side = [&](const char* name, const Side& s, int64_t bytes) {
    return fmt::format("  {:5} {} {:.1f} %, {:.2f} ms a picture, {} kB\n", name, story.measure, 100 * s.accuracy,
                       s.infer_ms, bytes / 1000);
  };
  return fmt::format("{} ({} pictures)\n", exhibit.about, story.pictures) +
         side("float", story.real, story.float_bytes) + side("int8", story.stored, story.stored_bytes) + story.npu +
         fmt::format(
             "  quantized with {} pictures in {:.1f} s; least cosine of an output {:.4f}; float and int8: all {} "
             "operators on the cpu ({})\n",
             story.quantized.samples, story.quantize_seconds, least_cosine(story), story.operators, story.isa);
}

Json json_of(const Exhibit& exhibit, const Story& story) {
  Json methods = Json::array();
  for (const MethodRow& row : story.quantized.methods)
    methods.push_back(
        {{"name", row.name}, {"sqnr_db_before", row.sqnr_db_before}, {"sqnr_db_after", row.sqnr_db_after}});
  const auto side = [](const Side& s) {
    return Json{{"accuracy", s.accuracy}, {"infer_median_ms", s.infer_ms}, {"metrics", s.json["metrics"]}};
  };
  return {{"model", exhibit.name},
          {"measure", story.measure},
          {"pictures", story.pictures},
          {"float", side(story.real)},
          {"int8", side(story.stored)},
          {"samples", story.quantized.samples},
          {"methods", methods},
          {"least_cosine", least_cosine(story)},
          {"quantize_seconds", story.quantize_seconds},
          {"npu", story.npu_json},
          {"out", story.overlays}};
}

Result<int> demo(const Voice& voice, const DemoOptions& options) {
  say(voice, "From float to int8 to a simulated NPU, on models and pictures that ship with Quern.\n");
  Json stories = Json::array();
  for (const Exhibit& exhibit : kExhibits) {
    auto story = tell(options, exhibit);
    if (!story.ok()) return story.status();
    say(voice, text_of(exhibit, *story));
    stories.push_back(json_of(exhibit, *story));
  }
  say(voice, fmt::format("The int8 models, their packages, and pictures with what they see on them: {}",
                         fs::absolute(options.out).lexically_normal().string()));
  const Status given = give_json(voice, {{"schema", "quern.demo/1"}, {"models", stories}, {"out", options.out}});
  if (!given.ok()) return given;
  return kDone;
}

}  // namespace

Action add_demo(CLI::App& app) {
  auto options = std::make_shared<DemoOptions>();
  app.add_option("--out", options->out, "where models and overlays go")->capture_default_str();
  app.add_option("--models", options->models, "the folder of models that ship with Quern")->capture_default_str();
  return [options](const Voice& voice) { return demo(voice, *options); };
}

}  // namespace quern::cli
