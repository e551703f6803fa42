#include "measure/calibrate/recipe.h"

#include "base/error.h"

namespace quern {

Result<Scaled> apply_scales(const Assignment& assignment, const std::vector<Observation>& base, const Recipe& recipe,
                            const SampleSource& samples) {
  Scaled scaled{assignment, {}, {}};
  if (!recipe.equalize) {
    scaled.scales = choose_scales(assignment, base, recipe.ranges);
    return scaled;
  }
  std::vector<std::vector<Range>> channels;
  for (const Observation& seen : base) channels.push_back(seen.channels);
  channels.resize(assignment.graph.values.size());
  QUERN_TRY(scaled.factors, equalize(scaled.assignment, channels, *recipe.equalize));
  if (scaled.factors.empty()) {
    scaled.scales = choose_scales(assignment, base, recipe.ranges);
    return scaled;
  }
  const bool counts =
      recipe.ranges.method != Calibration::minmax && recipe.ranges.method != Calibration::moving_average;
  QUERN_TRY(const auto seen,
            observe(scaled.assignment.graph, scaled.assignment.stored, samples, counts, recipe.layers.session));
  scaled.scales = choose_scales(scaled.assignment, seen, recipe.ranges);
  return scaled;
}

}  // namespace quern
