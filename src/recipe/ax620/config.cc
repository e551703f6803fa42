// The configuration as the library gives it away: read, asked what it wants, saved.
#include <algorithm>
#include <filesystem>

#include "quern/file.h"
#include "recipe/ax620/checks.h"
#include "recipe/ax620/effective.h"
#include "recipe/ax620/preparing.h"
#include "recipe/ax620/selector.h"

namespace quern {

namespace ax620 {
namespace {

/// Relative to the folder of the configuration.
std::string opened(const Document& document, const std::string& path) {
  if (path.empty() || std::filesystem::path(path).is_absolute()) return path;
  return (std::filesystem::path(document.path).parent_path() / path).lexically_normal().string();
}

/// Every path as a program opens it, so that nothing depends on the configuration's folder any more.
void open_paths(Document& document) {
  const auto open = [&](std::string* path) { *path = opened(document, *path); };
  Configuration& root = document.root;
  if (root.has_input_path()) open(root.mutable_input_path());
  if (root.has_output_path()) open(root.mutable_output_path());
  if (root.pulsar_conf().has_output_dir()) open(root.mutable_pulsar_conf()->mutable_output_dir());
  if (!root.has_neuwizard_conf()) return;
  NeuwizardConf& conf = *root.mutable_neuwizard_conf();
  if (conf.dataset_conf_calibration().has_path()) open(conf.mutable_dataset_conf_calibration()->mutable_path());
  if (conf.dataset_conf_error_measurement().has_path())
    open(conf.mutable_dataset_conf_error_measurement()->mutable_path());
}

/// Puts a configuration into Quern's words.
class Requester {
 public:
  Requester(const Document& document, const Ax620Model& model, const Ax620Overrides& overrides)
      : document_(document), root_(document.root), model_(model), overrides_(overrides) {}

  Result<Ax620Request> run() {
    request_.model = root_.input_path();
    request_.output = root_.output_path();
    QUERN_CHECK(check_types());
    QUERN_CHECK(check_tensors_of(document_, model_));
    if (!overrides_.preprocess) {
      QUERN_TRY(request_.preprocess, record_of(document_, model_, request_.notes));
    }
    QUERN_CHECK(operators());
    QUERN_CHECK(calibration());
    QUERN_CHECK(evaluation());
    say_what_build_takes();
    return std::move(request_);
  }

 private:
  const NeuwizardConf& conf() const { return root_.neuwizard_conf(); }
  Node node() const { return Node(document_).child("neuwizard_conf"); }

  Status check_types() {
    const Node node(document_);
    if (root_.input_type() == INPUT_TYPE_ONNX && model_.format != "onnx")
      return node.error(ErrorCode::invalid_file, "input_type",
                        fmt::format("INPUT_TYPE_ONNX, but the model is {}; INPUT_TYPE_AUTO takes it", model_.format));
    if (overrides_.output) return {};
    if (root_.output_path().ends_with(".joint"))
      return node.error(ErrorCode::unsupported, "output_path",
                        fmt::format("'{}': the joint format is its maker's own and cannot be written; say -o FILE.onnx",
                                    root_.output_path()));
    return {};
  }

  Status operators() {
    const OperatorConf& all = conf().operator_conf();
    for (int i = 0; i < all.operator_conf_items_size(); ++i) {
      const OperatorConfItem& item = all.operator_conf_items(i);
      const Node own = node().child("operator_conf").child("operator_conf_items", i);
      QUERN_TRY(const std::string pattern, pattern_of(item.selector(), own));
      const DataType type = item.attributes().input_feature_type();
      if (type == UINT16 || type == INT16) request_.int16.push_back(pattern);
      if (type == FLOAT32) request_.keep_float.push_back(pattern);
      if (item.attributes().lstm_mode() == LSTM_MODE_CPU)
        request_.notes.push_back(own.child("attributes").where("lstm_mode") +
                                 ": lstm_mode has no effect: models with LSTM are not read");
    }
    return {};
  }

  Status calibration() {
    const DatasetConf& data = conf().dataset_conf_calibration();
    request_.weights_per_channel = data.calibration_strategy() == CALIB_STRATEGY_PER_CHANNEL;
    if (data.has_observer_method())
      request_.calibration = data.observer_method() == OBSVR_METHOD_MIN_MAX ? Calibration::minmax : Calibration::mse;
    request_.samples = data.size();
    if (overrides_.data) return {};
    if (data.dataset_conf_items_size() > 0)
      return node()
          .child("dataset_conf_calibration")
          .error(ErrorCode::unsupported, "dataset_conf_items",
                 "is a tar for each input, which Quern does not pair: give --data a list file with NAME=PATH columns "
                 "(docs/data.md), or .npz arrays",
                 0);
    if (data.has_path()) request_.data = {data.path()};
    return {};
  }

  Status evaluation() {
    const DatasetConf& data = conf().dataset_conf_error_measurement();
    request_.compare_layers = conf().evaluation_conf().score_compare_per_layer();
    if (data.dataset_conf_items_size() > 0)
      return node()
          .child("dataset_conf_error_measurement")
          .error(ErrorCode::unsupported, "dataset_conf_items", "is a tar for each input, which Quern does not pair", 0);
    if (data.has_path()) request_.compare_data = {data.path()};
    request_.compare_samples = data.size();
    if (data.has_path() && !request_.compare_layers)
      request_.notes.push_back(node().where("dataset_conf_error_measurement") +
                               ": dataset_conf_error_measurement is not used: evaluation_conf does not say "
                               "score_compare_per_layer: true");
    return {};
  }

  void say_what_build_takes() {
    if (overrides_.building) return;
    std::vector<std::string> fields;
    if (root_.has_target_hardware()) fields.emplace_back("target_hardware");
    if (root_.has_cpu_backend_settings()) fields.emplace_back("cpu_backend_settings");
    if (root_.has_pulsar_conf()) fields.emplace_back("pulsar_conf");
    if (fields.empty()) return;
    request_.notes.push_back(fmt::format(
        "'{}': {} {} for building, not for quantizing: kept by --save-config, without effect on the integers",
        document_.path, fmt::join(fields, ", "), fields.size() == 1 ? "is" : "are"));
  }

  const Document& document_;
  const Configuration& root_;
  const Ax620Model& model_;
  const Ax620Overrides& overrides_;
  Ax620Request request_;
};

/// "/111" of AX620_VIRTUAL_NPU_MODE_111; nothing of AUTO.
std::string mode_of(const std::string& word) {
  const std::string mode = word.substr(word.rfind('_') + 1);
  return mode == "AUTO" ? "" : "/" + mode;
}

std::string target_of(const Configuration& root) {
  const PulsarConf& pulsar = root.pulsar_conf();
  const bool ax630 =
      root.has_target_hardware() ? root.target_hardware() == TARGET_HARDWARE_AX630 : pulsar.has_virtual_npu();
  if (ax630) return "sim:ax630a" + mode_of(VirtualNpu_Name(pulsar.virtual_npu()));
  return "sim:ax620" + mode_of(Ax620VirtualNpu_Name(pulsar.ax620_virtual_npu()));
}

}  // namespace
}  // namespace ax620

Ax620Config::Ax620Config() : document_(std::make_shared<ax620::Document>()) {}

Result<Ax620Config> Ax620Config::read(const std::string& path) {
  QUERN_TRY(const auto bytes, read_file(path));
  return parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
}

Result<Ax620Config> Ax620Config::parse(const std::string& text, const std::string& path) {
  QUERN_TRY(auto document, ax620::parse_document(text, path));
  ax620::open_paths(*document);
  QUERN_CHECK(ax620::check(*document));
  Ax620Config config;
  config.document_ = std::move(document);
  return config;
}

std::string Ax620Config::model() const {
  return document_->root.input_path();
}

std::string Ax620Config::output() const {
  return document_->root.output_path();
}

std::string Ax620Config::target() const {
  return ax620::target_of(document_->root);
}

Result<Ax620Request> Ax620Config::request(const Ax620Model& model, const Ax620Overrides& overrides) const {
  return ax620::Requester(*document_, model, overrides).run();
}

std::string Ax620Config::text(const Ax620Model& model, const Ax620Request& effective, const std::string& folder,
                              std::vector<std::string>& notes) const {
  return ax620::effective_text(*document_, model, effective, folder, notes);
}

}  // namespace quern
