#include "measure/calibrate/folds.h"

#include <algorithm>

#include "base/error.h"

namespace quern {

Deal deal(const SearchGround& ground, size_t fold) {
  Deal dealt;
  dealt.seen.resize(ground.assignment.graph.values.size());
  double counted = 0;
  for (size_t part = 0; part < SearchGround::kFolds; ++part) {
    double samples = 0;
    for (size_t i = part; i < ground.samples.inputs.size(); i += SearchGround::kFolds) ++samples;
    if (part == fold || samples == 0) continue;
    for (size_t id = 0; id < dealt.seen.size(); ++id)
      dealt.seen[id] = together(dealt.seen[id], counted, ground.parts[part][id], samples);
    counted += samples;
  }
  for (size_t i = 0; i < ground.samples.inputs.size(); ++i) {
    const bool back = i % SearchGround::kFolds == fold;
    if (!back) dealt.roles.fitted.push_back(i);
    if (back || fold == SearchGround::kFolds) dealt.roles.judges.push_back(i);
  }
  return dealt;
}

Result<Judgement> judge(const SearchGround& ground, const Recipe& recipe) {
  const size_t first = ground.can_keep_back() ? 0 : SearchGround::kFolds;
  const size_t last = std::max(first, SearchGround::kFolds - 1);
  Judgement judged;
  for (size_t fold = first; fold <= last; ++fold) {
    const Deal dealt = deal(ground, fold);
    QUERN_TRY(const Scaled scaled, apply_scales(ground.assignment, dealt.seen, recipe));
    QUERN_TRY(LayerResult made,
              quantize_layers(scaled, ground.options.activations, recipe, ground.samples, dealt.roles, ground.pool));
    judged.add(std::move(made.errors));
  }
  return judged;
}

}  // namespace quern
