// Resize and its forerunner Upsample. Both speak of all axes, so that their lists are put in our order of axes.
#include <algorithm>
#include <numeric>

#include "read/onnx/layout.h"
#include "read/onnx/rows.h"

namespace quern::onnx {

namespace {

constexpr Choice<ResizeMode> kModes[] = {{"nearest", ResizeMode::nearest},
                                         {"linear", ResizeMode::linear},
                                         {"bilinear", ResizeMode::linear},
                                         {"cubic", ResizeMode::cubic}};
constexpr Choice<Coordinates> kCoordinates[] = {
    {"half_pixel", Coordinates::half_pixel},
    {"half_pixel_symmetric", Coordinates::half_pixel_symmetric},
    {"pytorch_half_pixel", Coordinates::pytorch_half_pixel},
    {"align_corners", Coordinates::align_corners},
    {"asymmetric", Coordinates::asymmetric},
    {"tf_half_pixel_for_nn", Coordinates::tf_half_pixel_for_nn},
    {"tf_crop_and_resize", Coordinates::tf_crop_and_resize},
};
constexpr Choice<NearestMode> kNearestModes[] = {{"round_prefer_floor", NearestMode::round_prefer_floor},
                                                 {"round_prefer_ceil", NearestMode::round_prefer_ceil},
                                                 {"floor", NearestMode::floor},
                                                 {"ceil", NearestMode::ceil}};
constexpr Choice<AspectPolicy> kPolicies[] = {{"stretch", AspectPolicy::stretch},
                                              {"not_larger", AspectPolicy::not_larger},
                                              {"not_smaller", AspectPolicy::not_smaller}};

/// The three parameter inputs, wherever the opset has them.
struct Parameters {
  ValueId roi = kNoValue;
  ValueId scales = kNoValue;
  ValueId sizes = kNoValue;
};

/// [a, b, c, d] of N C H W in the order N H W C.
template <typename T>
std::vector<T> last(const std::vector<T>& list) {
  return list.size() == 4 ? std::vector<T>{list[0], list[2], list[3], list[1]} : list;
}

/// Names of axes, N C H W, as they are called in N H W C.
Status rename_axes(const Node& node, Ints& axes) {
  constexpr int64_t kNew[] = {0, 3, 1, 2};
  for (int64_t& axis : axes) {
    if (axis < -4 || axis > 3) return node.fail(ErrorCode::invalid_file, "attribute 'axes' names axis {} of 4", axis);
    axis = kNew[axis < 0 ? axis + 4 : axis];
  }
  return {};
}

/// Puts named axes in rising order, and constant lists with them.
void sort_axes(ResizeAttrs& attrs) {
  std::vector<size_t> order(attrs.axes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&attrs](size_t a, size_t b) { return attrs.axes[a] < attrs.axes[b]; });
  const auto sorted = [&order](auto list) {
    auto result = list;
    for (size_t i = 0; i < order.size() && list.size() == order.size(); ++i) result[i] = list[order[i]];
    return result;
  };
  attrs.axes = sorted(attrs.axes);
  attrs.sizes = sorted(attrs.sizes);
  attrs.scales = sorted(attrs.scales);
}

/// A parameter input in our order: nothing to do when it speaks of named axes, else four entries change places.
Result<ValueId> in_our_order(Context& cx, ValueId id, const ResizeAttrs& attrs) {
  if (id == kNoValue || !attrs.axes.empty()) return id;
  const std::string name = cx.graph.value(id).name;
  const auto known = cx.twins.find({id, "@nhwc"});
  if (known != cx.twins.end()) return known->second;
  const ValueId order = cx.make_ints(name + "@order", {0, 2, 3, 1});
  const ValueId twin = cx.make_like(name + "@nhwc", id);
  cx.emit_helper(OpKind::Gather, {id, order}, twin, AxisAttrs{0});
  cx.twins[{id, "@nhwc"}] = twin;
  return twin;
}

/// Constants become attributes; what is computed stays an input.
Status take_constants(Context& cx, const Node& node, Parameters& parameters, ResizeAttrs& attrs) {
  if (const auto sizes = cx.constant_ints(parameters.sizes)) {
    attrs.sizes = *sizes;
    parameters.sizes = kNoValue;
  }
  if (const auto scales = cx.constant_floats(parameters.scales)) {
    attrs.scales = *scales;
    parameters.scales = kNoValue;
  }
  if (const auto roi = cx.constant_floats(parameters.roi)) {
    attrs.roi = *roi;
    parameters.roi = kNoValue;
  }
  // Only this way of mapping looks at the region.
  if (attrs.coordinates != Coordinates::tf_crop_and_resize) {
    attrs.roi.clear();
    parameters.roi = kNoValue;
  }
  const bool sizes_given = !attrs.sizes.empty() || parameters.sizes != kNoValue;
  const bool scales_given = !attrs.scales.empty() || parameters.scales != kNoValue;
  if (sizes_given == scales_given) {
    return node.fail(ErrorCode::invalid_file, "exactly one of 'scales' and 'sizes' must be given, but {} are",
                     sizes_given ? "both" : "none of them");
  }
  return {};
}

Status emit_resize(Context& cx, Node& node, Parameters parameters, ResizeAttrs attrs) {
  QUERN_CHECK(take_constants(cx, node, parameters, attrs));
  const bool picture = cx.rank(node.inputs[0]) == 4 && parameters.roi == kNoValue;
  if (!picture) {
    cx.emit(node, OpKind::Resize, {node.inputs[0], parameters.roi, parameters.scales, parameters.sizes}, node.outputs,
            attrs);
    return {};
  }
  if (attrs.axes.empty()) {
    attrs.sizes = last(attrs.sizes);
    attrs.scales = last(attrs.scales);
    if (attrs.roi.size() == 8) {
      const auto& r = attrs.roi;
      attrs.roi = {r[0], r[2], r[3], r[1], r[4], r[6], r[7], r[5]};
    }
  }
  QUERN_TRY(parameters.scales, in_our_order(cx, parameters.scales, attrs));
  QUERN_TRY(parameters.sizes, in_our_order(cx, parameters.sizes, attrs));
  QUERN_CHECK(rename_axes(node, attrs.axes));
  if (parameters.scales == kNoValue && parameters.sizes == kNoValue && attrs.roi.empty()) sort_axes(attrs);
  return emit_spatial(cx, node, OpKind::Resize, {node.inputs[0], kNoValue, parameters.scales, parameters.sizes}, attrs);
}

/// Up to Resize of opset 10 positions map without a half pixel, and nearest rounds down.
ResizeAttrs old_rules(Node& node) {
  ResizeAttrs attrs;
  attrs.mode = node.attributes.choice<ResizeMode>("mode", kModes, "nearest");
  attrs.coordinates = Coordinates::asymmetric;
  attrs.nearest = NearestMode::floor;
  return attrs;
}

Status read_upsample(Context& cx, Node& node) {
  ResizeAttrs attrs = old_rules(node);
  Parameters parameters;
  parameters.scales = node.inputs[1];
  if (node.opset < 9) attrs.scales = node.attributes.numbers("scales");
  return emit_resize(cx, node, parameters, attrs);
}

Status read_resize(Context& cx, Node& node) {
  if (node.opset < 11) {
    Parameters parameters;
    parameters.scales = node.inputs[1];
    return emit_resize(cx, node, parameters, old_rules(node));
  }
  ResizeAttrs attrs;
  attrs.mode = node.attributes.choice<ResizeMode>("mode", kModes, "nearest");
  attrs.coordinates = node.attributes.choice<Coordinates>("coordinate_transformation_mode", kCoordinates, "half_pixel");
  attrs.nearest = node.attributes.choice<NearestMode>("nearest_mode", kNearestModes, "round_prefer_floor");
  attrs.aspect = node.attributes.choice<AspectPolicy>("keep_aspect_ratio_policy", kPolicies, "stretch");
  attrs.cubic_a = node.attributes.number("cubic_coeff_a", -0.75f);
  attrs.exclude_outside = node.attributes.flag("exclude_outside", false);
  attrs.extrapolation_value = node.attributes.number("extrapolation_value", 0);
  attrs.antialias = node.attributes.flag("antialias", false);
  attrs.axes = node.attributes.integers("axes");
  return emit_resize(cx, node, {node.inputs[1], node.inputs[2], node.inputs[3]}, attrs);
}

constexpr Row kRows[] = {
    {"Upsample", read_upsample, OpKind::Resize, 1, 2, 1, Fold::compute, 0b10},
    {"Resize", read_resize, OpKind::Resize, 1, 4, 1, Fold::compute, 0b1110},
};

}  // namespace

std::span<const Row> resize_rows() {
  return kRows;
}

}  // namespace quern::onnx
