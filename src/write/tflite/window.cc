#include "write/tflite/window.h"

#include <algorithm>

namespace quern::tflite_writer {

namespace {

struct Axis {
  bool same = false;   ///< SAME puts every tap at its place
  bool valid = false;  ///< VALID does
  int64_t before = 0;
  int64_t after = 0;
};

Axis axis_of(const Window& w, size_t i) {
  const int64_t in = w.input[1 + i];
  const int64_t out = w.output[1 + i];
  const int64_t reach = (w.kernel[i] - 1) * w.dilations[i] + 1;
  Axis axis;
  axis.before = w.pads[i];
  axis.after = std::max<int64_t>(0, (out - 1) * w.strides[i] + reach - in - axis.before);
  const int64_t total = std::max<int64_t>(0, (out - 1) * w.strides[i] + reach - in);
  axis.same = out == (in + w.strides[i] - 1) / w.strides[i] && axis.before == total / 2;
  axis.valid = axis.before == 0 && axis.after == 0 && out == (in - reach) / w.strides[i] + 1;
  return axis;
}

}  // namespace

Padding padding_of(const Window& window, bool counted) {
  const Axis h = axis_of(window, 0);
  const Axis w = axis_of(window, 1);
  if (h.valid && w.valid) return {schema::Padding::VALID, {}};
  if (h.same && w.same && !counted) return {schema::Padding::SAME, {}};
  return {schema::Padding::VALID, {h.before, w.before, h.after, w.after}};
}

int padded(Call& call, int x, const Pads& pads, int fill) {
  Shape shape = call.cx.tensor(x).shape;
  shape[1] += pads[0] + pads[2];
  shape[2] += pads[1] + pads[3];
  const int out = call.like(x, "_padded", shape);
  // Rows of before and after, an axis each.
  Tensor table = *Tensor::make(DType::int32, {4, 2});
  std::ranges::copy(std::initializer_list<int64_t>{0, 0, pads[0], pads[2], pads[1], pads[3], 0, 0},
                    table.mutable_data<int32_t>().begin());
  const int paddings = call.cx.constant(call.name() + "_paddings", table);
  if (fill == kNone)
    call.cx.op(B::PAD, {x, paddings}, {out});
  else
    call.cx.op(B::PADV2, {x, paddings, fill}, {out});
  return out;
}

}  // namespace quern::tflite_writer
