// Windows over rows and columns: strips with the rows around them that windows reach, and slices of channels.
#include <algorithm>

#include "compile/npu/cut.h"

namespace quern::npu {

namespace {

/// One axis of a window, and what a range of outputs needs of it.
struct Window {
  int64_t input, kernel, stride, dilation, pad;
  int64_t reach() const { return (kernel - 1) * dilation + 1; }
};
struct Reach {
  int64_t begin = 0, extent = 0;
  int64_t pad_begin = 0, pad_end = 0, extra = 0;
};

Reach window_reach(const Window& w, int64_t begin, int64_t extent) {
  const int64_t first = begin * w.stride - w.pad;
  const int64_t end = first + (extent - 1) * w.stride + w.reach();
  Reach reach;
  reach.begin = std::clamp<int64_t>(first, 0, w.input - 1);
  reach.extent = std::max<int64_t>(std::min(end, w.input) - reach.begin, 1);
  reach.pad_begin = reach.begin - first;
  reach.pad_end = end - (reach.begin + reach.extent);
  return reach;
}

int64_t ceil_div(int64_t a, int64_t b) {
  return a >= 0 ? (a + b - 1) / b : -(-a / b);
}

/// Inputs whose taps fall on outputs begin … begin + extent of a transposed convolution.
Reach transposed_reach(const Window& w, int64_t begin, int64_t extent) {
  Reach reach;
  reach.begin = std::clamp<int64_t>(ceil_div(begin + w.pad - (w.reach() - 1), w.stride), 0, w.input - 1);
  reach.pad_begin = w.pad + begin - w.stride * reach.begin;
  if (reach.pad_begin < 0) --reach.begin, reach.pad_begin += w.stride;
  const int64_t last = std::clamp<int64_t>((begin + extent - 1 + w.pad) / w.stride, reach.begin, w.input - 1);
  reach.extent = last - reach.begin + 1;
  const int64_t spread = w.stride * (reach.extent - 1) + w.reach() - reach.pad_begin;
  reach.pad_end = std::max<int64_t>(spread - extent, 0);
  reach.extra = std::max<int64_t>(extent - spread, 0);
  return reach;
}

template <typename A>
Window window_of(const A& a, const Shape& x, const Pair& kernel, size_t axis) {
  return {x[1 + axis], kernel[axis], a.strides[axis], a.dilations[axis], a.pads[axis]};
}

void take(Box& box, size_t axis, const Reach& reach) {
  box.begin[axis] = reach.begin;
  box.extent[axis] = reach.extent;
}

/// Output channels [begin, begin + extent) of groups: which weights, which input channels, how many groups.
template <typename A>
void cut_channels(Cut& result, A& a, const CutCall& call, const Box& output) {
  const int64_t groups = a.groups;
  Box& x = result.inputs[0];
  Box& w = result.inputs[1];
  w.begin[0] = output.begin[3];
  w.extent[0] = output.extent[3];
  if (call.inputs.size() > 2 && call.inputs[2] != nullptr) {
    result.inputs[2] = {{output.begin[3]}, {output.extent[3]}};
  }
  if (groups == 1) return;
  const int64_t group_out = (*call.output)[3] / groups;
  const int64_t group_in = (*call.inputs[0])[3] / groups;
  a.groups = output.extent[3] / group_out;
  x.begin[3] = output.begin[3] / group_out * group_in;
  x.extent[3] = a.groups * group_in;
}

Cut start_of(const CutCall& call, const Box& output) {
  Cut result{*call.attrs, {}};
  for (const Shape* input : call.inputs) result.inputs.push_back(input ? whole(*input) : Box{});
  result.inputs[0].begin[0] = output.begin[0];
  result.inputs[0].extent[0] = output.extent[0];
  return result;
}

Cut cut_conv(const CutCall& call, const Box& output) {
  Cut result = start_of(call, output);
  auto& a = std::get<ConvAttrs>(result.attrs);
  const Shape& w = *call.inputs[1];
  for (size_t axis = 0; axis < 2; ++axis) {
    const Window window = window_of(a, *call.inputs[0], {w[1], w[2]}, axis);
    const Reach reach = window_reach(window, output.begin[1 + axis], output.extent[1 + axis]);
    take(result.inputs[0], 1 + axis, reach);
    a.pads[axis] = reach.pad_begin;
    a.pads[2 + axis] = reach.pad_end;
  }
  a.auto_pad = AutoPad::explicit_pads;
  cut_channels(result, a, call, output);
  return result;
}

Cut cut_conv_transpose(const CutCall& call, const Box& output) {
  Cut result = start_of(call, output);
  auto& a = std::get<ConvTransposeAttrs>(result.attrs);
  const Shape& w = *call.inputs[1];
  for (size_t axis = 0; axis < 2; ++axis) {
    const Window window = window_of(a, *call.inputs[0], {w[1], w[2]}, axis);
    const Reach reach = transposed_reach(window, output.begin[1 + axis], output.extent[1 + axis]);
    take(result.inputs[0], 1 + axis, reach);
    a.pads[axis] = reach.pad_begin;
    a.pads[2 + axis] = reach.pad_end;
    a.output_padding[axis] = reach.extra;
  }
  a.auto_pad = AutoPad::explicit_pads;
  a.output_shape.clear();
  cut_channels(result, a, call, output);
  return result;
}

Cut cut_pool(const CutCall& call, const Box& output) {
  Cut result = start_of(call, output);
  auto& a = std::get<PoolAttrs>(result.attrs);
  Box& x = result.inputs[0];
  x.begin[3] = output.begin[3];
  x.extent[3] = output.extent[3];
  const bool overhang_counts = a.ceil_mode && a.count_include_pad;
  for (size_t axis = 0; axis < 2; ++axis) {
    if (overhang_counts) continue;  // rows and columns are whole then
    const Window window = window_of(a, *call.inputs[0], a.kernel, axis);
    const Reach reach = window_reach(window, output.begin[1 + axis], output.extent[1 + axis]);
    take(x, 1 + axis, reach);
    a.pads[axis] = reach.pad_begin;
    a.pads[2 + axis] = reach.pad_end;
  }
  a.auto_pad = AutoPad::explicit_pads;
  a.ceil_mode = overhang_counts;
  return result;
}

Cut cut_block(const CutCall& call, const Box& output) {
  Cut result = start_of(call, output);
  const int64_t block = std::get<BlockAttrs>(*call.attrs).block;
  Box& x = result.inputs[0];
  for (size_t axis = 1; axis < 3; ++axis) {
    const bool spreads = call.kind == OpKind::DepthToSpace;
    x.begin[axis] = spreads ? output.begin[axis] / block : output.begin[axis] * block;
    x.extent[axis] = spreads ? output.extent[axis] / block : output.extent[axis] * block;
  }
  return result;
}

/// 1, or 0 where a window lies in the padding altogether: a strip of such windows has no input to begin at.
int64_t window_grain(const Window& w, int64_t outputs) {
  const bool before = w.pad >= w.reach();
  const bool behind = (outputs - 1) * w.stride - w.pad >= w.input;
  return before || behind ? 0 : 1;
}

template <typename A>
Ints window_grains(const A& a, const CutCall& call, const Pair& kernel, int64_t channels) {
  Ints grains = {1, 1, 1, channels};
  for (size_t axis = 0; axis < 2; ++axis)
    grains[1 + axis] = window_grain(window_of(a, *call.inputs[0], kernel, axis), (*call.output)[1 + axis]);
  return grains;
}

int64_t channel_grain(const CutCall& call, int64_t groups) {
  return groups == 1 ? 1 : (*call.output)[3] / groups;
}

}  // namespace

Ints spatial_grains(const CutCall& call) {
  switch (call.kind) {
    case OpKind::Conv: {
      const auto& a = std::get<ConvAttrs>(*call.attrs);
      const Shape& w = *call.inputs[1];
      return window_grains(a, call, {w[1], w[2]}, channel_grain(call, a.groups));
    }
    case OpKind::ConvTranspose:
      return {1, 1, 1, channel_grain(call, std::get<ConvTransposeAttrs>(*call.attrs).groups)};
    case OpKind::MaxPool:
    case OpKind::AveragePool: {
      const auto& a = std::get<PoolAttrs>(*call.attrs);
      if (a.ceil_mode && a.count_include_pad) return {1, 0, 0, 1};
      return window_grains(a, call, a.kernel, 1);
    }
    case OpKind::DepthToSpace: {
      const int64_t block = std::get<BlockAttrs>(*call.attrs).block;
      return {1, block, block, 0};
    }
    case OpKind::SpaceToDepth:
      return {1, 1, 1, 0};
    default:
      return Ints(call.output->size(), 0);
  }
}

Cut cut_spatial(const CutCall& call, const Box& output) {
  switch (call.kind) {
    case OpKind::Conv:
      return cut_conv(call, output);
    case OpKind::ConvTranspose:
      return cut_conv_transpose(call, output);
    case OpKind::DepthToSpace:
    case OpKind::SpaceToDepth:
      return cut_block(call, output);
    default:
      return cut_pool(call, output);
  }
}

}  // namespace quern::npu
