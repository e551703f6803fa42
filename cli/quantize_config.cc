#include "quantize_config.h"

#include <filesystem>
#include <regex>

#include "quern/file.h"

namespace quern::cli {

namespace {

Ax620Model about(const Model& model) {
  return {model.info().format, model.inputs(), model.outputs()};
}

std::string escaped(const std::string& name) {
  std::string pattern;
  for (char c : name) {
    if (std::string_view(R"(^$\.*+?()[]{}|)").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

/// The range method by its word; nothing for `percentile=99` and other words that a configuration does not know.
std::optional<Calibration> calibration_of(const QuantizeWords& words) {
  auto options = quantize_options(words);
  if (!options.ok() || words.calibration.empty()) return std::nullopt;
  return options->calibration;
}

}  // namespace

Result<ConfigChoice> ConfigChoice::open(QuantizeWords& words) {
  ConfigChoice choice;
  if (words.config.empty()) return choice;
  auto config = Ax620Config::read(words.config);
  if (!config.ok()) return config.status();
  choice.config_ = *std::move(config);
  if (words.model.file.empty()) words.model.file = choice.config_.model();
  if (words.model.file.empty())
    return Error{ErrorCode::invalid_argument,
                 fmt::format("'{}' has no input_path: say MODEL, or add it", words.config)};
  return choice;
}

Status ConfigChoice::fill(QuantizeWords& words, const Model& model, const Voice& voice) {
  if (words.config.empty()) return {};
  const Ax620Overrides given{!words.out.empty(), !words.data.empty(), !words.task.empty() || !words.preprocess.empty(),
                             words.is_package()};
  auto asked = config_.request(about(model), given);
  if (!asked.ok()) return asked.status();
  request_ = *std::move(asked);
  for (const std::string& sentence : request_.notes) note(voice, sentence);
  if (!given.output) words.out = request_.output;
  if (given.output && !given.building && request_.output.ends_with(".joint"))
    note(voice, fmt::format("output_path '{}' is not written: {} is, by -o", request_.output, words.out));
  if (given.building && words.target.empty()) words.target = config_.target();
  if (!given.data) words.data = request_.data;
  if (words.samples == 0) words.samples = request_.samples;
  if (words.weights.empty()) words.weights = request_.weights_per_channel ? "per-channel" : "per-tensor";
  if (words.calibration.empty() && request_.calibration) words.calibration = to_string(*request_.calibration);
  words.keep_float.insert(words.keep_float.end(), request_.keep_float.begin(), request_.keep_float.end());
  if (!given.preprocess) {
    words.preprocess = to_text(request_.preprocess);
    note(voice, fmt::format("pictures are prepared by '{}': resized to the input, then as the configuration says",
                            words.preprocess));
  }
  return widen_inputs(words, model);
}

/// --int16 names what is stored; the configuration names operators whose inputs are meant.
Status ConfigChoice::widen_inputs(QuantizeWords& words, const Model& model) const {
  for (const std::string& pattern : request_.int16) {
    const std::regex names(pattern);
    bool any = false;
    for (const OperatorInfo& op : model.operators()) {
      if (!std::regex_match(op.name, names)) continue;
      any = true;
      for (const std::string& input : op.inputs) words.int16.push_back(escaped(input));
    }
    if (!any)
      return Error{ErrorCode::invalid_file,
                   fmt::format("'{}': input_feature_type is given for operators '{}', and the model has none",
                               words.config, pattern)};
  }
  return {};
}

Status ConfigChoice::save(const QuantizeWords& words, const Preprocess& record, const Model& model, int64_t samples,
                          const Voice& voice) const {
  if (words.save_config.empty()) return {};
  Ax620Request effective = request_;
  effective.model = words.model.file;
  effective.output = words.out;
  effective.data = words.data;
  effective.samples = words.samples > 0 ? words.samples : samples;
  effective.preprocess = record;
  effective.weights_per_channel = words.weights != "per-tensor";
  effective.calibration = calibration_of(words);
  std::vector<std::string> notes;
  const std::string folder = std::filesystem::path(words.save_config).parent_path().string();
  const std::string text = config_.text(about(model), effective, folder, notes);
  for (const std::string& sentence : notes) note(voice, fmt::format("--save-config: {}", sentence));
  return write_file(words.save_config, text);
}

}  // namespace quern::cli
