#include "recipe/ax620/effective.h"

#include <algorithm>
#include <filesystem>

#include "recipe/ax620/checks.h"
#include "recipe/ax620/preparing.h"

namespace quern::ax620 {

namespace {

constexpr const char* kHeading =
    "# The configuration that was in effect, every default resolved (quern quantize --save-config).\n";

constexpr int64_t kBatchSize = 32;

std::string beside(const std::string& path, const std::string& folder) {
  if (path.empty()) return path;
  return std::filesystem::absolute(path).lexically_normal().lexically_proximate(
      std::filesystem::absolute(folder.empty() ? "." : folder).lexically_normal());
}

class Resolver {
 public:
  Resolver(const Document& document, const Ax620Model& model, const Ax620Request& effective, std::string folder,
           std::vector<std::string>& notes)
      : document_(document),
        root_(document.root),
        model_(model),
        effective_(effective),
        folder_(std::move(folder)),
        notes_(notes) {}

  std::string run() {
    general();
    tensors();
    backends();
    preparing();
    data();
    evaluation();
    pulsar();
    return print();
  }

 private:
  void general() {
    const auto put = [&](const std::string& path) { return beside(path, folder_); };
    if (!effective_.model.empty()) root_.set_input_path(put(effective_.model));
    if (!effective_.output.empty()) root_.set_output_path(put(effective_.output));
    if (root_.input_type() == INPUT_TYPE_AUTO)
      root_.set_input_type(model_.format == "onnx" ? INPUT_TYPE_ONNX : INPUT_TYPE_AUTO);
    if (!root_.has_output_type()) root_.set_output_type(OUTPUT_TYPE_AUTO);
    if (!root_.has_target_hardware())
      root_.set_target_hardware(root_.pulsar_conf().has_virtual_npu() ? TARGET_HARDWARE_AX630 : TARGET_HARDWARE_AX620);
  }

  // ---- tensors ----

  using Items = google::protobuf::RepeatedPtrField<TensorConf>;

  static TensorConf said_of(const Items& items, const std::string& name) {
    TensorConf conf;
    for (const TensorConf& item : items) {
      if (!item.has_tensor_name()) return item;
      if (item.tensor_name() == name) conf = item;
    }
    return conf;
  }

  /// One item a tensor, each with its name.
  static Items resolved(const Items& items, const std::vector<ValueInfo>& tensors, DataType type) {
    Items all;
    for (const ValueInfo& tensor : tensors) {
      TensorConf conf = said_of(items, tensor.name);
      conf.set_tensor_name(tensor.name);
      if (!conf.has_color_space()) conf.set_color_space(TENSOR_COLOR_SPACE_AUTO);
      if (!conf.has_data_type()) conf.set_data_type(type);
      if (!conf.has_quantization_value()) conf.set_quantization_value(0);
      if (!conf.has_color_standard()) conf.set_color_standard(CSC_LEGACY);
      if (!conf.has_tensor_layout()) conf.set_tensor_layout(NATIVE);
      *all.Add() = std::move(conf);
    }
    return all;
  }

  ColorSpace color_of_record(const ValueInfo& input) {
    if (picture_channels(input) == 1) return TENSOR_COLOR_SPACE_GRAY;
    switch (effective_.preprocess.order) {
      case Order::rgb:
        return TENSOR_COLOR_SPACE_RGB;
      case Order::bgr:
        return TENSOR_COLOR_SPACE_BGR;
      default:
        return TENSOR_COLOR_SPACE_AUTO;
    }
  }

  void tensors() {
    const auto source = source_inputs(document_);
    const auto compiled = compiled_inputs(document_);
    Items ours = resolved(*source->items, model_.inputs, UINT8);
    Items theirs = resolved(*compiled->items, model_.inputs, UINT8);
    for (size_t i = 0; i < model_.inputs.size(); ++i) {
      if (picture_channels(model_.inputs[i]) == 0) continue;
      const ColorSpace color = color_of_record(model_.inputs[i]);
      TensorConf& own = ours[static_cast<int>(i)];
      TensorConf& outside = theirs[static_cast<int>(i)];
      if (outside.color_space() == TENSOR_COLOR_SPACE_AUTO || own.color_space() == outside.color_space())
        outside.set_color_space(color);
      own.set_color_space(color);
    }
    root_.clear_input_tensors();
    root_.clear_output_tensors();
    *root_.mutable_src_input_tensors() = std::move(ours);
    *root_.mutable_dst_input_tensors() = std::move(theirs);
    *root_.mutable_src_output_tensors() = resolved(root_.src_output_tensors(), model_.outputs, FLOAT32);
    *root_.mutable_dst_output_tensors() = resolved(root_.dst_output_tensors(), model_.outputs, FLOAT32);
  }

  void backends() {
    CpuBackendSettings& backends = *root_.mutable_cpu_backend_settings();
    if (backends.onnx_setting().mode() == DEFAULT) backends.mutable_onnx_setting()->set_mode(ENABLED);
    AxeSetting& axe = *backends.mutable_axe_setting();
    if (axe.mode() == DEFAULT) axe.set_mode(DISABLED);
    AxeParam& param = *axe.mutable_axe_param();
    if (!param.has_optimize_slim_model()) param.set_optimize_slim_model(false);
  }

  // ---- pre-processing ----

  static void fill(AffinePreprocess& affine) {
    if (affine.slope().empty()) affine.add_slope(1);
    if (affine.slope_divisor().empty()) affine.add_slope_divisor(1);
    if (affine.bias().empty()) affine.add_bias(0);
    if (affine.bias_divisor().empty()) affine.add_bias_divisor(1);
  }
  static void fill(InputNormalization& normalization) {
    if (normalization.mean().empty()) normalization.add_mean(0);
    if (normalization.std().empty()) normalization.add_std(1);
  }

  bool says_this_record() {
    std::vector<std::string> ignored;
    const auto own = record_of(document_, model_, ignored);
    return own.ok() && *own == effective_.preprocess;
  }

  /// The file's own steps where they give the record in effect, else that record as one normalization.
  void preparing() {
    OperatorConf& conf = *root_.mutable_neuwizard_conf()->mutable_operator_conf();
    if (!says_this_record()) replace_steps(conf);
    for (InputConfItem& item : *conf.mutable_input_conf_items()) {
      InputAttributes& attributes = *item.mutable_attributes();
      if (!attributes.has_type()) attributes.set_type(UINT8);
      for (Modification& change : *attributes.mutable_input_modifications()) {
        if (change.has_affine_preprocess()) fill(*change.mutable_affine_preprocess());
        if (change.has_input_normalization()) fill(*change.mutable_input_normalization());
      }
    }
  }

  void replace_steps(OperatorConf& conf) {
    const Preprocess& record = effective_.preprocess;
    conf.clear_input_conf_items();
    if (record.fit != Fit::stretch || record.filter != Filter::bilinear || record.order == Order::blue)
      notes_.push_back(fmt::format(
          "fit, filter and order of the pre-processing record are stretch, bilinear and rgb, bgr or gray in this "
          "language: the saved configuration says mean and std only"));
    if (record.mean.empty() && record.std_dev.empty()) {
      notes_.push_back(
          "no mean and std were given: the saved configuration has none, which means bytes of 0 to 255 there");
      return;
    }
    InputNormalization& by =
        *conf.add_input_conf_items()->mutable_attributes()->add_input_modifications()->mutable_input_normalization();
    for (double mean : record.mean) by.add_mean(mean);
    for (double deviation : record.std_dev) by.add_std(deviation);
  }

  // ---- data ----

  void data() {
    DatasetConf& conf = *root_.mutable_neuwizard_conf()->mutable_dataset_conf_calibration();
    set_data(conf, effective_.data, effective_.samples);
    if (!effective_.data.empty()) conf.clear_dataset_conf_items();
    conf.set_calibration_strategy(effective_.weights_per_channel ? CALIB_STRATEGY_PER_CHANNEL
                                                                 : CALIB_STRATEGY_PER_TENSOR);
    set_observer(conf);
  }

  void set_data(DatasetConf& conf, const std::vector<std::string>& paths, int64_t samples) {
    if (!paths.empty()) conf.set_path(beside(paths.front(), folder_));
    if (paths.size() > 1)
      notes_.push_back(fmt::format("a configuration has one data set: the saved one names '{}' only", paths.front()));
    if (!conf.has_type()) conf.set_type(DATASET_TYPE_TAR);
    if (samples > 0) conf.set_size(samples);
    if (!conf.has_batch_size()) conf.set_batch_size(kBatchSize);
  }

  void set_observer(DatasetConf& conf) {
    conf.clear_observer_method();
    if (effective_.calibration == Calibration::minmax) conf.set_observer_method(OBSVR_METHOD_MIN_MAX);
    if (effective_.calibration == Calibration::mse) conf.set_observer_method(OBSVR_METHOD_MSE_CLIPPING);
    if (effective_.calibration && !conf.has_observer_method() && effective_.calibration != Calibration::automatic)
      notes_.push_back(fmt::format("'{}' has no word in this language: the saved configuration has no observer_method",
                                   to_string(*effective_.calibration)));
  }

  void evaluation() {
    NeuwizardConf& conf = *root_.mutable_neuwizard_conf();
    if (conf.has_dataset_conf_error_measurement())
      set_data(*conf.mutable_dataset_conf_error_measurement(), effective_.compare_data, effective_.compare_samples);
    if (!conf.has_evaluation_conf()) return;
    EvaluationConf& own = *conf.mutable_evaluation_conf();
    if (!own.has_type()) own.set_type(EVALUATION_TYPE_ERROR_MEASURE);
    if (!own.has_score_compare_per_layer()) own.set_score_compare_per_layer(false);
  }

  void pulsar() {
    PulsarConf& conf = *root_.mutable_pulsar_conf();
    const bool ax630 = root_.target_hardware() == TARGET_HARDWARE_AX630;
    if (ax630 && !conf.has_virtual_npu()) conf.set_virtual_npu(VIRTUAL_NPU_MODE_AUTO);
    if (!ax630 && !conf.has_ax620_virtual_npu()) conf.set_ax620_virtual_npu(AX620_VIRTUAL_NPU_MODE_AUTO);
    if (conf.batch_size().empty()) conf.add_batch_size(1);
    if (conf.batch_size_option() == BSO_AUTO)
      conf.set_batch_size_option(conf.batch_size_size() > 1 ? BSO_DYNAMIC : BSO_STATIC);
    if (!conf.has_debug()) conf.set_debug(false);
    if (conf.has_output_dir()) conf.set_output_dir(beside(conf.output_dir(), folder_));
  }

  std::string print() {
    google::protobuf::TextFormat::Printer printer;
    printer.SetUseShortRepeatedPrimitives(true);
    std::string text;
    printer.PrintToString(root_, &text);
    return kHeading + text;
  }

  const Document& document_;
  Configuration root_;
  const Ax620Model& model_;
  const Ax620Request& effective_;
  std::string folder_;
  std::vector<std::string>& notes_;
};

}  // namespace

std::string effective_text(const Document& document, const Ax620Model& model, const Ax620Request& effective,
                           const std::string& folder, std::vector<std::string>& notes) {
  return Resolver(document, model, effective, folder, notes).run();
}

}  // namespace quern::ax620
