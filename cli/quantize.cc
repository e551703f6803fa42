// quern quantize MODEL -o OUT: calibrate, make integers, write, and say what it cost.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>

#include "calibration.h"
#include "model_options.h"
#include "quern/file.h"
#include "quern/quantize.h"
#include "verbs.h"

namespace quern::cli {

namespace {

struct QuantizeWords {
  ModelOptions model;
  std::string out;
  std::vector<std::string> data;
  int64_t samples = 0;
  uint64_t seed = 0;
  std::string task;
  std::string preprocess;
  std::string calibration = "auto";
  std::string weights = "per-channel";
  std::string activations = "int8";
  bool symmetric = false;
  std::string methods = "default";
  std::vector<std::string> keep_float;
  int threads = 0;
};

Error usage(std::string sentence) {
  return {ErrorCode::invalid_argument, std::move(sentence)};
}

constexpr Calibration kCalibrations[] = {Calibration::minmax,     Calibration::moving_average,
                                         Calibration::percentile, Calibration::entropy,
                                         Calibration::mse,        Calibration::automatic};

Status parse_calibration(const std::string& text, QuantizeOptions& options) {
  const size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const auto* found = std::ranges::find_if(kCalibrations, [&](Calibration c) { return name == to_string(c); });
  if (found == std::end(kCalibrations)) {
    return usage(
        fmt::format("--calibration {}: known are minmax, moving-average, percentile[=P], entropy, mse, auto", text));
  }
  options.calibration = *found;
  if (equals == std::string::npos) return {};
  char* end = nullptr;
  options.percentile = std::strtod(text.c_str() + equals + 1, &end);
  if (*found != Calibration::percentile || *end != 0 || !(options.percentile > 50 && options.percentile <= 100))
    return usage(fmt::format("--calibration {}: only percentile takes a number, above 50 and up to 100", text));
  return {};
}

Status parse_methods(const std::string& text, QuantizeOptions& options) {
  if (text == "default") return {};
  options.equalize = options.correct_bias = options.round = false;
  if (text == "none") return {};
  for (size_t begin = 0; begin <= text.size();) {
    const size_t comma = std::min(text.find(',', begin), text.size());
    const std::string name = text.substr(begin, comma - begin);
    bool* method = name == "equalize"       ? &options.equalize
                   : name == "bias-correct" ? &options.correct_bias
                   : name == "round"        ? &options.round
                                            : nullptr;
    if (method == nullptr)
      return usage(
          fmt::format("--methods {}: '{}' is none of equalize, bias-correct, round (or none, default)", text, name));
    *method = true;
    begin = comma + 1;
  }
  return {};
}

Result<QuantizeOptions> parse(const QuantizeWords& words) {
  QuantizeOptions options;
  if (words.model.file.empty()) return usage("MODEL is required; see quern quantize --help");
  if (words.out.empty()) return usage("-o OUT is required: where the quantized model goes");
  if (!words.out.ends_with(".onnx"))
    return usage(
        fmt::format("-o {}: the suffix tells the format, and .onnx is the one that can be written", words.out));
  if (words.data.empty()) return usage("--data is required: pictures or arrays like those the model will see");
  if (const Status s = parse_calibration(words.calibration, options); !s.ok()) return s;
  if (const Status s = parse_methods(words.methods, options); !s.ok()) return s;
  if (words.weights != "per-channel" && words.weights != "per-tensor")
    return usage(fmt::format("--weights {}: per-channel or per-tensor", words.weights));
  if (words.activations != "int8" && words.activations != "uint8")
    return usage(fmt::format("--activations {}: int8 or uint8", words.activations));
  options.weights_per_channel = words.weights == "per-channel";
  options.activations = words.activations == "int8" ? DType::int8 : DType::uint8;
  options.symmetric = words.symmetric;
  options.keep_float = words.keep_float;
  options.threads = words.threads;
  return options;
}

Result<Preprocess> record_of(const QuantizeWords& words) {
  if (!words.preprocess.empty()) return load_preprocess(words.preprocess);
  if (words.task.empty()) return Preprocess{};
  auto task = load_task(words.task);
  if (!task.ok()) return as_usage(task.error());
  return task->preprocess;
}

std::string text_of(const QuantizeResult& result, const std::string& out, int64_t bytes, double seconds) {
  std::string text = fmt::format("{} samples, {:.1f} s\n", result.samples, seconds);
  if (!result.methods.empty()) {
    std::vector<std::vector<std::string>> rows;
    for (const MethodRow& row : result.methods) {
      rows.push_back({row.name, fmt::format("{:.2f}", row.sqnr_db_before), fmt::format("{:.2f}", row.sqnr_db_after),
                      fmt::format("{:+.2f}", row.sqnr_db_after - row.sqnr_db_before),
                      fmt::format("{:.1f}", row.seconds)});
    }
    text += "\n" + table({"method", "dB before", "dB after", "gain", "s"}, rows);
  }
  std::vector<std::vector<std::string>> rows;
  for (const OutputRow& row : result.outputs) {
    rows.push_back({row.name, fmt::format("{:.5f}", row.cosine), fmt::format("{:.2f}", row.sqnr_db),
                    fmt::format("{:.2f} %", 100 * row.relative_l2)});
  }
  text += "\n" + table({"output", "cosine", "SQNR dB", "relative L2"}, rows);
  return text + fmt::format("\nwrote {} ({} bytes)\n", out, grouped(bytes));
}

Json json_of(const QuantizeResult& result, const QuantizeWords& words, const std::vector<std::byte>& file,
             double seconds) {
  Json methods = Json::array();
  for (const MethodRow& row : result.methods) {
    methods.push_back({{"name", row.name},
                       {"sqnr_db_before", row.sqnr_db_before},
                       {"sqnr_db_after", row.sqnr_db_after},
                       {"seconds", row.seconds}});
  }
  Json outputs = Json::array();
  for (const OutputRow& row : result.outputs) {
    outputs.push_back(
        {{"name", row.name}, {"cosine", row.cosine}, {"sqnr_db", row.sqnr_db}, {"relative_l2", row.relative_l2}});
  }
  return {{"schema", "quern.quantize/1"},
          {"model", words.model.file},
          {"output", {{"file", words.out}, {"format", "onnx"}, {"bytes", file.size()}, {"sha256", sha256(file)}}},
          {"samples", result.samples},
          {"methods", methods},
          {"outputs", outputs},
          {"kept_float", result.kept_float},
          {"seconds", seconds}};
}

Result<int> quantize_model(const QuantizeWords& words, const Voice& voice) {
  const auto start = std::chrono::steady_clock::now();
  auto options = parse(words);
  if (!options.ok()) return options.status();
  auto loaded = load(words.model, voice);
  if (!loaded.ok()) return loaded.status();
  auto model = take_batch_of_one(*loaded, voice);
  if (!model.ok()) return model.status();
  auto record = record_of(words);
  if (!record.ok()) return record.status();
  auto set = CalibrationSet::open({words.data, {words.samples, words.seed}, *std::move(record)}, *model, voice);
  if (!set.ok()) return set.status();
  auto result = quantize(*model, set->source(), *options);
  if (!result.ok()) return result.status();
  if (const Status saved = save_model(result->model, words.out); !saved.ok()) return saved;
  auto file = read_file(words.out);
  if (!file.ok()) return file.status();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  say(voice, text_of(*result, words.out, static_cast<int64_t>(file->size()), seconds));
  if (const Status given = give_json(voice, json_of(*result, words, *file, seconds)); !given.ok()) return given;
  return static_cast<int>(kDone);
}

}  // namespace

Action add_quantize(CLI::App& app) {
  auto words = std::make_shared<QuantizeWords>();
  words->model.add_to(app);
  app.add_option("-o,--output", words->out, "where the quantized model goes; .onnx (Q/DQ)")->type_name("FILE");
  app.add_option("--data", words->data, "folder, tar, list file, picture or array to calibrate with (repeat)")
      ->type_name("PATH")
      ->allow_extra_args(false);
  app.add_option("--samples", words->samples, "how many samples to take (default: all)")->check(CLI::PositiveNumber);
  app.add_option("--seed", words->seed, "which samples, when there are more (default 0)");
  app.add_option("--task", words->task, "task whose pre-processing record pictures get (quern tasks)");
  app.add_option("--preprocess", words->preprocess, "pre-processing record, JSON file or text; overrides --task's");
  app.add_option(
      "--calibration", words->calibration,
      "minmax, moving-average, percentile[=P], entropy, mse, or auto (default): what does best on samples kept back");
  app.add_option("--weights", words->weights, "per-channel (default) or per-tensor");
  app.add_option("--activations", words->activations, "int8 (default) or uint8");
  app.add_flag("--symmetric", words->symmetric, "zero points in the middle of the type");
  app.add_option("--methods", words->methods,
                 "equalize,bias-correct,round in a list; none; or default: each where it helps on samples kept back");
  app.add_option("--keep-float", words->keep_float,
                 "operators, by a regular expression on name or kind, that stay float (repeat)")
      ->type_name("REGEX")
      ->allow_extra_args(false);
  app.add_option("--threads", words->threads, "threads (default: all cores)")->check(CLI::Range(1, 256));
  return [words](const Voice& voice) { return quantize_model(*words, voice); };
}

}  // namespace quern::cli
