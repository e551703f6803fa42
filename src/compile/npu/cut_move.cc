// Operators that move elements, and Resize.
#include <algorithm>

#include "compile/npu/cut.h"

namespace quern::npu {

namespace {

Cut inputs_like(const CutCall& call, const Box& output) {
  Cut result{*call.attrs, {}};
  for (const Shape* input : call.inputs) result.inputs.push_back(input ? output : Box{});
  return result;
}

Ints all_but(const CutCall& call, int64_t axis) {
  Ints grains(call.output->size(), 1);
  grains[static_cast<size_t>(axis)] = 0;
  return grains;
}

Cut cut_concat(const CutCall& call, const Box& output) {
  Cut result = inputs_like(call, output);
  const auto axis = static_cast<size_t>(std::get<AxisAttrs>(*call.attrs).axis);
  for (size_t i = 0; i < result.inputs.size(); ++i) {
    if (!call.inputs[i]) continue;
    result.inputs[i].begin[axis] = 0;
    result.inputs[i].extent[axis] = (*call.inputs[i])[axis];
  }
  return result;
}

/// One axis of a Slice: its first element and step.
struct Stride {
  int64_t start = 0, step = 1;
};

std::vector<Stride> strides_of(const CutCall& call) {
  const auto& a = std::get<SliceAttrs>(*call.attrs);
  const Shape& x = *call.inputs[0];
  std::vector<Stride> strides(x.size());
  for (size_t i = 0; i < a.starts.size(); ++i) {
    int64_t axis = a.axes.empty() ? static_cast<int64_t>(i) : a.axes[i];
    if (axis < 0) axis += static_cast<int64_t>(x.size());
    Stride& stride = strides[static_cast<size_t>(axis)];
    const int64_t extent = x[static_cast<size_t>(axis)];
    stride.step = a.steps.empty() ? 1 : a.steps[i];
    const int64_t start = a.starts[i] < 0 ? a.starts[i] + extent : a.starts[i];
    stride.start = std::clamp<int64_t>(start, 0, stride.step > 0 ? extent : extent - 1);
  }
  return strides;
}

Cut cut_slice(const CutCall& call, const Box& output) {
  Cut result = inputs_like(call, output);
  auto& a = std::get<SliceAttrs>(result.attrs);
  a = {};
  Box& x = result.inputs[0];
  const std::vector<Stride> strides = strides_of(call);
  for (size_t axis = 0; axis < strides.size(); ++axis) {
    const Stride& s = strides[axis];
    if (s.step > 0) {
      x.begin[axis] = s.start + s.step * output.begin[axis];
      x.extent[axis] = s.step * (output.extent[axis] - 1) + 1;
    } else {  // backwards: the axis is whole
      x.begin[axis] = s.start + s.step * (output.extent[axis] - 1);
      x.extent[axis] = -s.step * (output.extent[axis] - 1) + 1;
    }
    a.axes.push_back(static_cast<int64_t>(axis));
    a.steps.push_back(s.step);
    a.starts.push_back(s.step > 0 ? 0 : x.extent[axis] - 1);
    a.ends.push_back(s.step > 0 ? x.extent[axis] : -x.extent[axis] - 1);
  }
  return result;
}

Ints slice_grains(const CutCall& call) {
  Ints grains;
  for (const Stride& stride : strides_of(call)) grains.push_back(stride.step > 0 ? 1 : 0);
  return grains;
}

/// What a Pad adds before and behind each axis.
std::vector<Pair> pads_of(const CutCall& call) {
  const auto& a = std::get<PadAttrs>(*call.attrs);
  std::vector<Pair> pads(call.output->size(), Pair{0, 0});
  const size_t count = a.pads.size() / 2;
  for (size_t i = 0; i < count; ++i) {
    int64_t axis = a.axes.empty() ? static_cast<int64_t>(i) : a.axes[i];
    if (axis < 0) axis += static_cast<int64_t>(pads.size());
    pads[static_cast<size_t>(axis)] = {a.pads[i], a.pads[count + i]};
  }
  return pads;
}

/// Only axes without padding are cut.
Cut cut_pad(const CutCall& call, const Box& output) {
  Cut result = inputs_like(call, output);
  const std::vector<Pair> pads = pads_of(call);
  for (size_t axis = 0; axis < pads.size(); ++axis) {
    if (pads[axis] == Pair{0, 0}) continue;
    result.inputs[0].begin[axis] = 0;
    result.inputs[0].extent[axis] = (*call.inputs[0])[axis];
  }
  return result;
}

Ints pad_grains(const CutCall& call) {
  Ints grains;
  for (const Pair& pad : pads_of(call)) grains.push_back(pad == Pair{0, 0} ? 1 : 0);
  return grains;
}

Cut cut_transpose(const CutCall& call, const Box& output) {
  Cut result = inputs_like(call, output);
  const Ints& perm = std::get<TransposeAttrs>(*call.attrs).perm;
  const size_t rank = output.extent.size();
  for (size_t axis = 0; axis < rank; ++axis) {
    const size_t from = perm.empty() ? rank - 1 - axis : static_cast<size_t>(perm[axis]);
    result.inputs[0].begin[from] = output.begin[axis];
    result.inputs[0].extent[from] = output.extent[axis];
  }
  return result;
}

/// Whether all `factor` output rows of an input row read that row. Row j of them lies at k + j / factor (asymmetric) or
/// at k + (j + 0.5) / factor - 0.5 (half pixel): the first is cut down to k by floor alone, the second rounds to k.
bool reads_own_row(const ResizeAttrs& a) {
  const bool rounds = a.nearest == NearestMode::round_prefer_floor || a.nearest == NearestMode::round_prefer_ceil;
  if (a.coordinates == Coordinates::asymmetric) return a.nearest == NearestMode::floor;
  return rounds && (a.coordinates == Coordinates::half_pixel || a.coordinates == Coordinates::pytorch_half_pixel);
}

/// Output rows of a nearest Resize that stand on whole input rows: 2 when the axis doubles; 0 when it cannot be cut.
/// Only enlargements by powers of two, whose positions are the same exact numbers in every strip.
int64_t resize_grain(const ResizeAttrs& a, int64_t in, int64_t out) {
  if (in == out) return 1;
  const int64_t factor = in > 0 ? out / in : 0;
  if (a.mode != ResizeMode::nearest || !reads_own_row(a) || factor * in != out || (factor & (factor - 1)) != 0)
    return 0;
  // A strip of one output row would be read as if the axis were one pixel long, which pytorch_half_pixel treats apart.
  return factor >= 2 ? factor : 0;
}

Ints resize_grains(const CutCall& call) {
  const auto& a = std::get<ResizeAttrs>(*call.attrs);
  const size_t rank = call.output->size();
  Ints grains(rank, 0);
  if (a.sizes.size() != rank || a.scales.size() != rank || a.coordinates == Coordinates::tf_crop_and_resize) {
    return grains;
  }
  for (size_t axis = 0; axis < rank; ++axis) {
    grains[axis] = resize_grain(a, (*call.inputs[0])[axis], (*call.output)[axis]);
    const bool plain =
        a.scales[axis] * static_cast<float>((*call.inputs[0])[axis]) == static_cast<float>((*call.output)[axis]);
    // Interpolation weighs the last element of an axis apart, so that another end gives other roundings.
    const bool inner = axis > 0 && axis + 1 < rank && a.mode != ResizeMode::nearest;
    if (!plain || inner) grains[axis] = 0;
  }
  return grains;
}

Cut cut_resize(const CutCall& call, const Box& output) {
  Cut result = inputs_like(call, output);
  auto& a = std::get<ResizeAttrs>(result.attrs);
  Box& x = result.inputs[0];
  for (size_t axis = 0; axis < output.extent.size(); ++axis) {
    const int64_t in = (*call.inputs[0])[axis];
    const int64_t out = (*call.output)[axis];
    const bool is_all = output.extent[axis] == out;
    x.begin[axis] = is_all ? 0 : output.begin[axis] * in / out;
    x.extent[axis] = is_all ? in : output.extent[axis] * in / out;
    a.sizes[axis] = output.extent[axis];
  }
  return result;
}

}  // namespace

Ints move_grains(const CutCall& call) {
  switch (call.kind) {
    case OpKind::Concat:
      return all_but(call, std::get<AxisAttrs>(*call.attrs).axis);
    case OpKind::Slice:
      return slice_grains(call);
    case OpKind::Pad:
      return pad_grains(call);
    case OpKind::Transpose:
      return Ints(call.output->size(), 1);
    case OpKind::Resize:
      return resize_grains(call);
    default:
      return Ints(call.output->size(), 0);
  }
}

Cut cut_move(const CutCall& call, const Box& output) {
  switch (call.kind) {
    case OpKind::Concat:
      return cut_concat(call, output);
    case OpKind::Slice:
      return cut_slice(call, output);
    case OpKind::Pad:
      return cut_pad(call, output);
    case OpKind::Transpose:
      return cut_transpose(call, output);
    case OpKind::Resize:
      return cut_resize(call, output);
    default: {
      Cut result{*call.attrs, {}};
      for (const Shape* input : call.inputs) result.inputs.push_back(input ? whole(*input) : Box{});
      return result;
    }
  }
}

Box slice_source(const CutCall& call) {
  return cut_slice(call, whole(*call.output)).inputs[0];
}

}  // namespace quern::npu
