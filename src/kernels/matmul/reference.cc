// Matrix products. Floating point is summed in double and rounded once; integers wrap around in 64 bits.
#include <algorithm>
#include <type_traits>
#include <vector>

#include "kernels/reference_kernel.h"

namespace quern {

namespace {

template <typename T>
using Sum = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;

/// A rows x inner matrix times an inner x columns one; strides in elements, so that a transposed operand is no special
/// case.
struct Product {
  int64_t rows = 1, columns = 1, inner = 1;
  int64_t a_row = 0, a_inner = 1, b_inner = 0, b_column = 1;
  std::vector<int64_t> a_batch = {}, b_batch = {};  ///< first element of each pair of matrices
};

template <typename T>
T finish(Sum<T> sum, const Clamp& clamp) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::min(std::max(static_cast<T>(sum), static_cast<T>(clamp.low)), static_cast<T>(clamp.high));
  } else {
    return static_cast<T>(sum);
  }
}

/// One row of the product. Rows of b are walked in order, so that the reference is not slower than it needs to be.
template <typename T>
void product_row(const Product& p, const T* a, const T* b, const T* bias, const Clamp& clamp, T* out) {
  std::vector<Sum<T>> sums(static_cast<size_t>(p.columns), Sum<T>{0});
  if (p.b_inner == 1) {
    for (int64_t j = 0; j < p.columns; ++j) {
      Sum<T> sum{0};
      for (int64_t k = 0; k < p.inner; ++k) {
        sum += static_cast<Sum<T>>(a[k * p.a_inner]) * static_cast<Sum<T>>(b[j * p.b_column + k]);
      }
      sums[static_cast<size_t>(j)] = sum;
    }
  } else {
    for (int64_t k = 0; k < p.inner; ++k) {
      const auto factor = static_cast<Sum<T>>(a[k * p.a_inner]);
      for (int64_t j = 0; j < p.columns; ++j) {
        sums[static_cast<size_t>(j)] += factor * static_cast<Sum<T>>(b[k * p.b_inner + j * p.b_column]);
      }
    }
  }
  for (int64_t j = 0; j < p.columns; ++j) {
    const Sum<T> add = bias != nullptr ? static_cast<Sum<T>>(bias[j]) : Sum<T>{0};
    out[j] = finish<T>(sums[static_cast<size_t>(j)] + add, clamp);
  }
}

template <typename T>
std::unique_ptr<Kernel> make_product(Product p, Clamp clamp) {
  return make_kernel([p = std::move(p), clamp](const Buffers& b, ThreadPool& pool) {
    const auto rows = static_cast<int64_t>(p.a_batch.size()) * p.rows;
    pool.parallel_for(rows, grain_for(p.columns * p.inner), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const auto batch = static_cast<size_t>(i / p.rows);
        product_row(p, b.in<T>(0) + p.a_batch[batch] + i % p.rows * p.a_row, b.in<T>(1) + p.b_batch[batch], b.in<T>(2),
                    clamp, b.out<T>(0) + i * p.columns);
      }
    });
  });
}

/// An operand of MatMul with at least two axes: a vector is a row on the left and a column on the right.
Shape as_matrix(Shape shape, bool left) {
  if (shape.size() == 1) shape.insert(left ? shape.begin() : shape.end(), 1);
  return shape;
}

/// The first element of every matrix of `operand` as the leading axes `batch` (of the output) run through, with
/// broadcasting.
std::vector<int64_t> batch_offsets(const Shape& operand, const Shape& batch) {
  const size_t axes = operand.size() - 2;
  const int64_t matrix = operand[axes] * operand[axes + 1];
  std::vector<int64_t> offsets{0};
  for (size_t i = 0; i < batch.size(); ++i) {
    const bool own = i + axes >= batch.size() && operand[i + axes - batch.size()] != 1;
    const int64_t step = own ? matrix * extent_product(operand, i + axes - batch.size() + 1, axes) : 0;
    std::vector<int64_t> next;
    for (const int64_t offset : offsets) {
      for (int64_t k = 0; k < batch[i]; ++k) next.push_back(offset + k * step);
    }
    offsets = std::move(next);
  }
  return offsets;
}

/// numpy's broadcast of the leading axes.
Shape broadcast_batch(const Shape& a, const Shape& b) {
  const size_t rank = std::max(a.size(), b.size()) - 2;
  Shape batch(rank, 1);
  for (const Shape* shape : {&a, &b}) {
    for (size_t i = 0; i + 2 < shape->size(); ++i) {
      int64_t& extent = batch[rank - (shape->size() - 2) + i];
      if ((*shape)[i] != 1) extent = (*shape)[i];
    }
  }
  return batch;
}

}  // namespace

std::unique_ptr<Kernel> fully_connected_reference(const OpCall& call) {
  if (call.kind != OpKind::FullyConnected || !plain(call) || !all_of_type(call, call.outputs[0].dtype)) return nullptr;
  const Shape& w = call.inputs[1].shape;
  Product p;
  p.inner = w[1];
  p.columns = w[0];
  p.rows = p.columns > 0 ? call.outputs[0].size() / p.columns : 0;
  p.a_row = p.inner;
  p.b_inner = 1;
  p.b_column = p.inner;
  p.a_batch = p.b_batch = {0};
  const Clamp clamp = call.as<ClampAttrs>().clamp;
  return for_type(FloatTypes{}, call.outputs[0].dtype, [&](auto t) { return make_product<decltype(t)>(p, clamp); });
}

std::unique_ptr<Kernel> matmul_reference(const OpCall& call) {
  if (call.kind != OpKind::MatMul || !plain(call) || !all_of_type(call, call.outputs[0].dtype)) return nullptr;
  const auto& attrs = call.as<MatMulAttrs>();
  const Shape a = as_matrix(call.inputs[0].shape, true);
  const Shape b = as_matrix(call.inputs[1].shape, false);
  const bool ta = attrs.transpose_a && call.inputs[0].shape.size() > 1;
  const bool tb = attrs.transpose_b && call.inputs[1].shape.size() > 1;
  const int64_t a_columns = a.back(), b_columns = b.back();
  Product p;
  p.rows = ta ? a_columns : a[a.size() - 2];
  p.inner = ta ? a[a.size() - 2] : a_columns;
  p.columns = tb ? b[b.size() - 2] : b_columns;
  p.a_row = ta ? 1 : a_columns;
  p.a_inner = ta ? a_columns : 1;
  p.b_inner = tb ? 1 : b_columns;
  p.b_column = tb ? b_columns : 1;
  const Shape batch = broadcast_batch(a, b);
  p.a_batch = batch_offsets(a, batch);
  p.b_batch = batch_offsets(b, batch);
  if (is_float(call.outputs[0].dtype)) {
    return for_type(FloatTypes{}, call.outputs[0].dtype,
                    [&](auto t) { return make_product<decltype(t)>(p, attrs.clamp); });
  }
  if (attrs.clamp.active()) return nullptr;
  return for_type(IntTypes{}, call.outputs[0].dtype, [&](auto t) { return make_product<decltype(t)>(p, Clamp{}); });
}

}  // namespace quern
