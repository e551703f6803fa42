#include "measure/drop/fingerprint.h"

#include <fmt/ranges.h>

#include <span>

#include "base/error.h"
#include "graph/text.h"
#include "quern/file.h"

namespace quern {

namespace {

std::string digest(const std::string& text) {
  return sha256(std::as_bytes(std::span(text)));
}

std::string digest(const Tensor& tensor) {
  return sha256({static_cast<const std::byte*>(tensor.raw()), static_cast<size_t>(tensor.bytes())});
}

std::string digest(const Model& model) {
  std::string text = to_text(model.graph());
  for (const Value& value : model.graph().values) {
    if (value.constant) text += digest(*value.constant);
  }
  return digest(text);
}

template <typename T>
std::string word(const std::optional<T>& value) {
  return value ? fmt::format("{}", *value) : "-";
}

std::string line_of(const QuantizeRule& rule) {
  std::string text =
      fmt::format("rule {} '{}' {} {} {} {}", static_cast<int>(rule.selector), rule.word, rule.if_present,
                  word(rule.keep_float), word(rule.weights_per_channel), word(rule.correct_bias));
  text += fmt::format(" {} {}", word(rule.round), rule.percentile);
  if (rule.calibration) text += fmt::format(" {}", to_string(*rule.calibration));
  if (rule.range) text += fmt::format(" {} {}", rule.range->first, rule.range->second);
  return text + "\n";
}

std::string digest(const QuantizeOptions& options, const CalibrationData& data) {
  std::string text = fmt::format("quern {}\n", QUERN_VERSION);
  text += fmt::format("{} {} {} {} {}\n", to_string(options.activations), options.symmetric,
                      options.weights_per_channel, to_string(options.calibration), options.percentile);
  text += fmt::format("{} {} {} {} {}\n", options.equalize, options.absorb, options.correct_bias, options.round,
                      options.full_integer);
  text += fmt::format("{}\n{}\n", options.keep_float, options.int16);
  for (const InputRange& range : data.ranges) text += fmt::format("{} {} {}\n", range.known, range.low, range.high);
  for (const QuantizeRule& rule : options.rules) text += line_of(rule);
  if (options.table) text += table_text(*options.table);
  if (options.max_drop) text += fmt::format("limit '{}' {}\n", options.max_drop->metric, options.max_drop->labels);
  return digest(text);
}

}  // namespace

Result<DropFingerprint> fingerprint(const Model& model, const CalibrationData& data, const QuantizeOptions& options) {
  std::string samples;
  for (int64_t i = 0; i < data.count; ++i) {
    QUERN_TRY(const std::vector<Tensor> sample, data.read(i));
    for (const Tensor& part : sample) samples += fmt::format("{} {} ", digest(part), to_string(part.shape()));
  }
  return DropFingerprint{digest(model), digest(samples), digest(options, data)};
}

}  // namespace quern
