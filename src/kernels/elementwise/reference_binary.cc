// Element by element with broadcasting, two inputs. Integers wrap around as numpy's do; division by zero gives 0.
#include <cmath>
#include <limits>
#include <type_traits>

#include "kernels/elementwise/broadcast.h"

namespace quern {

namespace {

/// The unsigned type in which T's arithmetic wraps around without undefined behaviour; wide enough not to be promoted.
template <typename T>
using Wrapping = std::conditional_t<(sizeof(T) < 8), uint32_t, uint64_t>;

template <typename T, typename F>
T wrap(T a, T b, F f) {
  if constexpr (std::is_floating_point_v<T>) {
    return f(a, b);
  } else {
    return static_cast<T>(f(static_cast<Wrapping<T>>(a), static_cast<Wrapping<T>>(b)));
  }
}

struct AddOp {
  template <typename T>
  static T apply(T a, T b) {
    return wrap(a, b, [](auto x, auto y) { return x + y; });
  }
};
struct SubOp {
  template <typename T>
  static T apply(T a, T b) {
    return wrap(a, b, [](auto x, auto y) { return x - y; });
  }
};
struct MulOp {
  template <typename T>
  static T apply(T a, T b) {
    return wrap(a, b, [](auto x, auto y) { return x * y; });
  }
};
struct DivOp {
  template <typename T>
  static T apply(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      return a / b;
    } else {
      if (b == 0) return 0;
      // The one quotient that does not fit wraps around to itself.
      if (std::is_signed_v<T> && b == static_cast<T>(-1)) return SubOp::apply(T{0}, a);
      return static_cast<T>(a / b);
    }
  }
};
struct ModOp {
  template <typename T>
  static T apply(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::fmod(a, b);
    } else {
      if (b == 0 || (std::is_signed_v<T> && b == static_cast<T>(-1))) return 0;
      const auto rest = static_cast<T>(a % b);
      return rest != 0 && ((rest < 0) != (b < 0)) ? static_cast<T>(rest + b) : rest;
    }
  }
};
struct MinOp {  // a NaN on either side stays
  template <typename T>
  static T apply(T a, T b) {
    return a < b || a != a ? a : b;
  }
};
struct MaxOp {
  template <typename T>
  static T apply(T a, T b) {
    return a > b || a != a ? a : b;
  }
};
struct PReluOp {
  template <typename T>
  static T apply(T a, T b) {
    return a < 0 ? MulOp::apply(a, b) : a;
  }
};
struct EqualOp {
  template <typename T>
  static bool apply(T a, T b) {
    return a == b;
  }
};
struct LessOp {
  template <typename T>
  static bool apply(T a, T b) {
    return a < b;
  }
};
struct LessOrEqualOp {
  template <typename T>
  static bool apply(T a, T b) {
    return a <= b;
  }
};
struct GreaterOp {
  template <typename T>
  static bool apply(T a, T b) {
    return a > b;
  }
};
struct GreaterOrEqualOp {
  template <typename T>
  static bool apply(T a, T b) {
    return a >= b;
  }
};
struct AndOp {
  static bool apply(bool a, bool b) { return a && b; }
};
struct OrOp {
  static bool apply(bool a, bool b) { return a || b; }
};
struct XorOp {
  static bool apply(bool a, bool b) { return a != b; }
};

/// One row; the common steps get loops that a compiler can vectorize.
template <typename Op, typename T, typename U>
void binary_row(const T* a, int64_t a_step, const T* b, int64_t b_step, U* out, int64_t count) {
  if (a_step == 1 && b_step == 1) {
    for (int64_t i = 0; i < count; ++i) out[i] = Op::apply(a[i], b[i]);
  } else if (a_step == 1 && b_step == 0) {
    for (int64_t i = 0; i < count; ++i) out[i] = Op::apply(a[i], *b);
  } else {
    for (int64_t i = 0; i < count; ++i) out[i] = Op::apply(a[i * a_step], b[i * b_step]);
  }
}

template <typename U>
void clamp_row(const Clamp& clamp, U* out, int64_t count) {
  if constexpr (std::is_floating_point_v<U>) {
    for (int64_t i = 0; i < count; ++i) {
      out[i] = std::min(std::max(out[i], static_cast<U>(clamp.low)), static_cast<U>(clamp.high));
    }
  }
}

template <typename Op, typename T>
std::unique_ptr<Kernel> make_binary(const OpCall& call) {
  using U = decltype(Op::apply(T{}, T{}));
  const auto* fused = std::get_if<ClampAttrs>(&call.attrs);
  const Clamp clamp = fused != nullptr ? fused->clamp : Clamp{};
  if (call.outputs[0].dtype != DTypeOf<U>::value || (clamp.active() && !std::is_floating_point_v<U>)) return nullptr;
  return make_kernel([plan = prepare_broadcast<2>(call), clamp](const Buffers& b, ThreadPool& pool) {
    const auto step = plan.strides.back();
    for_each_row(plan, pool, [&](int64_t at, const std::array<int64_t, 2>& offset, int64_t count) {
      U* out = b.out<U>(0) + at;
      binary_row<Op>(b.in<T>(0) + offset[0], step[0], b.in<T>(1) + offset[1], step[1], out, count);
      if (clamp.active()) clamp_row(clamp, out, count);
    });
  });
}

template <typename Op, typename List>
std::unique_ptr<Kernel> for_inputs(List list, const OpCall& call) {
  return for_type(list, call.inputs[0].dtype, [&](auto t) { return make_binary<Op, decltype(t)>(call); });
}

}  // namespace

std::unique_ptr<Kernel> binary_reference(const OpCall& call) {
  if (info(call.kind).family != OpFamily::binary || !plain(call)) return nullptr;
  if (call.inputs[0].dtype != call.inputs[1].dtype) return nullptr;
  constexpr NumberTypes kNumbers;
  constexpr Types<bool> kBool;
  const bool logic = call.inputs[0].dtype == DType::boolean;
  switch (call.kind) {
    case OpKind::Add:
      return for_inputs<AddOp>(kNumbers, call);
    case OpKind::Sub:
      return for_inputs<SubOp>(kNumbers, call);
    case OpKind::Mul:
      return for_inputs<MulOp>(kNumbers, call);
    case OpKind::Div:
      return for_inputs<DivOp>(kNumbers, call);
    case OpKind::Mod:
      return for_inputs<ModOp>(kNumbers, call);
    case OpKind::Min:
      return for_inputs<MinOp>(kNumbers, call);
    case OpKind::Max:
      return for_inputs<MaxOp>(kNumbers, call);
    case OpKind::PRelu:
      return for_inputs<PReluOp>(kNumbers, call);
    case OpKind::Equal:
      return logic ? for_inputs<EqualOp>(kBool, call) : for_inputs<EqualOp>(kNumbers, call);
    case OpKind::Less:
      return for_inputs<LessOp>(kNumbers, call);
    case OpKind::LessOrEqual:
      return for_inputs<LessOrEqualOp>(kNumbers, call);
    case OpKind::Greater:
      return for_inputs<GreaterOp>(kNumbers, call);
    case OpKind::GreaterOrEqual:
      return for_inputs<GreaterOrEqualOp>(kNumbers, call);
    case OpKind::And:
      return for_inputs<AndOp>(kBool, call);
    case OpKind::Or:
      return for_inputs<OrOp>(kBool, call);
    case OpKind::Xor:
      return for_inputs<XorOp>(kBool, call);
    default:
      return nullptr;
  }
}

}  // namespace quern
