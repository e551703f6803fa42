// What a configuration says of a model's inputs and outputs: names, colours, layouts.
#include <algorithm>

#include "recipe/ax620/checks.h"
#include "recipe/ax620/preparing.h"

namespace quern::ax620 {

namespace {

using Items = google::protobuf::RepeatedPtrField<TensorConf>;

/// The item about a tensor: the one without a name rules over all others. -1: none.
int item_of(const Items& items, const std::string& name) {
  int found = -1;
  for (int i = 0; i < items.size(); ++i) {
    if (!items[i].has_tensor_name()) return i;
    if (items[i].tensor_name() == name) found = i;
  }
  return found;
}

TensorLayout native_layout(const Ax620Model& model) {
  return model.format == "tflite" ? NHWC : NCHW;
}

Status check_list(const Items& items, const Node& node, const char* field, const std::vector<ValueInfo>& tensors,
                  TensorLayout native) {
  for (int i = 0; i < items.size(); ++i) {
    const TensorConf& conf = items[i];
    const Node own = node.child(field, i);
    bool known = !conf.has_tensor_name();
    for (const ValueInfo& tensor : tensors) {
      if (conf.has_tensor_name() && conf.tensor_name() != tensor.name) continue;
      known = true;
      if (conf.tensor_layout() == NATIVE || conf.tensor_layout() == native || tensor.shape.size() != 4) continue;
      return own.error(ErrorCode::unsupported, "tensor_layout",
                       fmt::format("{}: '{}' is {} in the model's file and stays so; NATIVE says that",
                                   TensorLayout_Name(conf.tensor_layout()), tensor.name, TensorLayout_Name(native)));
    }
    if (!known)
      return own.error(
          ErrorCode::invalid_file, "tensor_name",
          fmt::format("'{}' is none of the model's: {}", conf.tensor_name(), fmt::join(names_of(tensors), ", ")));
  }
  return {};
}

Result<ColorSpace> color_of(const Items& items, const Node& node, const char* field, const ValueInfo& input) {
  const int channels = picture_channels(input);
  const ColorSpace natural = channels == 1 ? TENSOR_COLOR_SPACE_GRAY : TENSOR_COLOR_SPACE_BGR;
  const int index = item_of(items, input.name);
  if (index < 0 || items[index].color_space() == TENSOR_COLOR_SPACE_AUTO) return natural;
  const ColorSpace said = items[index].color_space();
  if ((said == TENSOR_COLOR_SPACE_GRAY) == (channels == 1)) return said;
  return node.child(field, index)
      .error(ErrorCode::invalid_file, "color_space",
             fmt::format("{}: input '{}' has {} channel{}", ColorSpace_Name(said), input.name, channels,
                         channels == 1 ? "" : "s"));
}

}  // namespace

std::vector<std::string> names_of(const std::vector<ValueInfo>& tensors) {
  std::vector<std::string> names;
  for (const ValueInfo& tensor : tensors) names.push_back("'" + tensor.name + "'");
  return names;
}

int picture_channels(const ValueInfo& input) {
  if (input.shape.size() != 4) return 0;
  for (const int64_t channels : {input.shape[1], input.shape[3]}) {
    if (channels == 1 || channels == 3) return static_cast<int>(channels);
  }
  return 0;
}

Result<std::vector<Colors>> colors_of(const Document& document, const Ax620Model& model) {
  QUERN_TRY(const TensorList source, source_inputs(document));
  QUERN_TRY(const TensorList compiled, compiled_inputs(document));
  const Node node(document);
  std::vector<Colors> colors;
  for (const ValueInfo& input : model.inputs) {
    Colors& own = colors.emplace_back();
    if (picture_channels(input) == 0) continue;
    QUERN_TRY(own.source, color_of(*source.items, node, source.field, input));
    QUERN_TRY(own.compiled, color_of(*compiled.items, node, compiled.field, input));
  }
  return colors;
}

Status check_tensors_of(const Document& document, const Ax620Model& model) {
  QUERN_TRY(const TensorList source, source_inputs(document));
  QUERN_TRY(const TensorList compiled, compiled_inputs(document));
  const Node node(document);
  const TensorLayout native = native_layout(model);
  QUERN_CHECK(check_list(*source.items, node, source.field, model.inputs, native));
  QUERN_CHECK(check_list(*compiled.items, node, compiled.field, model.inputs, native));
  const Configuration& root = document.root;
  QUERN_CHECK(check_list(root.src_output_tensors(), node, "src_output_tensors", model.outputs, native));
  return check_list(root.dst_output_tensors(), node, "dst_output_tensors", model.outputs, native);
}

}  // namespace quern::ax620
