// Linear Resize of the height and width of 8- and 16-bit values, the `fixed` rule: weights of 10 bits for signed codes,
// and float32 weights rounded half up for unsigned ones, as TFLite's reference kernels have it.
#include <algorithm>
#include <cmath>

#include "kernels/reference_kernel.h"
#include "kernels/requantize.h"

namespace quern {

namespace {

constexpr int kBits = 10;
constexpr int64_t kOne = int64_t{1} << kBits;

/// The two neighbours of an output position, and how far it is from the first.
struct Between {
  int64_t low = 0, high = 0;
  int64_t fixed = 0;  ///< in units of 2^-10
  float real = 0;
};

struct Axis {
  int64_t in = 1, out = 1;
  Coordinates coordinates = Coordinates::asymmetric;

  bool corners() const { return coordinates == Coordinates::align_corners && out > 1; }
  bool centres() const { return coordinates == Coordinates::half_pixel; }
};

Between fixed_between(const Axis& axis, int64_t position) {
  const int64_t scale = axis.corners() ? (kOne * (axis.in - 1) + (axis.out - 1) / 2) / (axis.out - 1)
                                       : (kOne * axis.in + axis.out / 2) / axis.out;
  const int64_t place = axis.centres() ? position * scale + scale / 2 - kOne / 2 : position * scale;
  // The rounded scale of a great enlargement can point beyond the last element.
  const int64_t at = std::min(place, kOne * (axis.in - 1) + kOne / 2);
  Between b;
  b.low = std::max<int64_t>(at / kOne, 0);
  b.high = std::min((at + kOne - 1) / kOne, axis.in - 1);
  b.fixed = at - kOne * b.low;
  return b;
}

Between real_between(const Axis& axis, int64_t position) {
  const float scale = axis.corners() ? static_cast<float>(axis.in - 1) / static_cast<float>(axis.out - 1)
                                     : static_cast<float>(axis.in) / static_cast<float>(axis.out);
  const auto p = static_cast<float>(position);
  const float at = axis.centres() ? (p + 0.5f) * scale - 0.5f : p * scale;
  Between b;
  b.low = std::clamp<int64_t>(static_cast<int64_t>(std::floor(at)), 0, axis.in - 1);
  b.high = std::min(static_cast<int64_t>(std::ceil(at)), axis.in - 1);
  b.real = at - static_cast<float>(b.low);
  return b;
}

/// The four neighbours' stored values: top left, top right, bottom left, bottom right.
using Corners = std::array<int32_t, 4>;

int32_t mix_fixed(const Corners& q, const Between& y, const Between& x) {
  const int64_t sum = q[0] * (kOne - y.fixed) * (kOne - x.fixed) + q[1] * (kOne - y.fixed) * x.fixed +
                      q[2] * y.fixed * (kOne - x.fixed) + q[3] * y.fixed * x.fixed;
  const int64_t half = int64_t{1} << (2 * kBits - 1);
  return static_cast<int32_t>((sum + (sum > 0 ? half : -half)) / (int64_t{1} << (2 * kBits)));
}

int32_t mix_real(const Corners& q, const Between& y, const Between& x) {
  const float top_left = static_cast<float>(q[0]) * (1 - y.real) * (1 - x.real);
  const float bottom_left = static_cast<float>(q[2]) * y.real * (1 - x.real);
  const float top_right = static_cast<float>(q[1]) * (1 - y.real) * x.real;
  const float bottom_right = static_cast<float>(q[3]) * y.real * x.real;
  return static_cast<int32_t>(top_left + bottom_left + top_right + bottom_right + 0.5f);
}

struct LinearResize {
  int64_t channels;
  Axis rows, columns;
  DType type;

  void run_row(const void* in, void* out, int64_t row) const {
    const bool fixed = type == DType::int8 || type == DType::int16;
    const int64_t image = row / rows.out * rows.in * columns.in * channels;
    int64_t to = row * columns.out * channels;
    const Between y = fixed ? fixed_between(rows, row % rows.out) : real_between(rows, row % rows.out);
    for (int64_t column = 0; column < columns.out; ++column) {
      const Between x = fixed ? fixed_between(columns, column) : real_between(columns, column);
      for (int64_t c = 0; c < channels; ++c) {
        const auto at = [&](int64_t h, int64_t w) {
          return code_at(in, image + (h * columns.in + w) * channels + c, type);
        };
        const Corners q{at(y.low, x.low), at(y.low, x.high), at(y.high, x.low), at(y.high, x.high)};
        const int32_t mixed = fixed ? mix_fixed(q, y, x) : mix_real(q, y, x);
        put_code(out, to++, type, place(mixed, 0, stored_range(type)));
      }
    }
  }
};

}  // namespace

std::unique_ptr<Kernel> resize_quantized_reference(const OpCall& call) {
  if (call.kind != OpKind::Resize || call.arithmetic != Arithmetic::fixed_rule) return nullptr;
  const auto& attrs = call.as<ResizeAttrs>();
  const Operand& x = call.inputs[0];
  const Operand& y = call.outputs[0];
  const bool known = attrs.coordinates == Coordinates::asymmetric || attrs.coordinates == Coordinates::align_corners ||
                     attrs.coordinates == Coordinates::half_pixel;
  if (attrs.mode != ResizeMode::linear || attrs.antialias || !known) return nullptr;
  if (!is_quantized(x) || !same_codes(x, y) || x.shape.size() != 4) return nullptr;
  if (x.shape[0] != y.shape[0] || x.shape[3] != y.shape[3] || x.size() == 0) return nullptr;
  const LinearResize resize{
      x.shape[3], {x.shape[1], y.shape[1], attrs.coordinates}, {x.shape[2], y.shape[2], attrs.coordinates}, x.dtype};
  return make_kernel([resize, count = y.shape[0] * y.shape[1]](const Buffers& buffers, ThreadPool& pool) {
    pool.parallel_for(count, 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) resize.run_row(buffers.in<void>(0), buffers.out<void>(0), row);
    });
  });
}

}  // namespace quern
