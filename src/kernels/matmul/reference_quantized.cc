// FullyConnected and MatMul of 8-bit values: dot products of (a - z_a) and (b - z_b), plus the bias, then
// requantization.
#include "kernels/reference_kernel.h"
#include "kernels/requantize.h"

namespace quern {

namespace {

/// `count` stored values, `stride` apart, less their zero point.
void centre(const uint8_t* from, int64_t stride, int64_t count, DType type, int32_t zero_point, int16_t* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = static_cast<int16_t>(from_byte(from[i * stride], type) - zero_point);
}

int32_t dot(const int16_t* a, const int16_t* b, int64_t count) {
  int32_t sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
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

/// Y: bytes, or float32 for a result that stays real.
template <typename Y>
class QuantizedProduct final : public Kernel {
 public:
  QuantizedProduct(const OpCall& call, const Product& product, BatchOffsets batches, const Clamp& clamp)
      : product_(product),
        batches_(std::move(batches)),
        a_(call.inputs[0]),
        b_(call.inputs[1]),
        requantization_(product_requantization(call, clamp, product.columns)) {}

  void run(const Buffers& buffers, ThreadPool& pool) const override {
    std::vector<int16_t> columns(static_cast<size_t>(product_.columns * product_.depth));
    for (size_t batch = 0; batch < batches_.a.size(); ++batch) {
      const uint8_t* b = buffers.in<uint8_t>(1) + batches_.b[batch];
      for (int64_t c = 0; c < product_.columns; ++c) {
        centre(b + c * product_.b_column, product_.b_depth, product_.depth, b_.dtype, zero_point_of(b_, c),
               columns.data() + c * product_.depth);
      }
      const uint8_t* a = buffers.in<uint8_t>(0) + batches_.a[batch];
      Y* out = buffers.out<Y>(0) + static_cast<int64_t>(batch) * product_.rows * product_.columns;
      pool.parallel_for(product_.rows, grain_for(product_.columns * product_.depth), [&](int64_t begin, int64_t end) {
        run_rows(a, columns.data(), buffers.in<int32_t>(2), out, begin, end);
      });
    }
  }

 private:
  void run_rows(const uint8_t* a, const int16_t* columns, const int32_t* bias, Y* out, int64_t begin,
                int64_t end) const {
    std::vector<int16_t> row(static_cast<size_t>(product_.depth));
    for (int64_t r = begin; r < end; ++r) {
      centre(a + r * product_.a_row, product_.a_depth, product_.depth, a_.dtype, zero_point_of(a_), row.data());
      for (int64_t c = 0; c < product_.columns; ++c) {
        const int32_t sum =
            dot(row.data(), columns + c * product_.depth, product_.depth) + (bias != nullptr ? bias[c] : 0);
        out[r * product_.columns + c] = stored_as<Y>(requantization_, sum, c);
      }
    }
  }

  Product product_;
  BatchOffsets batches_;
  Operand a_, b_;
  Requantization requantization_;
};

bool quantized_call(const OpCall& call, int64_t depth, int column_axis) {
  const Operand& b = call.inputs[1];
  return is_quantized_8bit(call.inputs[0]) && (is_quantized_8bit(call.outputs[0]) || is_real(call.outputs[0])) &&
         is_8bit(b.dtype) && !b.quantization.empty() &&
         (!b.quantization.per_axis() || b.quantization.axis == column_axis) && bias_is_on_grid(call) &&
         fits_accumulator(call, depth);
}

std::unique_ptr<Kernel> make_product(const OpCall& call, const Product& product, BatchOffsets batches,
                                     const Clamp& clamp) {
  if (is_real(call.outputs[0]))
    return std::make_unique<QuantizedProduct<float>>(call, product, std::move(batches), clamp);
  return std::make_unique<QuantizedProduct<uint8_t>>(call, product, std::move(batches), clamp);
}

std::unique_ptr<Kernel> make_fully_connected(const OpCall& call) {
  const Shape& w = call.inputs[1].shape;
  if (!quantized_call(call, w[1], 0)) return nullptr;
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
  if (!quantized_call(call, p.depth, column_axis)) return nullptr;
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
