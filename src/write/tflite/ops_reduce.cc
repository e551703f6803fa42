// Over axes, and along one.
#include <algorithm>
#include <numeric>

#include "prepare/relayout.h"
#include "write/tflite/operands.h"
#include "write/tflite/rows.h"

namespace quern::tflite_writer {

namespace {

Ints axes_of(const Call& call, const ReduceAttrs& attrs) {
  if (!attrs.axes.empty() || attrs.noop_with_empty_axes) return attrs.axes;
  Ints all(call.input(0).shape.size());
  std::iota(all.begin(), all.end(), int64_t{0});
  return all;
}

Status write_reduce(Call& call) {
  const auto& attrs = call.as<ReduceAttrs>();
  const int x = call.read(0);
  schema::ReducerOptionsT options;
  options.keep_dims = attrs.keep_dims;
  call.cx.op(call.row.code, {x, call.cx.ints(axes_of(call, attrs))}, {call.give()}, std::move(options));
  return {};
}

/// The kernels pick a code; a result in another scale is rounded to it behind them.
Status write_extreme(Call& call) {
  const auto& attrs = call.as<ReduceAttrs>();
  const int x = call.read(0);
  schema::ReducerOptionsT options;
  options.keep_dims = attrs.keep_dims;
  call.cx.op(call.row.code, {x, call.cx.ints(axes_of(call, attrs))}, {call.give_coded(x)}, std::move(options));
  return {};
}

/// TFLite drops the axis; where it is kept a RESHAPE brings it back.
template <typename Options>
Status write_arg(Call& call) {
  const auto& attrs = call.as<ArgAttrs>();
  if (attrs.select_last_index) {
    return call.fail(ErrorCode::unsupported, "it takes the last of equal values; TFLite takes the first");
  }
  const int x = call.read(0);
  const int y = call.give();
  Shape dropped = call.input(0).shape;
  dropped.erase(dropped.begin() + attrs.axis);
  const int given = attrs.keep_dims ? call.like(y, "_dropped", dropped) : y;
  Options options;
  options.output_type = call.output().dtype == DType::int64 ? schema::TensorType::INT64 : schema::TensorType::INT32;
  call.cx.op(call.row.code, {x, call.cx.scalar(static_cast<int32_t>(attrs.axis))}, {given}, std::move(options));
  if (given != y) call.cx.op(B::RESHAPE, {given, call.cx.ints(call.output().shape)}, {y});
  return {};
}

/// Operators that TFLite has along the last axis only: around them the axis is moved there and back.
struct LastAxis {
  int x;
  int y;
  int out;    ///< what the moved `y` becomes
  Perm perm;  ///< empty: nothing moves
};

LastAxis to_last_axis(Call& call, int64_t axis) {
  const Shape shape = call.input(0).shape;
  const int x = call.read(0);
  const int y = call.give();
  if (axis == static_cast<int64_t>(shape.size()) - 1) return {x, y, y, {}};
  Perm perm(shape.size());
  std::iota(perm.begin(), perm.end(), int64_t{0});
  std::swap(perm[static_cast<size_t>(axis)], perm.back());
  const Shape moved = permuted_shape(shape, perm);
  LastAxis last{call.like(x, "_last", moved), call.like(y, "_moved", moved), y, perm};
  call.cx.op(B::TRANSPOSE, {x, call.cx.ints(perm)}, {last.x});
  return last;
}

/// A swap of two axes is its own inverse.
void from_last_axis(Call& call, const LastAxis& last) {
  if (!last.perm.empty()) call.cx.op(B::TRANSPOSE, {last.y, call.cx.ints(last.perm)}, {last.out});
}

Status write_softmax(Call& call) {
  const auto& attrs = call.as<SoftmaxAttrs>();
  const LastAxis last = to_last_axis(call, attrs.axis);
  schema::SoftmaxOptionsT options;
  options.beta = attrs.beta;
  call.cx.op(B::SOFTMAX, {last.x}, {last.y}, std::move(options));
  from_last_axis(call, last);
  return {};
}

Status write_log_softmax(Call& call) {
  const auto& attrs = call.as<SoftmaxAttrs>();
  if (attrs.beta != 1) return call.fail(ErrorCode::unsupported, "its beta is {}; TFLite has only 1", attrs.beta);
  const LastAxis last = to_last_axis(call, attrs.axis);
  call.cx.op(B::LOG_SOFTMAX, {last.x}, {last.y});
  from_last_axis(call, last);
  return {};
}

Status write_lp_norm(Call& call) {
  const auto& attrs = call.as<LpNormAttrs>();
  if (attrs.p != 2) return call.fail(ErrorCode::unsupported, "its p is {}; TFLite normalizes with p 2", attrs.p);
  const LastAxis last = to_last_axis(call, attrs.axis);
  call.cx.op(B::L2_NORMALIZATION, {last.x}, {last.y}, schema::L2NormOptionsT{});
  from_last_axis(call, last);
  return {};
}

Status write_lrn(Call& call) {
  const auto& attrs = call.as<LrnAttrs>();
  if (attrs.size % 2 == 0) {
    return call.fail(ErrorCode::unsupported,
                     "its size is {}; TFLite reaches equally far to both sides, so it must be odd", attrs.size);
  }
  const LastAxis last = to_last_axis(call, attrs.axis);
  schema::LocalResponseNormalizationOptionsT options;
  options.radius = static_cast<int32_t>(attrs.size / 2);
  options.bias = attrs.bias;
  options.alpha = attrs.alpha / static_cast<float>(attrs.size);  // TFLite's factor is on the sum, ours on the mean
  options.beta = attrs.beta;
  call.cx.op(B::LOCAL_RESPONSE_NORMALIZATION, {last.x}, {last.y}, std::move(options));
  from_last_axis(call, last);
  return {};
}

Status write_cumsum(Call& call) {
  const auto& attrs = call.as<CumSumAttrs>();
  schema::CumsumOptionsT options;
  options.exclusive = attrs.exclusive;
  options.reverse = attrs.reverse;
  const int x = call.read(0);
  call.cx.op(B::CUMSUM, {x, call.cx.scalar(static_cast<int32_t>(attrs.axis))}, {call.give()}, std::move(options));
  return {};
}

Status write_topk(Call& call) {
  const auto& attrs = call.as<TopKAttrs>();
  const auto last = static_cast<int64_t>(call.input(0).shape.size()) - 1;
  if (attrs.axis != last || !attrs.largest)
    return call.fail(ErrorCode::unsupported, "TFLite finds the largest along the last axis only");
  const int x = call.read(0);
  const int values = call.give(0);
  int indices = call.give(1);
  const bool wide = indices != kNone && call.cx.tensor(indices).dtype != DType::int32;
  const Shape shape = call.output().shape;
  const int narrow = wide || indices == kNone ? call.cx.add(call.name() + "_int32", DType::int32, shape) : indices;
  call.cx.op(B::TOPK_V2, {x, call.cx.scalar(static_cast<int32_t>(attrs.k))}, {values, narrow});
  if (wide) call.cx.op(B::CAST, {narrow}, {indices});
  return {};
}

bool is_integer_softmax(const Graph& graph, const Op& op) {
  return gives(graph, op, 1.0F / 256, -128);
}
bool is_integer_log_softmax(const Graph& graph, const Op& op) {
  return gives(graph, op, 16.0F / 256, 127);
}
bool is_integer_norm(const Graph& graph, const Op& op) {
  return gives(graph, op, 1.0F / 128, 0);
}
/// An index does not change with the scale.
bool reads_codes(const Graph& graph, const Op& op) {
  return is_coded(graph, op.inputs[0]);
}

constexpr Row kRows[] = {
    {OpKind::ReduceMean, B::MEAN, write_reduce, all_coded},
    {OpKind::ReduceSum, B::SUM, write_reduce},  // LiteRT's int8 kernel leaves its output unwritten
    {OpKind::ReduceMax, B::REDUCE_MAX, write_extreme, all_coded},
    {OpKind::ReduceMin, B::REDUCE_MIN, write_extreme, all_coded},
    {OpKind::ReduceProd, B::REDUCE_PROD, write_reduce},
    {OpKind::ArgMax, B::ARG_MAX, write_arg<schema::ArgMaxOptionsT>, reads_codes},
    {OpKind::ArgMin, B::ARG_MIN, write_arg<schema::ArgMinOptionsT>, reads_codes},
    {OpKind::Softmax, B::SOFTMAX, write_softmax, is_integer_softmax},
    {OpKind::LogSoftmax, B::LOG_SOFTMAX, write_log_softmax, is_integer_log_softmax},
    {OpKind::LpNorm, B::L2_NORMALIZATION, write_lp_norm, is_integer_norm},
    {OpKind::Lrn, B::LOCAL_RESPONSE_NORMALIZATION, write_lrn},
    {OpKind::CumSum, B::CUMSUM, write_cumsum},
    {OpKind::TopK, B::TOPK_V2, write_topk},
};

}  // namespace

std::span<const Row> reduce_rows() {
  return kRows;
}

}  // namespace quern::tflite_writer
