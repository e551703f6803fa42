// Elements change place, never value.
#include <algorithm>
#include <numeric>

#include "write/tflite/operands.h"
#include "write/tflite/rows.h"

namespace quern::tflite_writer {

namespace {

int32_t narrow(int64_t number) {
  return static_cast<int32_t>(number);
}

Status write_reshape(Call& call) {
  const int x = call.read(0);
  call.cx.op(B::RESHAPE, {x, call.cx.ints(call.output().shape)}, {call.give()});
  return {};
}

Status write_transpose(Call& call) {
  constexpr size_t kMostAxes = 6;
  const Ints& perm = call.as<TransposeAttrs>().perm;
  if (perm.size() > kMostAxes) {
    return call.fail(ErrorCode::unsupported, "it moves {} axes; TFLite moves at most {}", perm.size(), kMostAxes);
  }
  const int x = call.read(0);
  call.cx.op(B::TRANSPOSE, {x, call.cx.ints(perm)}, {call.give()});
  return {};
}

/// uint8 operands of any scale are rounded to the result's by the kernel itself. int8 ones have to have it, so each is
/// dequantized and quantized first: that is what the operator means (docs/quantization.md §7).
int recoded(Call& call, int x) {
  const FileTensor have = call.cx.tensor(x);
  const Value& want = call.output();
  if (!call.integer() || have.dtype == DType::uint8 || have.quantization == want.quantization) return x;
  const int out = call.cx.add(have.name + "_recoded", want.dtype, have.shape, want.quantization);
  call.cx.op(B::QUANTIZE, {call.cx.real(x)}, {out});
  return out;
}

Status write_concat(Call& call) {
  Indices inputs;
  for (size_t i = 0; i < call.op.inputs.size(); ++i) inputs.push_back(recoded(call, call.read(i)));
  schema::ConcatenationOptionsT options;
  options.axis = narrow(call.as<AxisAttrs>().axis);
  call.cx.op(B::CONCATENATION, inputs, {call.give()}, std::move(options));
  return {};
}

Status write_split(Call& call) {
  const auto& attrs = call.as<SplitAttrs>();
  const int x = call.read(0);
  Ints sizes;
  Indices outputs;
  for (size_t i = 0; i < call.op.outputs.size(); ++i) {
    if (call.op.outputs[i] == kNoValue) return call.fail(ErrorCode::unsupported, "its output {} is left out", i);
    sizes.push_back(call.output(i).shape[static_cast<size_t>(attrs.axis)]);
    outputs.push_back(call.give(i));
  }
  const int axis = call.cx.scalar(narrow(attrs.axis));
  if (std::ranges::all_of(sizes, [&](int64_t size) { return size == sizes[0]; })) {
    schema::SplitOptionsT options;
    options.num_splits = narrow(static_cast<int64_t>(sizes.size()));
    call.cx.op(B::SPLIT, {axis, x}, outputs, std::move(options));
    return {};
  }
  schema::SplitVOptionsT options;
  options.num_splits = narrow(static_cast<int64_t>(sizes.size()));
  call.cx.op(B::SPLIT_V, {x, call.cx.ints(sizes), axis}, outputs, std::move(options));
  return {};
}

/// The slice of every axis, with final numbers: `count` elements from `first`, `step` apart.
struct AxisSlice {
  int64_t first = 0, count = 0, step = 1;
};

std::vector<AxisSlice> slices_of(const Call& call) {
  const auto& attrs = call.as<SliceAttrs>();
  const Shape& in = call.input(0).shape;
  std::vector<AxisSlice> slices;
  for (int64_t extent : in) slices.push_back({0, extent, 1});
  for (size_t i = 0; i < attrs.starts.size(); ++i) {
    const auto axis = static_cast<size_t>(attrs.axes.empty() ? static_cast<int64_t>(i) : attrs.axes[i]);
    AxisSlice& slice = slices[axis];
    slice.step = attrs.steps.empty() ? 1 : attrs.steps[i];
    const int64_t start =
        attrs.starts[i] < 0 ? std::max<int64_t>(attrs.starts[i], -in[axis]) + in[axis] : attrs.starts[i];
    slice.first = std::clamp<int64_t>(start, 0, slice.step > 0 ? in[axis] : in[axis] - 1);
    slice.count = call.output().shape[axis];
  }
  return slices;
}

Status write_slice(Call& call) {
  constexpr size_t kMostAxes = 5;
  const std::vector<AxisSlice> slices = slices_of(call);
  if (slices.size() > kMostAxes) {
    return call.fail(ErrorCode::unsupported, "it slices {} axes; TFLite slices at most {}", slices.size(), kMostAxes);
  }
  const int x = call.read(0);
  Ints begin, end, steps;
  int32_t open_ends = 0;
  for (size_t i = 0; i < slices.size(); ++i) {
    const AxisSlice& s = slices[i];
    begin.push_back(s.first);
    const int64_t last = s.first + s.count * s.step;
    if (last < 0) open_ends |= 1 << i;  // down to the very first: an end below 0 would count from behind
    end.push_back(std::max<int64_t>(last, 0));
    steps.push_back(s.step);
  }
  if (std::ranges::all_of(steps, [](int64_t step) { return step == 1; })) {
    call.cx.op(B::SLICE, {x, call.cx.ints(begin), call.cx.ints(call.output().shape)}, {call.give()});
    return {};
  }
  schema::StridedSliceOptionsT options;
  options.end_mask = open_ends;
  call.cx.op(B::STRIDED_SLICE, {x, call.cx.ints(begin), call.cx.ints(end), call.cx.ints(steps)}, {call.give()},
             std::move(options));
  return {};
}

/// [[before, after], …] an axis.
Result<int> paddings_of(Call& call, const PadAttrs& attrs) {
  const size_t rank = call.input(0).shape.size();
  const size_t named = attrs.axes.empty() ? rank : attrs.axes.size();
  Tensor table = *Tensor::make(DType::int32, {static_cast<int64_t>(rank), 2});
  std::ranges::fill(table.mutable_data<int32_t>(), 0);
  for (size_t i = 0; i < named; ++i) {
    const auto axis = static_cast<size_t>(attrs.axes.empty() ? static_cast<int64_t>(i) : attrs.axes[i]);
    for (size_t side = 0; side < 2; ++side) {
      const int64_t pad = attrs.pads[side * named + i];
      if (pad < 0) return call.fail(ErrorCode::unsupported, "its padding {} is negative; TFLite only adds", pad);
      table.mutable_data<int32_t>()[axis * 2 + side] = narrow(pad);
    }
  }
  return call.cx.constant(call.name() + "_paddings", table);
}

Status write_pad(Call& call) {
  const auto& attrs = call.as<PadAttrs>();
  constexpr size_t kMostAxes = 5;
  if (call.input(0).shape.size() > kMostAxes)
    return call.fail(ErrorCode::unsupported, "it pads {} axes; TFLite pads at most {}", call.input(0).shape.size(),
                     kMostAxes);
  QUERN_TRY(const int paddings, paddings_of(call, attrs));
  const int x = call.read(0);
  const int y = call.give();
  switch (attrs.mode) {
    case PadMode::constant:
      if (attrs.value == 0)
        call.cx.op(B::PAD, {x, paddings}, {y});
      else
        call.cx.op(B::PADV2, {x, paddings, call.bound(y, static_cast<float>(attrs.value), "_value")}, {y});
      return {};
    case PadMode::reflect:
    case PadMode::symmetric: {
      schema::MirrorPadOptionsT options;
      options.mode = attrs.mode == PadMode::reflect ? schema::MirrorPadMode::REFLECT : schema::MirrorPadMode::SYMMETRIC;
      call.cx.op(B::MIRROR_PAD, {x, paddings}, {y}, std::move(options));
      return {};
    }
    case PadMode::edge:
    case PadMode::wrap:
      break;
  }
  return call.fail(ErrorCode::unsupported, "it repeats the edge or wraps around; TFLite pads with a number or mirrors");
}

Status write_expand(Call& call) {
  const int x = call.read(0);
  call.cx.op(B::BROADCAST_TO, {x, call.cx.ints(call.output().shape)}, {call.give()});
  return {};
}

Status write_tile(Call& call) {
  const int x = call.read(0);
  call.cx.op(B::TILE, {x, call.cx.ints(call.as<TileAttrs>().repeats)}, {call.give()});
  return {};
}

/// Indices as TFLite takes them: none below 0. Those that come from the data are trusted to be so.
int indices_of(Call& call, int64_t extent) {
  const Value& value = call.input(1);
  if (!value.constant) return call.read(1);
  Tensor tensor = value.constant->clone();
  const auto mend = [&](auto elements) {
    for (auto& index : elements) index = static_cast<std::decay_t<decltype(index)>>(index < 0 ? index + extent : index);
  };
  if (tensor.dtype() == DType::int64) mend(tensor.mutable_data<int64_t>());
  if (tensor.dtype() == DType::int32) mend(tensor.mutable_data<int32_t>());
  return call.cx.constant_for(call.op.inputs[1], tensor);
}

Status write_gather(Call& call) {
  schema::GatherOptionsT options;
  const int64_t axis = call.as<AxisAttrs>().axis;
  options.axis = narrow(axis);
  const int x = call.read(0);
  const int indices = indices_of(call, call.input(0).shape[static_cast<size_t>(axis)]);
  call.cx.op(B::GATHER, {x, indices}, {call.give()}, std::move(options));
  return {};
}

Status write_gather_nd(Call& call) {
  if (call.as<GatherNdAttrs>().batch_dims != 0)
    return call.fail(ErrorCode::unsupported, "its batch_dims is {}; TFLite has only 0",
                     call.as<GatherNdAttrs>().batch_dims);
  return write_plain(call);
}

constexpr Row kRows[] = {
    {OpKind::Reshape, B::RESHAPE, write_reshape, keeps_codes},
    {OpKind::Flatten, B::RESHAPE, write_reshape, keeps_codes},
    {OpKind::Squeeze, B::RESHAPE, write_reshape, keeps_codes},
    {OpKind::Unsqueeze, B::RESHAPE, write_reshape, keeps_codes},
    {OpKind::Identity, B::RESHAPE, write_reshape, keeps_codes},
    {OpKind::Transpose, B::TRANSPOSE, write_transpose, keeps_codes},
    {OpKind::Concat, B::CONCATENATION, write_concat, all_coded},
    {OpKind::Split, B::SPLIT, write_split, keeps_codes},
    {OpKind::Slice, B::SLICE, write_slice, keeps_codes},
    {OpKind::Pad, B::PAD, write_pad, keeps_codes},
    {OpKind::Expand, B::BROADCAST_TO, write_expand, keeps_codes},
    {OpKind::Tile, B::TILE, write_tile, keeps_codes},
    {OpKind::Gather, B::GATHER, write_gather, keeps_codes},
    {OpKind::GatherNd, B::GATHER_ND, write_gather_nd, keeps_codes},
};

}  // namespace

std::span<const Row> move_rows() {
  return kRows;
}

}  // namespace quern::tflite_writer
