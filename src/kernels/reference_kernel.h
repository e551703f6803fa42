// What reference kernels share: a kernel made of one callable, a choice by element type, and questions about a call.
#pragma once

#include <memory>
#include <utility>

#include "kernels/kernel.h"

namespace quern {

/// A kernel that is a callable of (const Buffers&, ThreadPool&). What it captured is what was prepared.
template <typename Body>
class CallableKernel final : public Kernel {
 public:
  explicit CallableKernel(Body body) : body_(std::move(body)) {}
  void run(const Buffers& buffers, ThreadPool& pool) const override { body_(buffers, pool); }

 private:
  Body body_;
};

template <typename Body>
std::unique_ptr<Kernel> make_kernel(Body body) {
  return std::make_unique<CallableKernel<Body>>(std::move(body));
}

/// Lists of element types a kernel is written for.
template <typename... Ts>
struct Types {};
using FloatTypes = Types<float, double>;
using IntTypes = Types<int8_t, uint8_t, int16_t, uint16_t, int32_t, uint32_t, int64_t, uint64_t>;
using NumberTypes = Types<float, double, int8_t, uint8_t, int16_t, uint16_t, int32_t, uint32_t, int64_t, uint64_t>;

/// The kernel of make(T{}) for the T of the list whose dtype is `type`; nullptr when the list has none.
template <typename... Ts, typename Make>
std::unique_ptr<Kernel> for_type(Types<Ts...>, DType type, Make&& make) {
  std::unique_ptr<Kernel> kernel;
  (void)((type == DTypeOf<Ts>::value && ((kernel = make(Ts{})), true)) || ...);
  return kernel;
}

/// No operand is quantized: the elements are the numbers they stand for.
inline bool plain(const OpCall& call) {
  for (const auto* operands : {&call.inputs, &call.outputs}) {
    for (const Operand& operand : *operands) {
      if (operand.present && !operand.quantization.empty()) return false;
    }
  }
  return true;
}

/// Both store the same reals in the same codes, so that a copy of codes is a copy of values. The axis may differ, since
/// moves may carry it elsewhere.
inline bool same_codes(const Operand& a, const Operand& b) {
  return a.dtype == b.dtype && a.quantization.scales == b.quantization.scales &&
         a.quantization.zero_points == b.quantization.zero_points;
}

/// Every present input and every output has the type `type`.
inline bool all_of_type(const OpCall& call, DType type) {
  for (const auto* operands : {&call.inputs, &call.outputs}) {
    for (const Operand& operand : *operands) {
      if (operand.present && operand.dtype != type) return false;
    }
  }
  return true;
}

/// Product of the extents of axes [from, to).
inline int64_t extent_product(const Shape& shape, size_t from, size_t to) {
  int64_t product = 1;
  for (size_t i = from; i < to; ++i) product *= shape[i];
  return product;
}

/// Row-major strides, in elements.
inline Shape strides_of(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

/// A sensible least share of `count` items for one thread when each costs `cost` element steps.
inline int64_t grain_for(int64_t cost) {
  return cost >= 16384 ? 1 : 16384 / (cost > 0 ? cost : 1);
}

}  // namespace quern
