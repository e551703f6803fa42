#include "measure/calibrate/recipe.h"

#include "base/error.h"
#include "measure/calibrate/carried.h"

namespace quern {

namespace {

std::string ranges_text(const RangeOptions& ranges) {
  std::string text = to_string(ranges.method);
  if (ranges.method == Calibration::percentile) text += fmt::format(" {:g}", ranges.percentile);
  if (ranges.widen != 1) text += fmt::format(", widened by {:g}", ranges.widen);
  if (ranges.by_reader) text += ", each channel counted by the weights that read it";
  return text;
}

std::string equalize_text(const std::optional<EqualizeOptions>& equalize) {
  if (!equalize) return "as they are";
  return fmt::format("balanced: strength {:g}, care for the weights {:g}, margin {:g}", equalize->strength,
                     equalize->care, equalize->margin);
}

std::string weights_text(const WeightOptions& weights) {
  return fmt::format("{}, {}{}", weights.per_channel ? "a scale for each channel" : "one scale for all channels",
                     weights.search ? "searched for the least error" : "by the greatest weight",
                     weights.adapt ? "; rounding errors set against each other" : "");
}

}  // namespace

std::vector<RecipeRow> told(const Recipe& recipe) {
  return {{"activations", fmt::format("{}{}", to_string(recipe.ranges.type),
                                      recipe.ranges.symmetric ? ", zero points in the middle" : "")},
          {"ranges", ranges_text(recipe.ranges)},
          {"channels", equalize_text(recipe.equalize) +
                           (recipe.absorb ? "; what they carry always is part of the next biases" : "")},
          {"weights", weights_text(recipe.weights)},
          {"biases", recipe.correct_bias ? "the mean error of each channel taken out" : "as they are"}};
}

Result<Scaled> apply_scales(const Assignment& assignment, const Observations& seen, const Recipe& recipe) {
  Scaled scaled{assignment, {}, {}, {}};
  Observations balanced = seen;
  if (recipe.equalize) {
    std::vector<std::vector<Range>> channels;
    for (const Observation& value : seen) channels.push_back(value.channels);
    QUERN_TRY(scaled.factors, equalize(scaled.assignment, channels, *recipe.equalize));
    for (size_t id = 0; id < seen.size() && !scaled.factors.empty(); ++id)
      balanced[id] = divided(seen[id], scaled.factors[id]);
  }
  if (recipe.absorb) {
    QUERN_TRY(scaled.offsets, absorb(scaled.assignment, carried(balanced)));
    for (size_t id = 0; id < seen.size() && !scaled.offsets.empty(); ++id)
      balanced[id] = lowered(balanced[id], scaled.offsets[id]);
  }
  balanced.resize(scaled.assignment.graph.values.size());
  ChannelWeights weights;
  if (recipe.ranges.by_reader) {
    QUERN_TRY(weights, reader_weights(scaled.assignment.graph));
  }
  scaled.scales = choose_scales(scaled.assignment, balanced, recipe.ranges, weights);
  return scaled;
}

}  // namespace quern
