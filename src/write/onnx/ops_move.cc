// Elements change place, never value; and Resize.
#include <algorithm>
#include <cmath>

#include "write/onnx/rows.h"

namespace quern::onnx_writer {

namespace {

Status write_along(Context& cx, Call& call) {
  cx.node(call.row.type, call.op.name, call.in, {call.give(cx)}).integer("axis", call.as<AxisAttrs>().axis);
  return {};
}

Status write_split(Context& cx, Call& call) {
  const int64_t graph_axis = std::get<SplitAttrs>(call.op.attrs).axis;
  Ints sizes;
  Names outputs;
  for (size_t i = 0; i < call.op.outputs.size(); ++i) {
    sizes.push_back(call.output(cx, i).shape[static_cast<size_t>(graph_axis)]);
    outputs.push_back(call.give(cx, i));
  }
  const std::string list = cx.ints(outputs[0] + "_sizes", sizes);
  cx.node("Split", call.op.name, {call.in[0], list}, outputs).integer("axis", call.as<SplitAttrs>().axis);
  return {};
}

Status write_slice(Context& cx, Call& call) {
  const auto& attrs = call.as<SliceAttrs>();
  const size_t count = attrs.starts.size();
  const Ints axes = attrs.axes.empty() ? as_is(count) : attrs.axes;
  const Ints steps = attrs.steps.empty() ? Ints(count, 1) : attrs.steps;
  const std::string y = call.give(cx);
  const Names inputs = {call.in[0], cx.ints(y + "_starts", attrs.starts), cx.ints(y + "_ends", attrs.ends),
                        cx.ints(y + "_axes", axes), cx.ints(y + "_steps", steps)};
  cx.node("Slice", call.op.name, inputs, {y});
  return {};
}

struct ModeName {
  PadMode mode;
  const char* name;
};
constexpr ModeName kPadModes[] = {
    {PadMode::constant, "constant"}, {PadMode::reflect, "reflect"}, {PadMode::edge, "edge"}, {PadMode::wrap, "wrap"}};

/// The pads of all axes: begins, then ends.
Ints all_pads(const PadAttrs& attrs, size_t rank) {
  if (attrs.axes.empty()) return attrs.pads;
  Ints pads(2 * rank, 0);
  const size_t count = attrs.axes.size();
  for (size_t i = 0; i < count; ++i) {
    pads[static_cast<size_t>(attrs.axes[i])] = attrs.pads[i];
    pads[static_cast<size_t>(attrs.axes[i]) + rank] = attrs.pads[i + count];
  }
  return pads;
}

Status write_pad(Context& cx, Call& call) {
  const auto& attrs = call.as<PadAttrs>();
  const Ints pads = all_pads(attrs, call.input(cx, 0).shape.size());
  PadMode mode = attrs.mode;
  if (mode == PadMode::symmetric) {
    // By one element, repeating the edge and mirroring with it are the same.
    if (std::any_of(pads.begin(), pads.end(), [](int64_t pad) { return pad > 1; })) {
      return call.fail(
          ErrorCode::unsupported,
          "it mirrors more than one element including the edge, which ONNX cannot say; use reflect or edge");
    }
    mode = PadMode::edge;
  }
  const auto* name = std::find_if(std::begin(kPadModes), std::end(kPadModes),
                                  [mode](const ModeName& row) { return row.mode == mode; });
  const std::string y = call.give(cx);
  Names inputs = {call.in[0], cx.ints(y + "_pads", pads)};
  if (mode == PadMode::constant)
    inputs.push_back(cx.number(y + "_value", cx.real_type(call.op.inputs[0]), attrs.value));
  cx.node("Pad", call.op.name, inputs, {y}).text("mode", name->name);
  return {};
}

/// No node where both values are the same numbers: the result is the input in another form.
Status write_transpose(Context& cx, Call& call) {
  const ValueId x = call.op.inputs[0];
  const ValueId y = call.op.outputs[0];
  const Perm& perm = call.as<TransposeAttrs>().perm;
  if (!cx.graph.is_constant(x) && cx.graph.value(x).quantization == cx.graph.value(y).quantization) {
    cx.alias(x, perm, y);
    return {};
  }
  QUERN_TRY(const std::string name, cx.read(x));
  cx.node("Transpose", call.op.name, {name}, {call.give(cx)}).integers("perm", perm);
  return {};
}

/// From an array in another form, by what can be moved behind the Reshape (docs/passes.md, "How transposes sink").
/// False when the elements have to be put in order first.
Result<bool> write_reshape_of_form(Context& cx, Call& call, const Form& form) {
  const ValueId x = call.op.inputs[0];
  const Shape shape = permuted_shape(call.input(cx, 0).shape, form);
  const Shape& wanted = call.output(cx).shape;
  if (moves_only_ones(shape, inverse(form))) {
    QUERN_TRY(const std::string name, cx.read(x, form));
    const std::string y = call.give(cx);
    cx.node("Reshape", call.op.name, {name, cx.ints(y + "_shape", wanted)}, {y});
    return true;
  }
  const auto sunk = sink_through_reshape(shape, inverse(form), wanted);
  if (!sunk) return false;
  QUERN_TRY(std::string name, cx.read(x, form));
  const std::string base = cx.plain_name(call.op.outputs[0]);
  if (!is_identity(sunk->inner)) {
    if (sunk->pieces != shape) name = cx.moved("Reshape", name, x, base + "_pieces", sunk->pieces);
    name = cx.moved("Transpose", name, x, base + "_shuffled", sunk->inner);
  }
  call.forms[0] = inverse(sunk->outer);
  const std::string y = call.give(cx);
  cx.node("Reshape", call.op.name, {name, cx.ints(y + "_shape", sunk->shape)}, {y});
  return true;
}

Status write_reshape(Context& cx, Call& call) {
  const ValueId x = call.op.inputs[0];
  const Form form = cx.home(x);
  if (!is_identity(form) && !cx.stands(x, as_is(form.size()))) {
    QUERN_TRY(const bool done, write_reshape_of_form(cx, call, form));
    if (done) return {};
  }
  QUERN_TRY(const std::string name, cx.read(x));
  const std::string y = call.give(cx);
  cx.node("Reshape", call.op.name, {name, cx.ints(y + "_shape", call.output(cx).shape)}, {y});
  return {};
}

Status write_expand(Context& cx, Call& call) {
  const std::string y = call.give(cx);
  cx.node("Expand", call.op.name, {call.in[0], cx.ints(y + "_shape", call.as<ShapeAttrs>().shape)}, {y});
  return {};
}

Status write_tile(Context& cx, Call& call) {
  const std::string y = call.give(cx);
  cx.node("Tile", call.op.name, {call.in[0], cx.ints(y + "_repeats", call.as<TileAttrs>().repeats)}, {y});
  return {};
}

Status write_gather_nd(Context& cx, Call& call) {
  cx.node("GatherND", call.op.name, call.in, {call.give(cx)})
      .integer("batch_dims", call.as<GatherNdAttrs>().batch_dims);
  return {};
}

Status write_one_hot(Context& cx, Call& call) {
  const auto& attrs = call.as<OneHotAttrs>();
  const std::string y = call.give(cx);
  const std::string depth = cx.number(y + "_depth", DType::int64, static_cast<double>(attrs.depth));
  cx.node("OneHot", call.op.name, {call.in[0], depth, call.in[2]}, {y}).integer("axis", attrs.axis);
  return {};
}

template <typename E>
struct Word {
  E value;
  const char* name;
};
constexpr Word<ResizeMode> kModes[] = {
    {ResizeMode::nearest, "nearest"}, {ResizeMode::linear, "linear"}, {ResizeMode::cubic, "cubic"}};
constexpr Word<Coordinates> kCoordinates[] = {
    {Coordinates::half_pixel, "half_pixel"},
    {Coordinates::half_pixel_symmetric, "half_pixel_symmetric"},
    {Coordinates::pytorch_half_pixel, "pytorch_half_pixel"},
    {Coordinates::align_corners, "align_corners"},
    {Coordinates::asymmetric, "asymmetric"},
    {Coordinates::tf_crop_and_resize, "tf_crop_and_resize"},
};
constexpr Word<NearestMode> kNearestModes[] = {{NearestMode::round_prefer_floor, "round_prefer_floor"},
                                               {NearestMode::round_prefer_ceil, "round_prefer_ceil"},
                                               {NearestMode::floor, "floor"},
                                               {NearestMode::ceil, "ceil"}};

template <typename E, size_t N>
const char* word(const Word<E> (&words)[N], E value) {
  for (const Word<E>& row : words) {
    if (row.value == value) return row.name;
  }
  return "";
}

/// The scales give exactly these sizes, to readers that multiply in float and to those that do in double: then they,
/// and not the ratio of the sizes, place the positions.
bool scales_suffice(const ResizeAttrs& attrs, const Shape& in) {
  if (attrs.scales.size() != in.size()) return false;
  for (size_t i = 0; i < in.size(); ++i) {
    const float in_float = std::floor(static_cast<float>(in[i]) * attrs.scales[i]);
    const double in_double = std::floor(static_cast<double>(in[i]) * static_cast<double>(attrs.scales[i]));
    const auto size = static_cast<double>(attrs.sizes[i]);
    if (static_cast<double>(in_float) != size || in_double != size) return false;
  }
  return true;
}

Status write_resize(Context& cx, Call& call) {
  ResizeAttrs attrs = call.as<ResizeAttrs>();
  if (attrs.coordinates == Coordinates::tf_half_pixel_for_nn) {
    // floor((i + 0.5) / scale) is (i + 0.5) / scale - 0.5 rounded half up.
    if (attrs.mode != ResizeMode::nearest || attrs.nearest != NearestMode::floor) {
      return call.fail(ErrorCode::unsupported,
                       "tf_half_pixel_for_nn with this rounding is not in opset 13 and later; use half_pixel");
    }
    attrs.coordinates = Coordinates::half_pixel;
    attrs.nearest = NearestMode::round_prefer_ceil;
  }
  const Shape in = permuted_shape(call.input(cx, 0).shape, call.forms[0]);
  const std::string y = call.give(cx);
  const auto floats = [&](const char* what, const std::vector<float>& values) {
    auto tensor = Tensor::make(DType::float32, {static_cast<int64_t>(values.size())});
    std::copy(values.begin(), values.end(), tensor->mutable_data<float>().begin());
    return cx.constant(y + what, *tensor);
  };
  Names inputs = {call.in[0], attrs.roi.empty() ? "" : floats("_roi", attrs.roi)};
  if (scales_suffice(attrs, in)) {
    inputs.push_back(floats("_scales", attrs.scales));
  } else {
    inputs.insert(inputs.end(), {"", cx.ints(y + "_sizes", attrs.sizes)});
  }
  NodeBuilder node = cx.node("Resize", call.op.name, inputs, {y});
  node.text("mode", word(kModes, attrs.mode))
      .text("coordinate_transformation_mode", word(kCoordinates, attrs.coordinates));
  if (attrs.mode == ResizeMode::nearest) node.text("nearest_mode", word(kNearestModes, attrs.nearest));
  if (attrs.mode == ResizeMode::cubic) node.number("cubic_coeff_a", attrs.cubic_a);
  if (attrs.exclude_outside) node.integer("exclude_outside", 1);
  if (attrs.antialias) node.integer("antialias", 1);
  if (attrs.coordinates == Coordinates::tf_crop_and_resize)
    node.number("extrapolation_value", attrs.extrapolation_value);
  return {};
}

constexpr Row kRows[] = {
    {OpKind::Concat, "Concat", write_along},
    {OpKind::Split, "Split", write_split},
    {OpKind::Slice, "Slice", write_slice},
    {OpKind::Pad, "Pad", write_pad},
    {OpKind::Transpose, "Transpose", write_transpose, Layout::own},
    {OpKind::Reshape, "Reshape", write_reshape, Layout::own},
    {OpKind::Flatten, "Reshape", write_reshape, Layout::own},
    {OpKind::Squeeze, "Reshape", write_reshape, Layout::own},
    {OpKind::Unsqueeze, "Reshape", write_reshape, Layout::own},
    {OpKind::Expand, "Expand", write_expand},
    {OpKind::Tile, "Tile", write_tile},
    {OpKind::Gather, "Gather", write_along},
    {OpKind::GatherElements, "GatherElements", write_along, Layout::as_is},
    {OpKind::GatherNd, "GatherND", write_gather_nd, Layout::as_is},
    {OpKind::OneHot, "OneHot", write_one_hot, Layout::as_is},
    {OpKind::Resize, "Resize", write_resize, Layout::channels_first},
    {OpKind::Identity, "Identity", write_plain},
};

}  // namespace

std::span<const Row> move_rows() {
  return kRows;
}

}  // namespace quern::onnx_writer
