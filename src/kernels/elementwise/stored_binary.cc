#include "kernels/elementwise/stored_binary.h"

#include <algorithm>

#include "kernels/elementwise/broadcast_rows.h"
#include "kernels/elementwise/quantized_sum.h"
#include "kernels/gemm/store_rule.h"

namespace quern {

namespace {

/// What each operand contributes, by its byte.
template <typename T>
struct Tables {
  std::array<T, 256> a, b;
};

struct Plus {
  template <typename T>
  T operator()(T a, T b) const {
    return a + b;
  }
};
struct Times {
  int32_t operator()(int32_t a, int32_t b) const { return a * b; }
};

/// `count` sums of table entries; a step is 0 (one byte for all) or 1.
template <typename T, typename Combine>
void combine(const Tables<T>& tables, Combine function, const uint8_t* a, int64_t a_step, const uint8_t* b,
             int64_t b_step, int64_t count, T* sums) {
  if (a_step == 1 && b_step == 1) {
    for (int64_t i = 0; i < count; ++i) sums[i] = function(tables.a[a[i]], tables.b[b[i]]);
    return;
  }
  for (int64_t i = 0; i < count; ++i) sums[i] = function(tables.a[a[i * a_step]], tables.b[b[i * b_step]]);
}

/// Operands of equal shape are one long row, which is cut up for the threads.
BroadcastRows rows_of(const OpCall& call) {
  const Shape& a = call.inputs[0].shape;
  const Shape& b = call.inputs[1].shape;
  const Shape& y = call.outputs[0].shape;
  if (a != y || b != y) return {a, b, y};
  const Shape line{1, call.outputs[0].size()};
  return {line, line, line};
}

template <typename T, typename Combine, typename Store>
std::unique_ptr<Kernel> make_binary(const OpCall& call, Tables<T> tables, Combine function,
                                    const Requantization& requantization, Store store) {
  return make_kernel([=, rows = rows_of(call), prepared = uniform_store(requantization)](const Buffers& buffers,
                                                                                         ThreadPool& pool) {
    const StoreRule rule = prepared.rule();
    const int64_t chunks = (rows.length() + kUniformChannels - 1) / kUniformChannels;
    pool.parallel_for(
        rows.rows() * chunks, std::max<int64_t>(1, 8192 / rows.length()), [&](int64_t begin, int64_t end) {
          alignas(64) T sums[kUniformChannels];
          for (int64_t i = begin; i < end; ++i) {
            const int64_t row = i / chunks;
            const int64_t first = i % chunks * kUniformChannels;
            const int64_t count = std::min<int64_t>(kUniformChannels, rows.length() - first);
            combine(tables, function, buffers.in<uint8_t>(0) + rows.a_start(row) + first * rows.a_step(), rows.a_step(),
                    buffers.in<uint8_t>(1) + rows.b_start(row) + first * rows.b_step(), rows.b_step(), count, sums);
            std::byte* out = buffers.out<std::byte>(0) + row * rows.length() + first;
            store({sums, 0, 1, static_cast<int>(count), 0, out, 0}, rule);
          }
        });
  });
}

std::array<int32_t, 256> centred_table(const Operand& operand) {
  std::array<int32_t, 256> table{};
  for (size_t byte = 0; byte < 256; ++byte) {
    table[byte] = from_byte(static_cast<uint8_t>(byte), operand.dtype) - zero_point_of(operand);
  }
  return table;
}

}  // namespace

std::unique_ptr<Kernel> make_stored_binary(const OpCall& call, StoreInteger store_integer, StoreReal store_real) {
  const bool sum = call.kind == OpKind::Add || call.kind == OpKind::Sub;
  if (!sum && call.kind != OpKind::Mul) return nullptr;
  const Operand& a = call.inputs[0];
  const Operand& b = call.inputs[1];
  const Operand& y = call.outputs[0];
  if (!is_quantized_8bit(a) || !is_quantized_8bit(b) || !is_quantized_8bit(y) || y.size() == 0) return nullptr;
  if (sum) {
    const QuantizedSum prepared(call);
    if (call.arithmetic == Arithmetic::float_rule) {
      return make_binary(call, Tables<float>{prepared.a_real(), prepared.b_real()}, Plus{}, prepared.output(),
                         store_real);
    }
    return make_binary(call, Tables<int32_t>{prepared.a_fixed(), prepared.b_fixed()}, Plus{}, prepared.output(),
                       store_integer);
  }
  const float factor = scale_of(a) * scale_of(b) / scale_of(y);
  return make_binary(
      call, Tables<int32_t>{centred_table(a), centred_table(b)}, Times{},
      scalar_requantization(static_cast<double>(factor), y, call.as<ClampAttrs>().clamp, call.arithmetic),
      store_integer);
}

}  // namespace quern
