// The driver of quantization: what is tried, in which order, and what is kept.
#include "quern/quantize.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "measure/calibrate/recipe.h"
#include "quern/compile.h"

namespace quern {

const char* to_string(Calibration calibration) {
  switch (calibration) {
    case Calibration::minmax:
      return "minmax";
    case Calibration::moving_average:
      return "moving-average";
    case Calibration::percentile:
      return "percentile";
    case Calibration::entropy:
      return "entropy";
    case Calibration::mse:
      return "mse";
    case Calibration::automatic:
      break;
  }
  return "auto";
}

namespace {

/// Samples held in memory while layers are made; more would change little and cost much.
constexpr int64_t kMaxLayerSamples = 32;
/// One in this many is kept back to judge by.
constexpr int64_t kJudgeShare = 3;
/// With fewer samples than this nothing is kept back, and defaults stand without a judge.
constexpr int64_t kFewestToJudge = 6;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Result<std::vector<std::regex>> patterns(const std::vector<std::string>& texts) {
  std::vector<std::regex> compiled;
  for (const std::string& text : texts) {
    try {
      compiled.emplace_back(text);
    } catch (const std::regex_error&) {
      return fail(ErrorCode::invalid_argument, "'{}' is not a regular expression", text);
    }
  }
  return compiled;
}

class Quantizer {
 public:
  Quantizer(const Model& model, const CalibrationData& data, const QuantizeOptions& options)
      : model_(model), data_(data), options_(options) {}

  Result<QuantizeResult> run() {
    QUERN_CHECK(check());
    QUERN_CHECK(prepare_graph());
    QUERN_CHECK(read_layer_samples());
    QUERN_CHECK(reference_outputs());
    start_recipe();
    if (judged()) QUERN_CHECK(search());
    return finish();
  }

 private:
  Status check() const {
    if (data_.count < 1) return fail(ErrorCode::invalid_argument, "there are no samples to calibrate with");
    if (!is_8bit(options_.activations))
      return fail(ErrorCode::invalid_argument, "activations can be int8 or uint8, not {}",
                  to_string(options_.activations));
    return {};
  }

  Status prepare_graph() {
    QUERN_TRY(const Model ready, prepared(model_));
    QUERN_TRY(auto keep, patterns(options_.keep_float));
    QUERN_TRY(assignment_, assign(ready.graph(), {options_.activations, std::move(keep)}));
    return {};
  }

  /// Evenly spread over the data, the judges too.
  Status read_layer_samples() {
    const int64_t count = std::min(data_.count, kMaxLayerSamples);
    std::vector<std::vector<Tensor>> judges;
    for (int64_t i = 0; i < count; ++i) {
      QUERN_TRY(auto sample, data_.read(i * data_.count / count));
      const bool judge = count >= kFewestToJudge && i % kJudgeShare == kJudgeShare - 1;
      (judge ? judges : samples_.inputs).push_back(std::move(sample));
    }
    samples_.fitted = samples_.inputs.size();
    std::ranges::move(judges, std::back_inserter(samples_.inputs));
    return {};
  }

  Status reference_outputs() {
    QUERN_TRY(GraphWalk walk, GraphWalk::create(assignment_.graph, session()));
    for (const auto& sample : samples_.inputs) {
      std::vector<Tensor> outputs(assignment_.graph.outputs.size());
      QUERN_CHECK(walk.run(sample, [&](ValueId id, const Tensor& value) {
        for (size_t i = 0; i < outputs.size(); ++i) {
          if (assignment_.graph.outputs[i] == id) outputs[i] = value;
        }
      }));
      samples_.reference.push_back(std::move(outputs));
    }
    return {};
  }

  SessionOptions session() const {
    SessionOptions options;
    options.threads = options_.threads;
    return options;
  }
  bool judged() const { return samples_.fitted < samples_.inputs.size(); }

  /// What is done when there is nothing to judge by.
  void start_recipe() {
    recipe_.ranges.method = options_.calibration == Calibration::automatic ? Calibration::mse : options_.calibration;
    recipe_.ranges.percentile = options_.percentile;
    recipe_.ranges.type = options_.activations;
    recipe_.ranges.symmetric = options_.symmetric;
    recipe_.layers.weights = {options_.weights_per_channel, options_.round};
    recipe_.layers.correct_bias = options_.correct_bias;
    recipe_.layers.session = session();
    if (options_.equalize) recipe_.equalize = EqualizeOptions{};
  }

  // ---- the search ----

  Status search() {
    Recipe plain = recipe_;
    plain.equalize.reset();
    plain.layers.correct_bias = false;
    plain.layers.weights.search = false;
    if (options_.calibration == Calibration::automatic) plain.ranges.method = Calibration::minmax;
    recipe_ = plain;
    QUERN_TRY(best_, trial(plain));
    result_.methods.clear();
    QUERN_CHECK(choose("calibration", calibrations()));
    QUERN_CHECK(choose("round", roundings()));
    QUERN_CHECK(choose("bias-correct", corrections()));
    QUERN_CHECK(choose("equalize", equalizations()));
    QUERN_CHECK(choose("calibration after equalize", calibrations()));
    return {};
  }

  std::vector<Recipe> calibrations() const {
    std::vector<Recipe> candidates;
    if (options_.calibration != Calibration::automatic) return candidates;
    const auto with = [&](Calibration method, float widen) {
      Recipe recipe = recipe_;
      recipe.ranges.method = method;
      recipe.ranges.widen = widen;
      candidates.push_back(recipe);
    };
    with(Calibration::mse, 1);
    with(Calibration::mse, 1.1F);
    with(Calibration::minmax, 1);
    with(Calibration::percentile, 1);
    return candidates;
  }

  std::vector<Recipe> roundings() const {
    if (!options_.round) return {};
    Recipe recipe = recipe_;
    recipe.layers.weights.search = true;
    return {recipe};
  }

  std::vector<Recipe> corrections() const {
    if (!options_.correct_bias) return {};
    Recipe recipe = recipe_;
    recipe.layers.correct_bias = true;
    return {recipe};
  }

  std::vector<Recipe> equalizations() const {
    if (!options_.equalize) return {};
    std::vector<Recipe> candidates;
    for (const EqualizeOptions& options :
         {EqualizeOptions{0.5F, 0.5F, 1.5F}, EqualizeOptions{0.5F, 0.5F, 2.0F}, EqualizeOptions{0.5F, 0.0F, 1.5F},
          EqualizeOptions{1.0F, 0.0F, 2.0F}, EqualizeOptions{0.25F, 0.25F, 1.5F}}) {
      Recipe recipe = recipe_;
      recipe.equalize = options;
      candidates.push_back(recipe);
    }
    return candidates;
  }

  Status choose(const std::string& name, const std::vector<Recipe>& candidates) {
    if (candidates.empty()) return {};
    const auto start = std::chrono::steady_clock::now();
    MethodRow row{name, best_.sqnr_db(), 0, 0};
    for (const Recipe& recipe : candidates) {
      QUERN_TRY(LayerResult result, trial(recipe));
      if (result.score_db() <= best_.score_db()) continue;
      best_ = std::move(result);
      recipe_ = recipe;
    }
    row.sqnr_db_after = best_.sqnr_db();
    row.seconds = seconds_since(start);
    result_.methods.push_back(row);
    return {};
  }

  Result<LayerResult> trial(const Recipe& recipe) {
    const SampleSource fitted{static_cast<int64_t>(samples_.fitted),
                              [&](int64_t i) { return samples_.inputs[static_cast<size_t>(i)]; }};
    if (base_.empty()) {
      QUERN_TRY(base_, observe(assignment_.graph, assignment_.stored, fitted, true, session()));
    }
    QUERN_TRY(const Scaled scaled, apply_scales(assignment_, base_, recipe, fitted));
    LayerOptions layers = recipe.layers;
    layers.factors = scaled.factors;
    return quantize_layers(scaled.assignment, scaled.scales, options_.activations, samples_, layers);
  }

  // ---- the end ----

  /// The chosen recipe once more, with every sample.
  Result<QuantizeResult> finish() {
    const SampleSource all{data_.count, data_.read};
    QUERN_TRY(const auto seen, observe(assignment_.graph, assignment_.stored, all, true, session()));
    QUERN_TRY(const Scaled scaled, apply_scales(assignment_, seen, recipe_, all));
    if (judged()) recipe_.layers.keep_correction = best_.kept_correction;
    samples_.fitted = samples_.inputs.size();
    QUERN_TRY(LayerResult last,
              quantize_layers(scaled.assignment, scaled.scales, options_.activations, samples_, recipe_.layers));
    for (const OutputError& output : best_.outputs.empty() ? last.outputs : best_.outputs)
      result_.outputs.push_back({output.name, output.cosine(), output.sqnr_db(), output.relative_l2()});
    ModelInfo info = model_.info();
    info.format = "quern";
    return QuantizeResult{
        Model(std::move(last.graph), std::move(info)), data_.count, result_.methods, result_.outputs, {}};
  }

  struct Report {
    std::vector<MethodRow> methods;
    std::vector<OutputRow> outputs;
  };

  const Model& model_;
  const CalibrationData& data_;
  const QuantizeOptions& options_;
  Assignment assignment_;
  LayerSamples samples_;
  std::vector<Observation> base_;
  Recipe recipe_;
  LayerResult best_;
  Report result_;
};

}  // namespace

Result<QuantizeResult> quantize(const Model& model, const CalibrationData& data, const QuantizeOptions& options) {
  return Quantizer(model, data, options).run();
}

}  // namespace quern
