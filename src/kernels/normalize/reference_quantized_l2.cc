// LpNorm with p 2 of 8-bit values in integers, the `fixed` rule: q - z divided by the root of the sum of its squares,
// on the grid of 1/128.
#include "kernels/normalize/fixed_inverse_root.h"
#include "kernels/reference_kernel.h"
#include "kernels/requantize.h"

namespace quern {

namespace {

constexpr int kGridBits = 7;  // the output's scale is 2^-7

/// Elements along one axis: `outer * inner` lines of `extent`, `inner` apart.
struct Lines {
  int64_t outer = 1, extent = 1, inner = 1;
};

void normalize_line(const uint8_t* in, uint8_t* out, const Lines& lines, const Operand& x, const Operand& y) {
  int32_t squares = 0;
  const int32_t z = zero_point_of(x);
  for (int64_t i = 0; i < lines.extent; ++i) {
    const int32_t centred = from_byte(in[i * lines.inner], x.dtype) - z;
    squares += centred * centred;
  }
  const FixedMultiplier root = fixed_inverse_root(squares);
  for (int64_t i = 0; i < lines.extent; ++i) {
    const int32_t centred = from_byte(in[i * lines.inner], x.dtype) - z;
    // TFLite puts the 128 into the shift for int8 and into the value for uint8.
    const int32_t rounded = y.dtype == DType::int8
                                ? multiply_double_rounding(centred, {root.multiplier, root.shift + kGridBits})
                                : multiply_double_rounding(centred * (1 << kGridBits), root);
    out[i * lines.inner] = to_byte(place(rounded, zero_point_of(y), stored_range(y.dtype)));
  }
}

}  // namespace

std::unique_ptr<Kernel> l2_norm_quantized_reference(const OpCall& call) {
  if (call.kind != OpKind::LpNorm || call.arithmetic != Arithmetic::fixed_rule) return nullptr;
  const Operand& x = call.inputs[0];
  const Operand& y = call.outputs[0];
  const auto& attrs = call.as<LpNormAttrs>();
  if (attrs.p != 2 || !is_quantized_8bit(x) || !is_quantized_8bit(y) || x.dtype != y.dtype) return nullptr;
  if (scale_of(y) != 1.0f / (1 << kGridBits) || zero_point_of(y) != stored_range(y.dtype).low + 128) return nullptr;
  const auto axis = static_cast<size_t>(attrs.axis);
  const Lines lines{extent_product(x.shape, 0, axis), x.shape[axis], extent_product(x.shape, axis + 1, x.shape.size())};
  // The sum of squares stays in int32.
  if (lines.extent > (int64_t{1} << 31) / (255 * 255) - 1) return nullptr;
  return make_kernel([x, y, lines](const Buffers& buffers, ThreadPool& pool) {
    pool.parallel_for(lines.outer * lines.inner, grain_for(lines.extent), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t start = i / lines.inner * lines.extent * lines.inner + i % lines.inner;
        normalize_line(buffers.in<uint8_t>(0) + start, buffers.out<uint8_t>(0) + start, lines, x, y);
      }
    });
  });
}

}  // namespace quern
