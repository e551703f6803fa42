// Element by element, one input. Floating point calls the C library in the element's own precision, but for the sigmoid
// of float32 (sigmoid.inc).
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "kernels/reference_kernel.h"

namespace quern {

namespace {

#include "kernels/elementwise/sigmoid.inc"

template <typename T>
T sigmoid(T x) {  // exp of what is not positive cannot overflow
  const T e = std::exp(-std::abs(x));
  return x >= 0 ? T{1} / (T{1} + e) : e / (T{1} + e);
}

template <typename T>
T softplus(T x) {
  return std::max(x, T{0}) + std::log1p(std::exp(-std::abs(x)));
}

template <typename T>
T gelu(T x, bool by_tanh) {
  if (by_tanh) {
    const T inner = static_cast<T>(0.7978845608028654) * (x + static_cast<T>(0.044715) * x * x * x);
    return static_cast<T>(0.5) * x * (T{1} + std::tanh(inner));
  }
  return static_cast<T>(0.5) * x * (T{1} + std::erf(x * static_cast<T>(0.7071067811865476)));
}

/// A kernel of f(x) over every element.
template <typename T, typename U, typename F>
std::unique_ptr<Kernel> map(const OpCall& call, F f) {
  if (call.outputs[0].dtype != DTypeOf<U>::value) return nullptr;
  return make_kernel([f, size = call.outputs[0].size()](const Buffers& b, ThreadPool& pool) {
    pool.parallel_for(size, 4096, [&](int64_t begin, int64_t end) {
      const T* in = b.in<T>(0);
      U* out = b.out<U>(0);
      for (int64_t i = begin; i < end; ++i) out[i] = f(in[i]);
    });
  });
}

/// Activations; `a` and `z` are the attributes alpha and beta.
template <typename T>
std::unique_ptr<Kernel> make_activation(const OpCall& c, T a, T z) {
  switch (c.kind) {
    case OpKind::LeakyRelu:
      return map<T, T>(c, [=](T x) { return x < 0 ? a * x : x; });
    case OpKind::Elu:
      return map<T, T>(c, [=](T x) { return x < 0 ? a * std::expm1(x) : x; });
    case OpKind::Selu:
      return map<T, T>(c, [=](T x) { return z * (x < 0 ? a * std::expm1(x) : x); });
    case OpKind::Celu:
      return map<T, T>(c, [=](T x) { return x < 0 ? a * std::expm1(x / a) : x; });
    case OpKind::ThresholdedRelu:
      return map<T, T>(c, [=](T x) { return x > a ? x : T{0}; });
    case OpKind::HardSigmoid:
      return map<T, T>(c, [=](T x) { return std::min(std::max(a * x + z, T{0}), T{1}); });
    case OpKind::HardSwish:
      return map<T, T>(c, [](T x) { return x * std::min(std::max(x / T{6} + static_cast<T>(0.5), T{0}), T{1}); });
    case OpKind::Sigmoid:
      if constexpr (std::is_same_v<T, float>) return map<T, T>(c, [](T x) { return float_sigmoid(x); });
      return map<T, T>(c, [](T x) { return sigmoid(x); });
    case OpKind::Tanh:
      return map<T, T>(c, [](T x) { return std::tanh(x); });
    case OpKind::Swish:
      return map<T, T>(c, [=](T x) { return x * sigmoid(a * x); });
    case OpKind::Gelu:
      return map<T, T>(c, [=](T x) { return gelu(x, a != 0); });
    case OpKind::Mish:
      return map<T, T>(c, [](T x) { return x * std::tanh(softplus(x)); });
    case OpKind::Softplus:
      return map<T, T>(c, [](T x) { return softplus(x); });
    case OpKind::Softsign:
      return map<T, T>(c, [](T x) { return x / (T{1} + std::abs(x)); });
    default:
      return nullptr;
  }
}

template <typename T>
std::unique_ptr<Kernel> make_function(const OpCall& c) {
  switch (c.kind) {
    case OpKind::Exp:
      return map<T, T>(c, [](T x) { return std::exp(x); });
    case OpKind::Log:
      return map<T, T>(c, [](T x) { return std::log(x); });
    case OpKind::Sqrt:
      return map<T, T>(c, [](T x) { return std::sqrt(x); });
    case OpKind::Rsqrt:
      return map<T, T>(c, [](T x) { return T{1} / std::sqrt(x); });
    case OpKind::Reciprocal:
      return map<T, T>(c, [](T x) { return T{1} / x; });
    case OpKind::Floor:
      return map<T, T>(c, [](T x) { return std::floor(x); });
    case OpKind::Ceil:
      return map<T, T>(c, [](T x) { return std::ceil(x); });
    case OpKind::Round:
      return map<T, T>(c, [](T x) { return std::nearbyint(x); });
    case OpKind::Erf:
      return map<T, T>(c, [](T x) { return std::erf(x); });
    case OpKind::Sin:
      return map<T, T>(c, [](T x) { return std::sin(x); });
    case OpKind::Cos:
      return map<T, T>(c, [](T x) { return std::cos(x); });
    case OpKind::Tan:
      return map<T, T>(c, [](T x) { return std::tan(x); });
    case OpKind::Asin:
      return map<T, T>(c, [](T x) { return std::asin(x); });
    case OpKind::Acos:
      return map<T, T>(c, [](T x) { return std::acos(x); });
    case OpKind::Atan:
      return map<T, T>(c, [](T x) { return std::atan(x); });
    case OpKind::Sinh:
      return map<T, T>(c, [](T x) { return std::sinh(x); });
    case OpKind::Cosh:
      return map<T, T>(c, [](T x) { return std::cosh(x); });
    case OpKind::IsNaN:
      return map<T, bool>(c, [](T x) { return std::isnan(x); });
    default:
      return nullptr;
  }
}

template <typename T>
std::unique_ptr<Kernel> make_is_inf(const OpCall& call) {
  const bool up = call.as<UnaryAttrs>().alpha != 0, down = call.as<UnaryAttrs>().beta != 0;
  return map<T, bool>(call, [=](T x) { return std::isinf(x) && (x > 0 ? up : down); });
}

/// A bound of Clip as a T: what lies beyond the type becomes its end.
template <typename T>
T bound(double value) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(value);
  } else {
    if (!(value > static_cast<double>(std::numeric_limits<T>::lowest()))) return std::numeric_limits<T>::lowest();
    if (value >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
    return static_cast<T>(value);
  }
}

/// What integers can do too. Negation, absolute value and squares of integers wrap around.
template <typename T>
std::unique_ptr<Kernel> make_plain(const OpCall& c) {
  using W = std::conditional_t<std::is_floating_point_v<T>, T, std::conditional_t<(sizeof(T) < 8), uint32_t, uint64_t>>;
  switch (c.kind) {
    case OpKind::Relu:
      return map<T, T>(c, [](T x) { return x < 0 ? T{0} : x; });
    case OpKind::Clip: {
      const T low = bound<T>(c.as<UnaryAttrs>().alpha), high = bound<T>(c.as<UnaryAttrs>().beta);
      return map<T, T>(c, [=](T x) { return std::min(std::max(x, low), high); });
    }
    case OpKind::Square:
      return map<T, T>(c, [](T x) { return static_cast<T>(static_cast<W>(x) * static_cast<W>(x)); });
    case OpKind::Abs:
      return map<T, T>(c, [](T x) { return x < 0 ? static_cast<T>(-static_cast<W>(x)) : x == 0 ? T{0} : x; });
    case OpKind::Neg:
      return map<T, T>(c, [](T x) { return static_cast<T>(-static_cast<W>(x)); });
    case OpKind::Sign:
      return map<T, T>(c, [](T x) { return x > 0 ? T{1} : x < 0 ? static_cast<T>(-1) : x; });
    default:
      return nullptr;
  }
}

}  // namespace

std::unique_ptr<Kernel> unary_reference(const OpCall& call) {
  if (info(call.kind).family != OpFamily::unary || !plain(call)) return nullptr;
  const DType type = call.inputs[0].dtype;
  if (call.kind == OpKind::Not)
    return type == DType::boolean ? map<bool, bool>(call, [](bool x) { return !x; }) : nullptr;
  if (auto kernel = for_type(NumberTypes{}, type, [&](auto t) { return make_plain<decltype(t)>(call); })) return kernel;
  return for_type(FloatTypes{}, type, [&](auto t) -> std::unique_ptr<Kernel> {
    using T = decltype(t);
    if (call.kind == OpKind::IsInf) return make_is_inf<T>(call);
    if (auto kernel = make_function<T>(call)) return kernel;
    const auto* attrs = std::get_if<UnaryAttrs>(&call.attrs);
    return attrs == nullptr ? make_activation<T>(call, T{0}, T{0})
                            : make_activation<T>(call, static_cast<T>(attrs->alpha), static_cast<T>(attrs->beta));
  });
}

}  // namespace quern
