#include "quantize_options.h"

#include <algorithm>

namespace quern::cli {

namespace {

Error usage(std::string sentence) {
  return {ErrorCode::invalid_argument, std::move(sentence)};
}

constexpr Calibration kCalibrations[] = {Calibration::minmax,     Calibration::moving_average,
                                         Calibration::percentile, Calibration::entropy,
                                         Calibration::mse,        Calibration::automatic};

Status parse_calibration(const std::string& text, QuantizeOptions& options) {
  if (text.empty()) return {};
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
  options.equalize = options.absorb = options.correct_bias = options.round = false;
  if (text == "none") return {};
  for (size_t begin = 0; begin <= text.size();) {
    const size_t comma = std::min(text.find(',', begin), text.size());
    const std::string name = text.substr(begin, comma - begin);
    bool* method = name == "equalize"       ? &options.equalize
                   : name == "absorb"       ? &options.absorb
                   : name == "bias-correct" ? &options.correct_bias
                   : name == "round"        ? &options.round
                                            : nullptr;
    if (method == nullptr)
      return usage(fmt::format("--methods {}: '{}' is none of equalize, absorb, bias-correct, round (or none, default)",
                               text, name));
    *method = true;
    begin = comma + 1;
  }
  return {};
}

/// The table's values decide the type of activations, unless the user does.
Status take_table(const std::string& file, QuantizeOptions& options) {
  if (file.empty()) return {};
  auto table = read_table(file);
  if (!table.ok()) return table.status();
  for (const TableRow& row : table->rows) {
    if (row.kind == TableRow::Kind::value && row.dtype != DType::int16) options.activations = row.dtype;
  }
  options.table = *std::move(table);
  return {};
}

}  // namespace

std::string format_of(const QuantizeWords& words) {
  for (const std::string format : {"onnx", "tflite", "quern"}) {
    if (words.out.ends_with("." + format)) return format;
  }
  return {};
}

Result<QuantizeOptions> quantize_options(const QuantizeWords& words) {
  QuantizeOptions options;
  if (words.model.file.empty()) return usage("MODEL is required; see quern quantize --help");
  if (words.out.empty()) return usage("-o OUT is required: where the quantized model goes");
  if (format_of(words).empty())
    return usage(
        fmt::format("-o {}: the suffix tells the format; .onnx, .tflite and .quern can be written", words.out));
  if (!words.is_package() && (!(words.target + words.vnpu + words.arithmetic).empty() || words.auto_rewrite))
    return usage(
        "--target, --vnpu, --arithmetic and --auto-rewrite are for packages: name OUT.quern, or give them to quern "
        "build or run");
  if (words.target.starts_with("sim:")) {
    const auto chip = describe_target(words.target.substr(0, words.target.find('/')));
    if (!chip.ok()) return as_usage(chip.error());
  }
  if (words.data.empty() && words.table.empty())
    return usage("--data is required: pictures or arrays like those the model will see");
  if (const Status s = parse_calibration(words.calibration, options); !s.ok()) return s;
  if (const Status s = parse_methods(words.methods, options); !s.ok()) return s;
  if (!words.weights.empty() && words.weights != "per-channel" && words.weights != "per-tensor")
    return usage(fmt::format("--weights {}: per-channel or per-tensor", words.weights));
  if (const Status s = take_table(words.table, options); !s.ok()) return s;
  if (!words.activations.empty() && words.activations != "int8" && words.activations != "uint8")
    return usage(fmt::format("--activations {}: int8 or uint8", words.activations));
  options.weights_per_channel = words.weights != "per-tensor";
  if (!words.activations.empty()) options.activations = words.activations == "int8" ? DType::int8 : DType::uint8;
  options.full_integer = format_of(words) == "tflite";
  if (options.full_integer && options.activations != DType::int8)
    return usage(
        fmt::format("--activations {0}: TFLite's integer kernels take {0} only with weights of the same type; "
                    "write int8, or an .onnx file",
                    to_string(options.activations)));
  if (!words.recipe.empty()) {
    auto rules = read_rules(words.recipe);
    if (!rules.ok()) return rules.status();
    options.rules = *std::move(rules);
  }
  options.symmetric = words.symmetric;
  options.keep_float = words.keep_float;
  options.int16 = words.int16;
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

void add_options(CLI::App& app, QuantizeWords& words) {
  words.model.add_to(app);
  app.get_option("MODEL")->required(false);  // --config may name it
  app.add_option("-o,--output", words.out,
                 "where the quantized model goes; .onnx (Q/DQ), .tflite (full integer) or "
                 ".quern (a package)")
      ->type_name("FILE");
  app.add_option("--data", words.data, "folder, tar, list file, picture or array to calibrate with (repeat)")
      ->type_name("PATH")
      ->allow_extra_args(false);
  app.add_option("--samples", words.samples, "how many samples to take (default: all)")->check(CLI::PositiveNumber);
  app.add_option("--seed", words.seed, "which samples, when there are more (default 0)");
  app.add_option("--task", words.task, "task whose pre-processing record pictures get (quern tasks)");
  app.add_option("--preprocess", words.preprocess, "pre-processing record, JSON file or text; overrides --task's");
  app.add_option(
      "--calibration", words.calibration,
      "minmax, moving-average, percentile[=P], entropy, mse, or auto (default): what does best on samples kept back");
  app.add_option("--weights", words.weights, "per-channel (default) or per-tensor");
  app.add_option("--activations", words.activations, "int8 (default, or what --table says) or uint8");
  app.add_flag("--symmetric", words.symmetric, "zero points in the middle of the type");
  app.add_option(
      "--methods", words.methods,
      "equalize,absorb,bias-correct,round in a list; none; or default: each where it helps on samples kept back");
  app.add_option("--keep-float", words.keep_float,
                 "operators, by a regular expression on name or kind, that stay float (repeat)")
      ->type_name("REGEX")
      ->allow_extra_args(false);
  app.add_option("--int16", words.int16,
                 "values by name, or operators by name or kind, by a regular expression: what they give is stored in "
                 "16 bits (repeat)")
      ->type_name("REGEX")
      ->allow_extra_args(false);
  app.add_option("--max-drop", words.max_drop,
                 "keep the fewest operators in 16 bits or float so that no more than X is lost: points of top-1 or "
                 "mAP@0.5 with --labels; else X % of error (relative L2) at every output: 1 is an SQNR of 40 dB, "
                 "5 of 26 dB, 10 of 20 dB. Not met: status 1, and nothing is written")
      ->type_name("X");
  app.add_option("--labels", words.labels, "the truth for --max-drop, as quern eval takes it")->type_name("FILE");
  app.add_option("--labels-data", words.labels_data, "where the labelled pictures are (default: --data; repeat)")
      ->type_name("PATH")
      ->allow_extra_args(false);
  app.add_option("--resume", words.resume,
                 "ledger of --max-drop: finished trials are written there, and taken from there the next time")
      ->type_name("FILE");
  app.add_option("--lint", words.lint,
                 "what to do with what can be wrong with the model or the data: off, warn (default), or error: stop")
      ->check(CLI::IsMember({"off", "warn", "error"}));
  app.add_option("--recipe", words.recipe, "rules for single operators and values (docs/recipe.md)")
      ->type_name("FILE.json");
  app.add_option("--config", words.config,
                 "a configuration of the AX620 tools; options override it (docs/ax620_config.md)")
      ->type_name("FILE.prototxt");
  app.add_option("--save-config", words.save_config, "write the configuration in effect, every default resolved")
      ->type_name("FILE.prototxt");
  app.add_option("--table", words.table, "take scales, zero points and biases from a table (docs/table.md)")
      ->type_name("FILE");
  app.add_option("--save-table", words.save_table, "write the table that makes this model again")->type_name("FILE");
  app.add_option("--report", words.report,
                 "one page: how it was quantized, and the float model against the result on samples kept back")
      ->type_name("FILE.html");
  app.add_option("--target", words.target,
                 "of a package: what it is compiled for (default: cpu, or what --config says)");
  app.add_option("--vnpu", words.vnpu, "of a package: virtual NPU of a sim: target")->type_name("MODE");
  app.add_flag("--auto-rewrite", words.auto_rewrite,
               "of a package: replace operators that the target does not take by others that give the same bytes");
  app.add_option("--arithmetic", words.arithmetic, "of a package: rounding rule (default: the target's own)")
      ->check(CLI::IsMember({"float", "fixed"}));
  app.add_option("--threads", words.threads, "threads (default: all cores)")->check(CLI::Range(1, 256));
}

}  // namespace quern::cli
