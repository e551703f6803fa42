#include "model_options.h"

#include <algorithm>
#include <charconv>

#include "quern/file.h"

namespace quern::cli {

namespace {

Error usage(std::string sentence) {
  return {ErrorCode::invalid_argument, std::move(sentence)};
}

Result<int64_t> parse_extent(const std::string& text, const std::string& whole) {
  int64_t extent = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), extent);
  if (code != std::errc() || end != text.data() + text.size() || extent < 0) {
    return usage(fmt::format("--shape {}: '{}' is not an extent; write NAME:1x3x224x224", whole, text));
  }
  return extent;
}

Result<Model> bind_input(const Model& model, const std::string& text) {
  const size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0) return usage(fmt::format("--bind {}: write NAME=FILE.npy", text));
  auto tensor = read_npy(text.substr(equals + 1));
  if (!tensor.ok()) return tensor.status();
  auto bound = model.with_constant(text.substr(0, equals), *tensor);
  return bound.ok() ? bound : as_usage(bound.error());
}

}  // namespace

void ModelOptions::add_to(CLI::App& app) {
  app.add_option("MODEL", file, "a TFLite or ONNX model, told by its content")->required();
  app.add_option("--shape", shapes, "fix the shape of an input, for example images:1x3x224x224 (repeat)")
      ->type_name("NAME:DIMS")
      ->expected(1)
      ->take_all();
  app.add_option("--bind", binds, "turn an input into a constant (repeat)")
      ->type_name("NAME=FILE.npy")
      ->expected(1)
      ->take_all();
}

Result<NamedShape> parse_named_shape(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return usage(fmt::format("--shape {}: write NAME:1x3x224x224", text));
  NamedShape named{text.substr(0, colon), {}};
  const std::string rest = text.substr(colon + 1);
  if (rest.empty() || rest == "scalar") return named;
  for (size_t at = 0; at <= rest.size();) {
    const size_t end = std::min(rest.find_first_of("x,", at), rest.size());
    auto extent = parse_extent(rest.substr(at, end - at), text);
    if (!extent.ok()) return extent.status();
    named.shape.push_back(*extent);
    at = end + 1;
  }
  return named;
}

Result<Model> load(const ModelOptions& options, const Voice& voice) {
  auto model = load_model(options.file);
  if (!model.ok()) return model;
  if (voice.verbose) {
    for (const std::string& sentence : model->info().notes) note(voice, sentence);
  }
  for (const std::string& text : options.binds) {
    model = bind_input(*model, text);
    if (!model.ok()) return model;
  }
  for (const std::string& text : options.shapes) {
    auto named = parse_named_shape(text);
    if (!named.ok()) return named.status();
    model = model->with_shape(named->name, named->shape);
    if (!model.ok()) return as_usage(model.error());
  }
  return model;
}

Result<Model> take_batch_of_one(const Model& model, const Voice& voice) {
  Model fixed = model;
  for (const ValueInfo& input : model.inputs()) {
    if (input.shape.empty() || input.shape[0] >= 0) continue;
    Shape shape = input.shape;
    shape[0] = 1;
    if (std::any_of(shape.begin(), shape.end(), [](int64_t extent) { return extent < 0; })) continue;
    auto with = fixed.with_shape(input.name, shape);
    if (!with.ok()) return with;
    fixed = *std::move(with);
    note(voice, fmt::format("input '{}': the batch is not fixed in the file; 1 was taken (--shape {}:{})", input.name,
                            input.name, to_string(shape)));
  }
  return fixed;
}

}  // namespace quern::cli
