#include "measure/calibrate/recipe.h"

#include "base/error.h"

namespace quern {

Result<Scaled> apply_scales(const Assignment& assignment, const Observations& seen, const Recipe& recipe) {
  Scaled scaled{assignment, {}, {}};
  Observations balanced = seen;
  if (recipe.equalize) {
    std::vector<std::vector<Range>> channels;
    for (const Observation& value : seen) channels.push_back(value.channels);
    QUERN_TRY(scaled.factors, equalize(scaled.assignment, channels, *recipe.equalize));
    for (size_t id = 0; id < seen.size() && !scaled.factors.empty(); ++id)
      balanced[id] = divided(seen[id], scaled.factors[id]);
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
