// input_modifications folded into one record: value = (byte - mean) / std.
//
// With y = (x - m) / d so far, y * s + t is (x - (m - t d / s)) / (d / s), and (y - mean) / std is (x - (m + mean d)) /
// (d std): every step changes m and d only.
#include "recipe/ax620/preparing.h"

#include <algorithm>
#include <cmath>

#include "recipe/ax620/selector.h"

namespace quern::ax620 {

namespace {

using Numbers = google::protobuf::RepeatedField<double>;

/// y = (x - mean) / divisor, by channel.
struct Folded {
  std::vector<double> mean;
  std::vector<double> divisor;
};

/// Without what products of decimal fractions leave in the last digit: 0.224 * 255 is 57.12.
double tidy(double number) {
  return std::strtod(fmt::format("{:.15g}", number).c_str(), nullptr);
}

class Folder {
 public:
  explicit Folder(const ValueInfo& input) : input_(input) {
    const auto channels = static_cast<size_t>(picture_channels(input));
    folded_.mean.assign(channels, 0);
    folded_.divisor.assign(channels, 1);
  }

  Status add(const Modification& change, const Node& node) {
    if (change.has_affine_preprocess())
      QUERN_CHECK(affine(change.affine_preprocess(), node.child("affine_preprocess")));
    if (change.has_input_normalization())
      QUERN_CHECK(normalize(change.input_normalization(), node.child("input_normalization")));
    return {};
  }
  Folded take() {
    for (std::vector<double>* numbers : {&folded_.mean, &folded_.divisor})
      std::ranges::transform(*numbers, numbers->begin(), tidy);
    return std::move(folded_);
  }

 private:
  size_t channels() const { return folded_.mean.size(); }

  /// One number for each channel; `otherwise` where nothing was written.
  Result<std::vector<double>> spread(const Numbers& numbers, double otherwise, const Node& node, const char* field) {
    if (numbers.empty()) return std::vector<double>(channels(), otherwise);
    if (numbers.size() == 1) return std::vector<double>(channels(), numbers[0]);
    if (static_cast<size_t>(numbers.size()) == channels()) return std::vector<double>(numbers.begin(), numbers.end());
    return node.error(
        ErrorCode::invalid_file, field,
        fmt::format("has {} numbers, and input '{}' {} channel{}: give 1{}", numbers.size(), input_.name, channels(),
                    channels() == 1 ? "" : "s", channels() == 1 ? "" : fmt::format(" or {}", channels())),
        0);
  }

  Status affine(const AffinePreprocess& by, const Node& node) {
    QUERN_TRY(const auto slope, spread(by.slope(), 1, node, "slope"));
    QUERN_TRY(const auto slope_divisor, spread(by.slope_divisor(), 1, node, "slope_divisor"));
    QUERN_TRY(const auto bias, spread(by.bias(), 0, node, "bias"));
    QUERN_TRY(const auto bias_divisor, spread(by.bias_divisor(), 1, node, "bias_divisor"));
    for (size_t c = 0; c < channels(); ++c) {
      folded_.divisor[c] = folded_.divisor[c] * slope_divisor[c] / slope[c];
      folded_.mean[c] -= bias[c] / bias_divisor[c] * folded_.divisor[c];
    }
    return {};
  }

  Status normalize(const InputNormalization& by, const Node& node) {
    QUERN_TRY(const auto mean, spread(by.mean(), 0, node, "mean"));
    QUERN_TRY(const auto deviation, spread(by.std(), 1, node, "std"));
    for (size_t c = 0; c < channels(); ++c) {
      folded_.mean[c] += mean[c] * folded_.divisor[c];
      folded_.divisor[c] *= deviation[c];
    }
    return {};
  }

  const ValueInfo& input_;
  Folded folded_;
};

bool alike(const std::vector<double>& numbers) {
  return std::ranges::all_of(numbers, [&](double n) { return n == numbers[0]; });
}

/// The one item of input_conf_items that is about the input; -1 for none.
Result<int> item_for(const OperatorConf& conf, const Node& node, const ValueInfo& input) {
  int found = -1;
  for (int i = 0; i < conf.input_conf_items_size(); ++i) {
    QUERN_TRY(const std::regex names, regex_of(conf.input_conf_items(i).selector(), node.child("input_conf_items", i)));
    if (!std::regex_match(input.name, names)) continue;
    if (found >= 0)
      return node.error(ErrorCode::invalid_file, "input_conf_items",
                        fmt::format("is a second item for input '{}'; the first is on {}", input.name,
                                    node.where("input_conf_items", found)),
                        i);
    found = i;
  }
  return found;
}

Order order_of(ColorSpace color) {
  return color == TENSOR_COLOR_SPACE_GRAY ? Order::gray : color == TENSOR_COLOR_SPACE_RGB ? Order::rgb : Order::bgr;
}

class Recorder {
 public:
  Recorder(const Document& document, const Ax620Model& model, std::vector<std::string>& notes)
      : document_(document), model_(model), notes_(notes) {}

  Result<Preprocess> run() {
    QUERN_CHECK(every_item_has_its_input());
    QUERN_TRY(const std::vector<Colors> colors, colors_of(document_, model_));
    std::optional<Preprocess> record;
    for (size_t i = 0; i < model_.inputs.size(); ++i) {
      QUERN_TRY(const auto own, record_for(model_.inputs[i], colors[i]));
      if (own && record && !(*own == *record))
        return Node(document_).error(ErrorCode::unsupported, "neuwizard_conf",
                                     fmt::format("prepares the inputs '{}' and '{}' differently: pictures have one "
                                                 "record here; calibrate with arrays that are prepared already",
                                                 model_.inputs[0].name, model_.inputs[i].name));
      if (own) record = own;
    }
    return record.value_or(Preprocess{});
  }

 private:
  const OperatorConf& conf() const { return document_.root.neuwizard_conf().operator_conf(); }
  Node node() const { return Node(document_).child("neuwizard_conf").child("operator_conf"); }

  Status every_item_has_its_input() const {
    for (int i = 0; i < conf().input_conf_items_size(); ++i) {
      const Selector& selector = conf().input_conf_items(i).selector();
      QUERN_TRY(const std::regex names, regex_of(selector, node().child("input_conf_items", i)));
      const auto mine = [&](const ValueInfo& input) { return std::regex_match(input.name, names); };
      if (std::ranges::any_of(model_.inputs, mine)) continue;
      return node().error(
          ErrorCode::invalid_file, "input_conf_items",
          fmt::format("is about none of the model's inputs: {}", fmt::join(names_of(model_.inputs), ", ")), i);
    }
    return {};
  }

  /// Nothing for an input that takes no picture.
  Result<std::optional<Preprocess>> record_for(const ValueInfo& input, const Colors& colors) {
    QUERN_TRY(const int index, item_for(conf(), node(), input));
    const InputAttributes attributes = index < 0 ? InputAttributes() : conf().input_conf_items(index).attributes();
    if (picture_channels(input) == 0) {
      if (attributes.input_modifications_size() == 0) return std::optional<Preprocess>{};
      return node()
          .child("input_conf_items", index)
          .child("attributes")
          .error(ErrorCode::unsupported, "input_modifications",
                 fmt::format("is for pictures, and input '{}' is {}: give arrays that are prepared already", input.name,
                             to_string(input.shape)),
                 0);
    }
    Folder folder(input);
    for (int k = 0; k < attributes.input_modifications_size(); ++k) {
      const Node own = node().child("input_conf_items", index).child("attributes").child("input_modifications", k);
      QUERN_CHECK(folder.add(attributes.input_modifications(k), own));
    }
    Folded folded = folder.take();
    QUERN_CHECK(check_size(input, folded));
    QUERN_CHECK(check_colors(input, colors, folded));
    return std::optional<Preprocess>{made(folded, colors)};
  }

  Status check_size(const ValueInfo& input, const Folded& folded) const {
    constexpr double kMost = 1e9;
    const auto sane = [](double mean, double divisor) {
      return std::abs(mean) < kMost && std::abs(divisor) < kMost && std::abs(divisor) > 1 / kMost;
    };
    for (size_t c = 0; c < folded.mean.size(); ++c) {
      if (sane(folded.mean[c], folded.divisor[c])) continue;
      Error error = fail(ErrorCode::invalid_file,
                         "'{}': the input_modifications of '{}' come to (x - {}) / {}, which no picture is meant for",
                         document_.path, input.name, folded.mean[c], folded.divisor[c]);
      error.file = document_.path;
      return error;
    }
    return {};
  }

  /// Mean and std are in the source model's order: with another order outside, that is easily meant otherwise.
  Status check_colors(const ValueInfo& input, const Colors& colors, const Folded& folded) {
    if (colors.source == colors.compiled) return {};
    const std::string both = fmt::format("input '{}' is {} in the source model and {} in the compiled one", input.name,
                                         ColorSpace_Name(colors.source), ColorSpace_Name(colors.compiled));
    if (!alike(folded.mean) || !alike(folded.divisor)) {
      Error error = fail(ErrorCode::invalid_file,
                         "'{}': {}, and mean and std differ by channel: it cannot be told which order they are in; "
                         "give both one color_space",
                         document_.path, both);
      error.file = document_.path;
      return error;
    }
    notes_.push_back(both + "; the written model keeps the source's order, and pictures are turned to it");
    return {};
  }

  static Preprocess made(const Folded& folded, const Colors& colors) {
    Preprocess record;
    record.fit = Fit::stretch;
    record.filter = Filter::bilinear;
    record.order = order_of(colors.source);
    const bool one = alike(folded.mean) && alike(folded.divisor);
    record.mean = one ? std::vector<double>{folded.mean[0]} : folded.mean;
    record.std_dev = one ? std::vector<double>{folded.divisor[0]} : folded.divisor;
    return record;
  }

  const Document& document_;
  const Ax620Model& model_;
  std::vector<std::string>& notes_;
};

}  // namespace

Result<Preprocess> record_of(const Document& document, const Ax620Model& model, std::vector<std::string>& notes) {
  return Recorder(document, model, notes).run();
}

}  // namespace quern::ax620
