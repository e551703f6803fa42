// Element by element, with and without broadcasting, and conversions of type.
#include "graph/infer_rules.h"

namespace quern::infer_rules {

namespace {

/// All inputs from `first` on, broadcast together.
Result<Shape> broadcast_inputs(const InferCall& call, size_t first = 0) {
  Shape out = call.shape(first);
  for (size_t i = first + 1; i < call.input_count(); ++i) {
    auto both = broadcast(out, call.shape(i));
    if (!both) {
      return call.wrong("its inputs of shapes {} and {} do not broadcast", to_string(out), to_string(call.shape(i)));
    }
    out = *std::move(both);
  }
  return out;
}

/// Two inputs that are not quantized must be of one type.
Status same_types(const InferCall& call, size_t a, size_t b) {
  const bool quantized = !call.input(a).quantization.empty() || !call.input(b).quantization.empty();
  if (quantized || call.dtype(a) == call.dtype(b)) return {};
  return call.wrong("its inputs '{}' and '{}' have different types, {} and {}", call.input(a).name, call.input(b).name,
                    to_string(call.dtype(a)), to_string(call.dtype(b)));
}

Status need_boolean(const InferCall& call, size_t i) {
  if (call.dtype(i) == DType::boolean) return {};
  return call.wrong("its input '{}' is {} instead of bool", call.input(i).name, to_string(call.dtype(i)));
}

}  // namespace

Status binary(InferCall& call) {
  QUERN_CHECK(same_types(call, 0, 1));
  QUERN_TRY(Shape out, broadcast_inputs(call));
  return call.give(std::move(out), call.dtype(0));
}

Status power(InferCall& call) {
  QUERN_TRY(Shape out, broadcast_inputs(call));
  return call.give(std::move(out), call.dtype(0));
}

Status prelu(InferCall& call) {
  QUERN_CHECK(same_types(call, 0, 1));
  if (broadcast(call.shape(0), call.shape(1)) != call.shape(0)) {
    return call.wrong("its slope of shape {} does not broadcast to its input {}", to_string(call.shape(1)),
                      to_string(call.shape(0)));
  }
  return call.give_same();
}

Status comparison(InferCall& call) {
  QUERN_CHECK(same_types(call, 0, 1));
  QUERN_TRY(Shape out, broadcast_inputs(call));
  return call.give_plain(std::move(out), DType::boolean);
}

Status logic(InferCall& call) {
  QUERN_CHECK(need_boolean(call, 0));
  QUERN_CHECK(need_boolean(call, 1));
  QUERN_TRY(Shape out, broadcast_inputs(call));
  return call.give_plain(std::move(out), DType::boolean);
}

Status where(InferCall& call) {
  QUERN_CHECK(need_boolean(call, 0));
  QUERN_CHECK(same_types(call, 1, 2));
  QUERN_TRY(Shape out, broadcast_inputs(call));
  return call.give(std::move(out), call.dtype(1));
}

Status unary(InferCall& call) {
  return call.give_same();
}

Status clip(InferCall& call) {
  auto& a = call.attrs<UnaryAttrs>();
  double* const bounds[] = {nullptr, &a.alpha, &a.beta};
  const char* const names[] = {"", "lower bound", "upper bound"};
  for (size_t i = 1; i <= 2; ++i) {
    if (!call.has(i)) continue;
    QUERN_TRY(const std::vector<double> bound, call.real_parameter(i, names[i]));
    if (bound.size() != 1) return call.wrong("its {} has {} elements instead of one", names[i], bound.size());
    *bounds[i] = bound[0];
  }
  return call.give_same();
}

Status logic_not(InferCall& call) {
  QUERN_CHECK(need_boolean(call, 0));
  return call.give_plain(call.shape(0), DType::boolean);
}

Status float_test(InferCall& call) {
  return call.give_plain(call.shape(0), DType::boolean);
}

Status cast(InferCall& call) {
  return call.give(call.shape(0), call.attrs<CastAttrs>().to);
}

Status quantize(InferCall& call) {
  return call.give(call.shape(0), call.declared(0));
}

Status dequantize(InferCall& call) {
  const DType declared = call.declared(0);
  return call.give_plain(call.shape(0), is_float(declared) ? declared : DType::float32);
}

}  // namespace quern::infer_rules
