#include "recipe/ax620/checks.h"

#include <cmath>

namespace quern::ax620 {

namespace {

constexpr const char* kErrorMeasure = "neuwizard.evaluator.error_measure_evaluator";

Error unsupported(const Node& node, const char* field, const std::string& sentence, int index = -1) {
  return node.error(ErrorCode::unsupported, field, sentence, index);
}
Error wrong(const Node& node, const char* field, const std::string& sentence, int index = -1) {
  return node.error(ErrorCode::invalid_file, field, sentence, index);
}

// ---- hardware ----

Status check_npu(const Configuration& root, const Node& node) {
  const PulsarConf& pulsar = root.pulsar_conf();
  if (!root.has_pulsar_conf()) return {};
  const Node own = node.child("pulsar_conf");
  if (pulsar.has_virtual_npu() && pulsar.has_ax620_virtual_npu())
    return wrong(own, "ax620_virtual_npu",
                 "and virtual_npu exclude each other: the first is AX620's, the other AX630's");
  const bool ax630 = root.target_hardware() == TARGET_HARDWARE_AX630;
  if (root.has_target_hardware() && ax630 && pulsar.has_ax620_virtual_npu())
    return wrong(own, "ax620_virtual_npu", "is not for TARGET_HARDWARE_AX630: use virtual_npu");
  if (root.has_target_hardware() && !ax630 && pulsar.has_virtual_npu())
    return wrong(own, "virtual_npu", "is not for TARGET_HARDWARE_AX620: use ax620_virtual_npu");
  if (pulsar.ax620_virtual_npu() == AX620_VIRTUAL_NPU_MODE_112)
    return unsupported(own, "ax620_virtual_npu",
                       "AX620_VIRTUAL_NPU_MODE_112 is the half that AI-ISP has for itself: use "
                       "AX620_VIRTUAL_NPU_MODE_111, or _0 without a camera");
  for (int i = 0; i < pulsar.batch_size_size(); ++i) {
    if (pulsar.batch_size(i) < 1)
      return wrong(own, "batch_size", fmt::format("{} is below 1", pulsar.batch_size(i)), i);
  }
  if (pulsar.batch_size_size() > 1 && pulsar.batch_size_option() == BSO_STATIC)
    return wrong(own, "batch_size_option", "BSO_STATIC is for one batch_size: several make it BSO_DYNAMIC");
  return {};
}

// ---- tensors ----

Status check_tensor(const TensorConf& conf, const Node& node, bool input) {
  switch (conf.color_space()) {
    case TENSOR_COLOR_SPACE_NV12:
    case TENSOR_COLOR_SPACE_NV21:
    case TENSOR_COLOR_SPACE_BGR0:
      return unsupported(
          node, "color_space",
          fmt::format("{} is not known here: pictures come as RGB, BGR or GRAY", ColorSpace_Name(conf.color_space())));
    default:
      break;
  }
  if (conf.quantization_value() != 0)
    return unsupported(node, "quantization_value",
                       fmt::format("{}: inputs and outputs of the written model are real numbers; take it out, or give "
                                   "0",
                                   conf.quantization_value()));
  if (!conf.has_data_type()) return {};
  const bool fine = conf.data_type() == FLOAT32 || (input && conf.data_type() == UINT8);
  if (fine) return {};
  return unsupported(node, "data_type",
                     fmt::format("{}: {}", DataType_Name(conf.data_type()),
                                 input ? "an input takes UINT8 (bytes of a picture, by the pre-processing record) or "
                                         "FLOAT32 (arrays)"
                                       : "outputs are FLOAT32"));
}

Status check_tensors(const google::protobuf::RepeatedPtrField<TensorConf>& list, const Node& node, const char* field,
                     bool input) {
  int nameless = -1;
  for (int i = 0; i < list.size(); ++i) {
    QUERN_CHECK(check_tensor(list[i], node.child(field, i), input));
    if (list[i].has_tensor_name()) continue;
    if (nameless >= 0) return wrong(node, field, "is a second item without tensor_name: which one is meant?", i);
    nameless = i;
  }
  return {};
}

Status check_all_tensors(const Document& document, const Node& node) {
  const Configuration& root = document.root;
  QUERN_CHECK(check_tensors(root.input_tensors(), node, "input_tensors", true));
  QUERN_CHECK(check_tensors(root.output_tensors(), node, "output_tensors", true));
  QUERN_CHECK(check_tensors(root.src_input_tensors(), node, "src_input_tensors", true));
  QUERN_CHECK(check_tensors(root.src_output_tensors(), node, "src_output_tensors", false));
  QUERN_CHECK(check_tensors(root.dst_input_tensors(), node, "dst_input_tensors", true));
  QUERN_CHECK(check_tensors(root.dst_output_tensors(), node, "dst_output_tensors", false));
  if (const auto list = source_inputs(document); !list.ok()) return list.status();
  if (const auto list = compiled_inputs(document); !list.ok()) return list.status();
  return {};
}

// ---- pre-processing ----

using Numbers = google::protobuf::RepeatedField<double>;

Status check_numbers(const Numbers& numbers, const Node& node, const char* field, bool divides) {
  for (int i = 0; i < numbers.size(); ++i) {
    if (!std::isfinite(numbers[i])) return wrong(node, field, fmt::format("{} is not finite", numbers[i]), i);
    if (divides && numbers[i] == 0) return wrong(node, field, "0 divides nothing", i);
  }
  return {};
}

Status check_modification(const Modification& change, const Node& node) {
  if (change.has_affine_preprocess() && change.has_input_normalization())
    return wrong(node, "input_normalization",
                 "stands in one input_modifications with affine_preprocess: which is first? Give each its own");
  if (change.has_affine_preprocess()) {
    const Node own = node.child("affine_preprocess");
    const AffinePreprocess& affine = change.affine_preprocess();
    for (int i = 0; i < affine.slope_size(); ++i) {
      if (affine.slope(i) == 0) return wrong(own, "slope", "0 makes all pictures alike", i);
    }
    QUERN_CHECK(check_numbers(affine.slope(), own, "slope", false));
    QUERN_CHECK(check_numbers(affine.slope_divisor(), own, "slope_divisor", true));
    QUERN_CHECK(check_numbers(affine.bias(), own, "bias", false));
    QUERN_CHECK(check_numbers(affine.bias_divisor(), own, "bias_divisor", true));
  }
  if (!change.has_input_normalization()) return {};
  const Node own = node.child("input_normalization");
  QUERN_CHECK(check_numbers(change.input_normalization().mean(), own, "mean", false));
  return check_numbers(change.input_normalization().std(), own, "std", true);
}

Status check_operator_conf(const OperatorConf& conf, const Node& node) {
  for (int i = 0; i < conf.input_conf_items_size(); ++i) {
    const InputAttributes& attributes = conf.input_conf_items(i).attributes();
    if (!conf.input_conf_items(i).has_attributes()) continue;
    const Node own = node.child("input_conf_items", i).child("attributes");
    if (attributes.has_type() && attributes.type() != UINT8 && attributes.type() != FLOAT32)
      return unsupported(own, "type",
                         fmt::format("{}: an input is UINT8 or FLOAT32", DataType_Name(attributes.type())));
    for (int k = 0; k < attributes.input_modifications_size(); ++k)
      QUERN_CHECK(check_modification(attributes.input_modifications(k), own.child("input_modifications", k)));
  }
  for (int i = 0; i < conf.output_conf_items_size(); ++i) {
    if (conf.output_conf_items(i).attributes().output_modifications_size() == 0) continue;
    return unsupported(node.child("output_conf_items", i).child("attributes"), "output_modifications",
                       "would change what the model computes: do it behind the model", 0);
  }
  return {};
}

Status check_widths(const OperatorConf& conf, const Node& node) {
  for (int i = 0; i < conf.operator_conf_items_size(); ++i) {
    const OperatorAttributes& attributes = conf.operator_conf_items(i).attributes();
    if (!conf.operator_conf_items(i).has_attributes()) continue;
    const Node own = node.child("operator_conf_items", i).child("attributes");
    if (attributes.has_weight_type() && attributes.weight_type() != INT8)
      return unsupported(own, "weight_type",
                         fmt::format("{}: weights are INT8", DataType_Name(attributes.weight_type())));
    if (!attributes.has_input_feature_type()) continue;
    switch (attributes.input_feature_type()) {
      case UINT8:
      case INT8:
      case UINT16:
      case INT16:
      case FLOAT32:
        break;
      default:
        return unsupported(
            own, "input_feature_type",
            fmt::format("{}: 8 and 16 bits and FLOAT32 are known", DataType_Name(attributes.input_feature_type())));
    }
  }
  return {};
}

// ---- data and evaluation ----

Status check_dataset(const DatasetConf& conf, const Node& node) {
  if (conf.has_size() && conf.size() < 1) return wrong(node, "size", fmt::format("{} is below 1", conf.size()));
  if (conf.has_batch_size() && conf.batch_size() < 1)
    return wrong(node, "batch_size", fmt::format("{} is below 1", conf.batch_size()));
  return {};
}

Status check_neuwizard(const NeuwizardConf& conf, const Node& node) {
  if (conf.has_task_conf())
    return unsupported(node, "task_conf",
                       "searches widths of 4, 8 and 16 bits (SUPERNET), which Quern does not do; "
                       "--max-drop keeps operators wide where it pays");
  if (conf.has_operator_conf()) {
    QUERN_CHECK(check_operator_conf(conf.operator_conf(), node.child("operator_conf")));
    QUERN_CHECK(check_widths(conf.operator_conf(), node.child("operator_conf")));
  }
  if (conf.has_dataset_conf_calibration())
    QUERN_CHECK(check_dataset(conf.dataset_conf_calibration(), node.child("dataset_conf_calibration")));
  if (conf.has_dataset_conf_error_measurement())
    QUERN_CHECK(check_dataset(conf.dataset_conf_error_measurement(), node.child("dataset_conf_error_measurement")));
  if (conf.has_evaluation_conf() && conf.evaluation_conf().has_path() && conf.evaluation_conf().path() != kErrorMeasure)
    return unsupported(node.child("evaluation_conf"), "path",
                       fmt::format("'{}': the one evaluator is \"{}\"", conf.evaluation_conf().path(), kErrorMeasure));
  return {};
}

Result<TensorList> one_of(const Document& document, const google::protobuf::RepeatedPtrField<TensorConf>& list,
                          const char* field, const google::protobuf::RepeatedPtrField<TensorConf>& older,
                          const char* older_field) {
  if (older.empty()) return TensorList{&list, field};
  if (list.empty()) return TensorList{&older, older_field};
  return Node(document).error(ErrorCode::invalid_file, older_field,
                              fmt::format("is the older word for {}, which is here too: give one of them", field), 0);
}

}  // namespace

Result<TensorList> source_inputs(const Document& document) {
  const Configuration& root = document.root;
  return one_of(document, root.src_input_tensors(), "src_input_tensors", root.input_tensors(), "input_tensors");
}

Result<TensorList> compiled_inputs(const Document& document) {
  const Configuration& root = document.root;
  return one_of(document, root.dst_input_tensors(), "dst_input_tensors", root.output_tensors(), "output_tensors");
}

Status check(const Document& document) {
  const Configuration& root = document.root;
  const Node node(document);
  if (root.output_type() == OUTPUT_TYPE_SUPERNET)
    return unsupported(node, "output_type",
                       "OUTPUT_TYPE_SUPERNET searches widths of 4, 8 and 16 bits, which Quern does "
                       "not do; --max-drop keeps operators wide where it pays");
  QUERN_CHECK(check_npu(root, node));
  QUERN_CHECK(check_all_tensors(document, node));
  return root.has_neuwizard_conf() ? check_neuwizard(root.neuwizard_conf(), node.child("neuwizard_conf")) : Status{};
}

}  // namespace quern::ax620
