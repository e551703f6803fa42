#include "measure/compare/verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace quern {

namespace {

constexpr double kLostDb = 3;
constexpr double kSharePct = 20;
constexpr double kLostWithoutShareDb = 6;

/// The worst of the outputs, which is what the verdict is about.
const OutputComparison* worst_output(const Comparison& comparison) {
  const auto& outputs = comparison.outputs;
  const auto worst = std::ranges::min_element(outputs, {}, [](const auto& o) { return o.distance.sqnr_db; });
  return worst == outputs.end() ? nullptr : &*worst;
}

std::string outputs_text(const Comparison& comparison) {
  const OutputComparison* worst = worst_output(comparison);
  if (worst == nullptr) return "No output could be compared.";
  const Distance& d = worst->distance;
  if (d.not_finite > 0)
    return fmt::format("Output '{}' holds {} numbers that are not finite where the reference's are, or the other way.",
                       worst->name, d.not_finite);
  if (d.sqnr_db >= Distance::kMaxDb) return "All outputs are equal.";
  return fmt::format("The {} '{}' keeps {:.1f} dB (cosine {:.4f}).",
                     comparison.outputs.size() > 1 ? "worst output" : "output", worst->name, d.sqnr_db, d.cosine);
}

/// How many bits a layer's numbers are stored in; 0: they are float, and only its weights cost anything.
int stored_bits(const LayerComparison& layer) {
  if (layer.dtype.find("int") == std::string::npos) return 0;
  return std::stoi("0" + layer.dtype.substr(layer.dtype.find("int") + 3));
}

std::string offender_text(const LayerComparison& layer) {
  const int bits = stored_bits(layer);
  std::string text =
      fmt::format(" It first goes wrong at '{}' ({}), {:.1f} dB below what {} can do", short_name(layer.name),
                  layer.kind, layer.lost_db, bits > 0 ? fmt::format("{} bits", bits) : "its weights' bits");
  if (layer.share_pct) text += fmt::format(", alone {:.0f} % of the error at the outputs", *layer.share_pct);
  if (!layer.cause) return text + "; none of the fixes tried helps there.";
  return text + fmt::format(": {}. Tried: {}; {:.1f} -> {:.1f} dB ({:+.1f} dB).", layer.cause->sentence,
                            layer.cause->fix, layer.cause->before_db, layer.cause->after_db, layer.cause->gain_db());
}

/// "8 bits", "16 bits" or "8 and 16 bits": what the layers are stored in.
std::string all_bits(const std::vector<LayerComparison>& layers) {
  std::set<int> widths;
  for (const LayerComparison& layer : layers) {
    if (const int bits = stored_bits(layer); bits > 0) widths.insert(bits);
  }
  return widths.empty() ? "the weights' bits" : fmt::format("{} bits", fmt::join(widths, " and "));
}

}  // namespace

std::string short_name(const std::string& name) {
  return name.substr(0, std::max<size_t>(1, name.find(';')));
}

std::optional<size_t> first_offender(const std::vector<LayerComparison>& layers) {
  const bool shares = std::ranges::any_of(layers, [](const auto& layer) { return layer.share_pct.has_value(); });
  for (size_t i = 0; i < layers.size(); ++i) {
    const LayerComparison& layer = layers[i];
    if (shares ? layer.share_pct.value_or(0) >= kSharePct && layer.lost_db >= kLostDb
               : layer.lost_db >= kLostWithoutShareDb)
      return i;
  }
  return std::nullopt;
}

std::string verdict(const Comparison& comparison) {
  const std::string text = outputs_text(comparison);
  if (comparison.layers.empty() || text.starts_with("All")) return text;
  if (comparison.first_offender) return text + offender_text(comparison.layers[*comparison.first_offender]);
  return text + fmt::format(" No single layer stands out: the error is what {} cost, added up along the network.",
                            all_bits(comparison.layers));
}

}  // namespace quern
