#include "kernels/elementwise/stored_binary.h"

#include <algorithm>

#include "kernels/elementwise/broadcast.h"
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

/// `count` sums of table entries; a step of 0 is one byte for all.
template <typename T, typename Combine>
void combine(const Tables<T>& tables, Combine function, const uint8_t* a, int64_t a_step, const uint8_t* b,
             int64_t b_step, int64_t count, T* sums) {
  if (a_step == 1 && b_step == 1) {
    for (int64_t i = 0; i < count; ++i) sums[i] = function(tables.a[a[i]], tables.b[b[i]]);
    return;
  }
  for (int64_t i = 0; i < count; ++i) sums[i] = function(tables.a[a[i * a_step]], tables.b[b[i * b_step]]);
}

template <typename T, typename Combine, typename Store>
std::unique_ptr<Kernel> make_binary(const OpCall& call, Tables<T> tables, Combine function,
                                    const Requantization& requantization, Store store) {
  const auto body = [=, plan = prepare_broadcast<2>(call), prepared = uniform_store(requantization)](
                        const Buffers& buffers, ThreadPool& pool) {
    const StoreRule rule = prepared.rule();
    const int64_t a_step = plan.strides.back()[0];
    const int64_t b_step = plan.strides.back()[1];
    for_each_row(plan, pool, [&](int64_t to, const std::array<int64_t, 2>& from, int64_t length) {
      alignas(64) T sums[kUniformChannels];
      const uint8_t* a = buffers.in<uint8_t>(0) + from[0];
      const uint8_t* b = buffers.in<uint8_t>(1) + from[1];
      for (int64_t first = 0; first < length; first += kUniformChannels) {
        const int64_t count = std::min<int64_t>(kUniformChannels, length - first);
        combine(tables, function, a + first * a_step, a_step, b + first * b_step, b_step, count, sums);
        store({sums, 0, 1, static_cast<int>(count), 0, buffers.out<std::byte>(0) + to + first, 0}, rule);
      }
    });
  };
  return make_kernel(body);
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
