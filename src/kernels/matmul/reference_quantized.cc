// FullyConnected and MatMul of 8- and 16-bit values: dot products of (a - z_a) and (b - z_b), plus the bias, then
// requantization.
#include "kernels/reference_kernel.h"
#include "kernels/requantize.h"

namespace quern {

namespace {

/// `count` stored values, `stride` apart, less their zero point.
template <typename T>
void centre(const void* from, int64_t first, int64_t stride, int64_t count, const Operand& operand, int64_t channel,
            T* to) {
  const int32_t zero_point = zero_point_of(operand, channel);
  for (int64_t i = 0; i < count; ++i) {
    to[i] = static_cast<T>(code_at(from, first + i * stride, operand.dtype) - zero_point);
  }
}

/// Sums of bytes stay in 32 bits (fits_accumulator); those of 16-bit values take 64.
template <typename Centred>
using SumOf = std::conditional_t<std::is_same_v<Centred, int16_t>, int32_t, int64_t>;

template <typename Centred>
SumOf<Centred> dot(const Centred* a, const Centred* b, int64_t count) {
  SumOf<Centred> sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += SumOf<Centred>{a[i]} * b[i];
  return sum;
}

/// One product of matrices: rows x depth by depth x columns, by element strides.
struct Product {
  int64_t rows = 1, depth = 1, columns = 1;
  int64_t a_row = 1, a_depth = 1;
  int64_t b_column = 1, b_depth = 1;
};

/// Where each of the leading (batch) matrices of a, b and y starts, in elements.
struct BatchOffsets {
  std::vector<int64_t> a, b;
};

/// Centred: int16_t holds what bytes are less their zero points, int32_t what 16-bit values are. Y: codes of the
/// output's width, or float32 for a result that stays real.
template <typename Centred, typename Y>
class QuantizedProduct final : public Kernel {
 public:
  QuantizedProduct(const OpCall& call, const Product& product, BatchOffsets batches, const Clamp& clamp)
      : product_(product),
        batches_(std::move(batches)),
        a_(call.inputs[0]),
        b_(call.inputs[1]),
        wide_bias_(call.has_input(2) && call.inputs[2].dtype == DType::int64),
        requantization_(product_requantization(call, clamp, product.columns)) {}

  void run(const Buffers& buffers, ThreadPool& pool) const override {
    std::vector<Centred> columns(static_cast<size_t>(product_.columns * product_.depth));
    for (size_t batch = 0; batch < batches_.a.size(); ++batch) {
      for (int64_t c = 0; c < product_.columns; ++c) {
        centre(buffers.in<void>(1), batches_.b[batch] + c * product_.b_column, product_.b_depth, product_.depth, b_, c,
               columns.data() + c * product_.depth);
      }
      Y* out = buffers.out<Y>(0) + static_cast<int64_t>(batch) * product_.rows * product_.columns;
      pool.parallel_for(product_.rows, grain_for(product_.columns * product_.depth), [&](int64_t begin, int64_t end) {
        run_rows(buffers, batches_.a[batch], columns.data(), out, begin, end);
      });
    }
  }

 private:
  void run_rows(const Buffers& buffers, int64_t a, const Centred* columns, Y* out, int64_t begin, int64_t end) const {
    std::vector<Centred> row(static_cast<size_t>(product_.depth));
    for (int64_t r = begin; r < end; ++r) {
      centre(buffers.in<void>(0), a + r * product_.a_row, product_.a_depth, product_.depth, a_, 0, row.data());
      for (int64_t c = 0; c < product_.columns; ++c) {
        const auto sum = dot(row.data(), columns + c * product_.depth, product_.depth) + bias(buffers, c);
        out[r * product_.columns + c] = stored_as<Y>(requantization_, sum, c);
      }
    }
  }

  SumOf<Centred> bias(const Buffers& buffers, int64_t c) const {
    const auto* narrow = buffers.in<int32_t>(2);
    if (narrow == nullptr) return 0;
    return static_cast<SumOf<Centred>>(wide_bias_ ? buffers.in<int64_t>(2)[c] : narrow[c]);
  }

  Product product_;
  BatchOffsets batches_;
  Operand a_, b_;
  bool wide_bias_ = false;  ///< int64 instead of int32
  Requantization requantization_;
};

template <typename Centred>
std::unique_ptr<Kernel> make_with_sums(const OpCall& call, const Product& product, BatchOffsets batches,
                                       const Clamp& clamp) {
  const DType out = call.outputs[0].dtype;
  if (out == DType::float32)
    return std::make_unique<QuantizedProduct<Centred, float>>(call, product, std::move(batches), clamp);
  if (is_16bit(out))
    return std::make_unique<QuantizedProduct<Centred, uint16_t>>(call, product, std::move(batches), clamp);
  return std::make_unique<QuantizedProduct<Centred, uint8_t>>(call, product, std::move(batches), clamp);
}

std::unique_ptr<Kernel> make_product(const OpCall& call, const Product& product, BatchOffsets batches,
                                     const Clamp& clamp) {
  if (sums_are_wide(call)) return make_with_sums<int32_t>(call, product, std::move(batches), clamp);
  return make_with_sums<int16_t>(call, product, std::move(batches), clamp);
}

std::unique_ptr<Kernel> make_fully_connected(const OpCall& call) {
  const Shape& w = call.inputs[1].shape;
  if (!is_integer_product(call, 0, w[1])) return nullptr;
  Product product{call.outputs[0].size() / std::max<int64_t>(w[0], 1), w[1], w[0], w[1], 1, w[1], 1};
  return make_product(call, product, BatchOffsets{{0}, {0}}, call.as<ClampAttrs>().clamp);
}

/// Offsets of the matrices of one operand for every leading index of the output, by numpy's broadcasting.
std::vector<int64_t> matrix_offsets(const Shape& operand, const Shape& leading) {
  const size_t own = operand.size() - 2;
  const int64_t matrix = operand[own] * operand[own + 1];
  std::vector<int64_t> offsets(static_cast<size_t>(extent_product(leading, 0, leading.size())), 0);
  for (size_t i = 0; i < offsets.size(); ++i) {
    auto rest = static_cast<int64_t>(i);
    int64_t stride = matrix;
    for (size_t axis = 0; axis < leading.size(); ++axis) {
      const size_t from_end = leading.size() - 1 - axis;
      const int64_t index = rest % leading[from_end];
      rest /= leading[from_end];
      if (axis >= own) continue;
      const int64_t extent = operand[own - 1 - axis];
      if (extent != 1) offsets[i] += index * stride;
      stride *= extent;
    }
  }
  return offsets;
}

std::unique_ptr<Kernel> make_matmul(const OpCall& call) {
  const auto& attrs = call.as<MatMulAttrs>();
  const Shape& a = call.inputs[0].shape;
  const Shape& b = call.inputs[1].shape;
  if (a.size() < 2 || b.size() < 2) return nullptr;
  const int64_t a_rows = a[a.size() - 2], a_columns = a[a.size() - 1];
  const int64_t b_rows = b[b.size() - 2], b_columns = b[b.size() - 1];
  Product p;
  p.rows = attrs.transpose_a ? a_columns : a_rows;
  p.depth = attrs.transpose_a ? a_rows : a_columns;
  p.columns = attrs.transpose_b ? b_rows : b_columns;
  p.a_row = attrs.transpose_a ? 1 : a_columns;
  p.a_depth = attrs.transpose_a ? a_columns : 1;
  p.b_column = attrs.transpose_b ? b_columns : 1;
  p.b_depth = attrs.transpose_b ? 1 : b_columns;
  const auto column_axis = static_cast<int>(b.size()) - (attrs.transpose_b ? 2 : 1);
  if (!is_integer_product(call, column_axis, p.depth)) return nullptr;
  const Shape& y = call.outputs[0].shape;
  const Shape leading(y.begin(), y.end() - 2);
  return make_product(call, p, BatchOffsets{matrix_offsets(a, leading), matrix_offsets(b, leading)}, attrs.clamp);
}

}  // namespace

std::unique_ptr<Kernel> matmul_quantized_reference(const OpCall& call) {
  if (call.kind == OpKind::FullyConnected) return make_fully_connected(call);
  if (call.kind == OpKind::MatMul) return make_matmul(call);
  return nullptr;
}

}  // namespace quern
