#include "measure/calibrate/search.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"

namespace quern {

namespace {

constexpr EqualizeOptions kStandingEqualization{0.5F, 0.5F, 1.5F};
constexpr float kStandingWiden = 1.1F;
/// How many go on to the second and to the third fold, the standing recipe besides.
constexpr size_t kGoOn[] = {8, 4};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// A recipe and how it did on the folds that it was tried on, in order.
struct Candidate {
  Recipe recipe;
  Judgement judged = {};
  size_t folds = 0;
};

class Search {
 public:
  explicit Search(const SearchGround& ground) : ground_(ground), options_(ground.options) {}

  Result<SearchResult> run() {
    const auto start = std::chrono::steady_clock::now();
    Candidate standing{standing_recipe(options_)};
    QUERN_CHECK(try_on(standing, SearchGround::kFolds));
    best_ = standing;
    QUERN_CHECK(try_all(balanced_ranges()));
    QUERN_CHECK(try_all(other_methods()));
    QUERN_CHECK(try_all(absorbing()));
    QUERN_CHECK(fall_back_to_plain());
    SearchResult result;
    QUERN_CHECK(tell_methods(result.methods));
    result.methods.push_back({"search", standing.judged.outputs_db(), best_.judged.outputs_db(), seconds_since(start)});
    result.recipe = best_.recipe;
    result.judged = std::move(best_.judged);
    return result;
  }

 private:
  // ---- candidates ----

  std::vector<RangeOptions> ranges() const {
    RangeOptions base = best_.recipe.ranges;
    if (options_.calibration != Calibration::automatic) return {base};
    std::vector<RangeOptions> all;
    const auto with = [&](Calibration method, float widen, bool by_reader = false) {
      base.method = method;
      base.widen = widen;
      base.by_reader = by_reader;
      all.push_back(base);
    };
    with(Calibration::mse, 1);
    with(Calibration::mse, 1.1F);
    with(Calibration::mse, 1.25F);
    with(Calibration::mse, 1.1F, true);
    with(Calibration::minmax, 1);
    with(Calibration::percentile, 1);
    return all;
  }

  std::vector<std::optional<EqualizeOptions>> equalizations() const {
    if (!options_.equalize) return {std::nullopt};
    return {std::nullopt,
            kStandingEqualization,
            EqualizeOptions{0.5F, 0.5F, 2.0F},
            EqualizeOptions{0.5F, 0.0F, 1.5F},
            EqualizeOptions{1.0F, 0.0F, 2.0F},
            EqualizeOptions{0.25F, 0.25F, 1.5F}};
  }

  std::vector<Candidate> balanced_ranges() const {
    std::vector<Candidate> all;
    for (const auto& equalize : equalizations()) {
      for (const RangeOptions& range : ranges()) {
        all.push_back({best_.recipe});
        all.back().recipe.equalize = equalize;
        all.back().recipe.ranges = range;
      }
    }
    return all;
  }

  std::vector<Candidate> other_methods() const {
    std::vector<Candidate> all;
    if (best_.recipe.correct_bias) all.push_back({best_.recipe}), all.back().recipe.correct_bias = false;
    if (best_.recipe.weights.search) all.push_back({best_.recipe}), all.back().recipe.weights.search = false;
    if (options_.round) {
      all.push_back({best_.recipe});
      all.back().recipe.weights.adapt = true;
      all.push_back(all.back());
      all.back().recipe.weights.search = false;
    }
    return all;
  }

  std::vector<Candidate> absorbing() const {
    if (!options_.absorb) return {};
    Candidate candidate{best_.recipe};
    candidate.recipe.absorb = true;
    return {candidate};
  }

  // ---- trials ----

  Result<std::vector<SampleErrors>> judged_on(const Recipe& recipe, size_t fold) const {
    const Deal dealt = deal(ground_, fold);
    ThreadPool alone(1);
    QUERN_TRY(const Scaled scaled, apply_scales(ground_.assignment, dealt.seen, recipe));
    QUERN_TRY(LayerResult made,
              quantize_layers(scaled, options_.activations, recipe, ground_.samples, dealt.roles, alone));
    return std::move(made.errors);
  }

  Status try_on(Candidate& candidate, size_t folds) const {
    for (; candidate.folds < folds; ++candidate.folds) {
      QUERN_TRY(auto errors, judged_on(candidate.recipe, candidate.folds));
      candidate.judged.add(std::move(errors));
    }
    return {};
  }

  Status try_side_by_side(std::vector<Candidate>& candidates, size_t folds) {
    std::vector<Status> done(candidates.size());
    ground_.pool.parallel_for(static_cast<int64_t>(candidates.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        done[static_cast<size_t>(i)] = try_on(candidates[static_cast<size_t>(i)], folds);
    });
    for (const Status& status : done) QUERN_CHECK(status);
    return {};
  }

  /// Each on one fold, the better ones on the next, the best on all; the very best against the one that stands.
  Status try_all(std::vector<Candidate> candidates) {
    for (size_t fold = 1; fold <= SearchGround::kFolds; ++fold) {
      if (options_.progress) options_.progress("searching", steps_++ / kSteps);
      QUERN_CHECK(try_side_by_side(candidates, fold));
      std::ranges::stable_sort(
          candidates, [](const Candidate& a, const Candidate& b) { return a.judged.score_db() > b.judged.score_db(); });
      if (fold < SearchGround::kFolds) candidates.resize(std::min(candidates.size(), kGoOn[fold - 1]));
    }
    if (candidates.empty()) return {};
    Candidate& first = candidates.front();
    const double gain = first.judged.score_db() - best_.judged.score_db();
    if (gain > standard_error(first.judged, best_.judged)) best_ = std::move(first);
    return {};
  }

  /// Nothing that makes the outputs worse than the plainest recipe replaces it, unless it is better on the whole by
  /// more than the samples' noise.
  Status fall_back_to_plain() {
    plain_.recipe = best_.recipe;
    if (options_.calibration == Calibration::automatic) plain_.recipe.ranges = plain_ranges();
    plain_.recipe.equalize.reset();
    plain_.recipe.absorb = false;
    plain_.recipe.correct_bias = false;
    plain_.recipe.weights.search = false;
    plain_.recipe.weights.adapt = false;
    QUERN_CHECK(try_on(plain_, SearchGround::kFolds));
    const double gain = best_.judged.score_db() - plain_.judged.score_db();
    const bool worse = plain_.judged.outputs_db() > best_.judged.outputs_db();
    if (worse && gain <= standard_error(best_.judged, plain_.judged)) best_ = plain_;
    return {};
  }

  // ---- what each method gave ----

  /// From the plainest recipe to the one chosen, method by method.
  Status tell_methods(std::vector<MethodRow>& rows) {
    Candidate now = plain_;
    const auto tell = [&](const char* name, bool asked, auto change) -> Status {
      if (!asked) return {};
      const auto start = std::chrono::steady_clock::now();
      Candidate next{now.recipe};
      change(next.recipe);
      QUERN_CHECK(try_on(next, SearchGround::kFolds));
      rows.push_back({name, now.judged.outputs_db(), next.judged.outputs_db(), seconds_since(start)});
      now = std::move(next);
      return {};
    };
    const Recipe& last = best_.recipe;
    QUERN_CHECK(tell("calibration", options_.calibration == Calibration::automatic,
                     [&](Recipe& recipe) { recipe.ranges = last.ranges; }));
    QUERN_CHECK(tell("equalize", options_.equalize, [&](Recipe& recipe) { recipe.equalize = last.equalize; }));
    QUERN_CHECK(tell("absorb", options_.absorb, [&](Recipe& recipe) { recipe.absorb = last.absorb; }));
    QUERN_CHECK(
        tell("bias-correct", options_.correct_bias, [&](Recipe& recipe) { recipe.correct_bias = last.correct_bias; }));
    return tell("round", options_.round, [&](Recipe& recipe) { recipe.weights = last.weights; });
  }

  RangeOptions plain_ranges() const {
    RangeOptions plain = best_.recipe.ranges;
    plain.method = Calibration::minmax;
    plain.widen = 1;
    plain.by_reader = false;
    return plain;
  }

  static constexpr double kSteps = 3.0 * SearchGround::kFolds;  ///< calls of try_all, fold by fold

  const SearchGround& ground_;
  const QuantizeOptions& options_;
  Candidate best_;
  Candidate plain_;  ///< min-max ranges unless others are asked for, and no method
  int steps_ = 0;
};

}  // namespace

Recipe standing_recipe(const QuantizeOptions& options) {
  Recipe recipe;
  const bool free = options.calibration == Calibration::automatic;
  recipe.ranges.method = free ? Calibration::mse : options.calibration;
  recipe.ranges.widen = free ? kStandingWiden : 1;
  recipe.ranges.percentile = options.percentile;
  recipe.ranges.type = options.activations;
  recipe.ranges.symmetric = options.symmetric;
  recipe.weights = {options.weights_per_channel, options.round};
  recipe.correct_bias = options.correct_bias;
  if (options.equalize) recipe.equalize = kStandingEqualization;
  return recipe;
}

Result<SearchResult> search(const SearchGround& ground) {
  return Search(ground).run();
}

}  // namespace quern
