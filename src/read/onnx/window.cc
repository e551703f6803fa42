#include "read/onnx/window.h"

namespace quern::onnx {

namespace {

constexpr Choice<AutoPad> kAutoPads[] = {
    {"NOTSET", AutoPad::explicit_pads},
    {"SAME_UPPER", AutoPad::same_upper},
    {"SAME_LOWER", AutoPad::same_lower},
    {"VALID", AutoPad::valid},
};

Error wrong_length(const Node& node, std::string_view name, size_t have, int want) {
  return node.fail(ErrorCode::invalid_file, "attribute '{}' has {} entries, but {} are needed", name, have, want);
}

}  // namespace

Result<Pair> read_pair(Node& node, std::string_view name, int spatial_axes, Pair fallback) {
  const Ints ints = node.attributes.integers(name);
  if (ints.empty()) return fallback;
  if (static_cast<int>(ints.size()) != spatial_axes) return wrong_length(node, name, ints.size(), spatial_axes);
  return spatial_axes == 1 ? Pair{fallback[0], ints[0]} : Pair{ints[0], ints[1]};
}

Result<Window> read_window(Node& node, int spatial_axes) {
  if (spatial_axes != 1 && spatial_axes != 2) {
    return node.fail(ErrorCode::unsupported, "its window has {} axes; 1 and 2 are read", spatial_axes);
  }
  Window window;
  QUERN_TRY(window.kernel, read_pair(node, "kernel_shape", spatial_axes, {1, 1}));
  QUERN_TRY(window.strides, read_pair(node, "strides", spatial_axes, {1, 1}));
  QUERN_TRY(window.dilations, read_pair(node, "dilations", spatial_axes, {1, 1}));
  window.auto_pad = node.attributes.choice<AutoPad>("auto_pad", kAutoPads, "NOTSET");
  const Ints pads = node.attributes.integers("pads");
  if (pads.empty()) return window;
  if (static_cast<int>(pads.size()) != 2 * spatial_axes) {
    return wrong_length(node, "pads", pads.size(), 2 * spatial_axes);
  }
  window.pads = spatial_axes == 1 ? Pads{0, pads[0], 0, pads[1]} : Pads{pads[0], pads[1], pads[2], pads[3]};
  if (window.auto_pad != AutoPad::explicit_pads) window.pads = {};
  return window;
}

}  // namespace quern::onnx
