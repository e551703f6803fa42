// Conv and ConvTranspose of 8- and 16-bit values by 8-bit weights: sum over the taps inside the input of
// (x - z_x) * (w - z_w), plus the bias, then requantization. A tap outside the input reads the real 0, so it adds
// nothing.
#include <cstring>
#include <type_traits>

#include "kernels/reference_kernel.h"
#include "kernels/requantize.h"
#include "kernels/taps.h"

namespace quern {

namespace {

/// One operator's extents; a transposed convolution differs only in which taps meet which inputs.
struct Geometry {
  int64_t batch, in_h, in_w, in_c, out_h, out_w, out_c, groups;
  WindowAxis rows, columns;
  bool transposed;

  int64_t group_in() const { return in_c / groups; }
  int64_t group_out() const { return out_c / groups; }
  bool depthwise() const { return group_in() == 1; }
  Taps row_taps(int64_t y) const { return transposed ? transposed_taps(rows, y) : window_taps(rows, y); }
  Taps column_taps(int64_t x) const { return transposed ? transposed_taps(columns, x) : window_taps(columns, x); }
};

template <typename A>
Geometry geometry_of(const OpCall& call, bool transposed) {
  const A& attrs = call.as<A>();
  const Shape& x = call.inputs[0].shape;
  const Shape& w = call.inputs[1].shape;
  const Shape& y = call.outputs[0].shape;
  Geometry g{x[0], x[1], x[2], x[3], y[1], y[2], y[3], attrs.groups, {}, {}, transposed};
  g.rows = {x[1], w[1], attrs.strides[0], attrs.dilations[0], attrs.pads[0]};
  g.columns = {x[2], w[2], attrs.strides[1], attrs.dilations[1], attrs.pads[1]};
  return g;
}

/// Weights less their zero points: [O][KH][KW][I], or [KH][KW][O] for depthwise, whose inner loop runs over channels.
std::vector<int16_t> centred_weights(const Geometry& g, const Operand& weights, const void* elements) {
  const auto* bytes = static_cast<const uint8_t*>(elements);
  const int64_t taps = g.rows.kernel * g.columns.kernel;
  const int64_t inner = g.group_in();
  std::vector<int16_t> centred(static_cast<size_t>(g.out_c * taps * inner));
  for (int64_t o = 0; o < g.out_c; ++o) {
    const int32_t zero_point = zero_point_of(weights, o);
    for (int64_t t = 0; t < taps * inner; ++t) {
      const int64_t to = g.depthwise() ? t * g.out_c + o : o * taps * inner + t;
      const int32_t stored = from_byte(bytes[o * taps * inner + t], weights.dtype);
      centred[static_cast<size_t>(to)] = static_cast<int16_t>(stored - zero_point);
    }
  }
  return centred;
}

/// Sums of bytes stay in 32 bits (fits_accumulator); those of 16-bit values take 64.
template <typename X>
using SumOf = std::conditional_t<sizeof(X) == 1, int32_t, int64_t>;
/// x less its zero point, wide enough that its product with a weight is a SumOf.
template <typename X>
using Centred = std::conditional_t<sizeof(X) == 1, int16_t, int64_t>;

template <typename X>
SumOf<X> dot(const X* x, int32_t zero_point, const int16_t* w, int64_t count) {
  SumOf<X> sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += static_cast<Centred<X>>(x[i] - zero_point) * w[i];
  return sum;
}

/// Y: codes of the output's width, or float32 for a result that stays real.
template <typename X, typename Y>
class QuantizedConv final : public Kernel {
 public:
  using Sum = SumOf<X>;

  QuantizedConv(const OpCall& call, const Geometry& geometry, const Clamp& clamp)
      : g_(geometry), weights_(call.inputs[1]), requantization_(product_requantization(call, clamp, geometry.out_c)) {
    zero_point_ = zero_point_of(call.inputs[0]);
    wide_bias_ = call.has_input(2) && call.inputs[2].dtype == DType::int64;
    if (weights_.constant != nullptr) centred_ = centred_weights(g_, weights_, weights_.constant);
  }

  void run(const Buffers& buffers, ThreadPool& pool) const override {
    std::vector<int16_t> fresh;
    if (weights_.constant == nullptr) fresh = centred_weights(g_, weights_, buffers.in<void>(1));
    const int16_t* w = fresh.empty() ? centred_.data() : fresh.data();
    pool.parallel_for(g_.batch * g_.out_h, 1, [&](int64_t begin, int64_t end) {
      std::vector<Sum> sums(static_cast<size_t>(g_.out_c));
      for (int64_t row = begin; row < end; ++row) run_row(buffers, w, row, sums.data());
    });
  }

 private:
  void run_row(const Buffers& buffers, const int16_t* w, int64_t row, Sum* sums) const {
    const X* image = buffers.in<X>(0) + row / g_.out_h * g_.in_h * g_.in_w * g_.in_c;
    Y* out = buffers.out<Y>(0) + row * g_.out_w * g_.out_c;
    const Taps rows = g_.row_taps(row % g_.out_h);
    for (int64_t x = 0; x < g_.out_w; ++x, out += g_.out_c) {
      start(buffers, sums);
      add_window(image, w, rows, g_.column_taps(x), sums);
      for (int64_t o = 0; o < g_.out_c; ++o) out[o] = stored_as<Y>(requantization_, sums[o], o);
    }
  }

  void start(const Buffers& buffers, Sum* sums) const {
    const auto* bias = buffers.in<int32_t>(2);
    const auto* wide = buffers.in<int64_t>(2);
    for (int64_t o = 0; o < g_.out_c; ++o) {
      sums[o] = bias == nullptr ? 0 : wide_bias_ ? static_cast<Sum>(wide[o]) : static_cast<Sum>(bias[o]);
    }
  }

  void add_window(const X* image, const int16_t* w, const Taps& rows, const Taps& columns, Sum* sums) const {
    for (int64_t r = 0; r < rows.count; ++r) {
      for (int64_t c = 0; c < columns.count; ++c) {
        const int64_t pixel = (rows.in + r * rows.in_step) * g_.in_w + columns.in + c * columns.in_step;
        const int64_t tap = (rows.tap + r * rows.tap_step) * g_.columns.kernel + columns.tap + c * columns.tap_step;
        if (g_.depthwise()) {
          add_depthwise(image + pixel * g_.in_c, w + tap * g_.out_c, sums);
        } else {
          add_grouped(image + pixel * g_.in_c, w + tap * g_.group_in(), sums);
        }
      }
    }
  }

  void add_depthwise(const X* x, const int16_t* w, Sum* sums) const {
    if (g_.group_out() == 1) {
      for (int64_t o = 0; o < g_.out_c; ++o) sums[o] += static_cast<Centred<X>>(x[o] - zero_point_) * w[o];
      return;
    }
    for (int64_t o = 0; o < g_.out_c; ++o) {
      sums[o] += static_cast<Centred<X>>(x[o / g_.group_out()] - zero_point_) * w[o];
    }
  }

  void add_grouped(const X* x, const int16_t* w, Sum* sums) const {
    const int64_t inner = g_.group_in();
    const int64_t filter = g_.rows.kernel * g_.columns.kernel * inner;
    for (int64_t o = 0; o < g_.out_c; ++o) {
      sums[o] += dot(x + o / g_.group_out() * inner, zero_point_, w + o * filter, inner);
    }
  }

  Geometry g_;
  Operand weights_;
  Requantization requantization_;
  int32_t zero_point_ = 0;
  bool wide_bias_ = false;  ///< int64 instead of int32
  std::vector<int16_t> centred_;
};

template <typename A>
std::unique_ptr<Kernel> make_conv(const OpCall& call, bool transposed) {
  if (!is_integer_product(call, 0, extent_product(call.inputs[1].shape, 1, 4))) return nullptr;
  const Geometry geometry = geometry_of<A>(call, transposed);
  const Clamp& clamp = call.as<A>().clamp;
  const DType out = call.outputs[0].dtype;
  return for_type(Types<int8_t, uint8_t, int16_t, uint16_t>{}, call.inputs[0].dtype,
                  [&](auto x) -> std::unique_ptr<Kernel> {
                    using X = decltype(x);
                    if (out == DType::float32) return std::make_unique<QuantizedConv<X, float>>(call, geometry, clamp);
                    if (is_16bit(out)) return std::make_unique<QuantizedConv<X, uint16_t>>(call, geometry, clamp);
                    return std::make_unique<QuantizedConv<X, uint8_t>>(call, geometry, clamp);
                  });
}

}  // namespace

std::unique_ptr<Kernel> conv_quantized_reference(const OpCall& call) {
  if (call.kind == OpKind::Conv) return make_conv<ConvAttrs>(call, false);
  if (call.kind == OpKind::ConvTranspose) return make_conv<ConvTransposeAttrs>(call, true);
  return nullptr;
}

}  // namespace quern
