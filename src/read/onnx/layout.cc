#include "read/onnx/layout.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace quern::onnx {

namespace {

const Ints kToChannelsLast = {0, 2, 3, 1};
const Ints kToChannelsFirst = {0, 3, 1, 2};
constexpr size_t kMostAxes = 5;  ///< of what is reordered here: grouped weights

Quantization moved_axis(Quantization q, const Ints& perm) {
  if (!q.per_axis()) return q;
  q.axis = static_cast<int>(std::find(perm.begin(), perm.end(), q.axis) - perm.begin());
  return q;
}

/// Copies elements of `unit` bytes, walking the result in order.
void copy_reordered(const Tensor& from, const Ints& perm, Tensor& to) {
  const size_t rank = perm.size();
  const size_t unit = size_of(from.dtype());
  std::array<int64_t, kMostAxes> strides;
  strides.fill(1);
  for (size_t i = rank; i-- > 1;) strides[i - 1] = strides[i] * from.shape()[i];
  const auto* in = static_cast<const std::byte*>(from.raw());
  auto* out = static_cast<std::byte*>(to.mutable_raw());
  std::array<int64_t, kMostAxes> at{};
  int64_t offset = 0;
  for (int64_t n = 0; n < to.size(); ++n, out += unit) {
    std::memcpy(out, in + static_cast<size_t>(offset) * unit, unit);
    for (size_t i = rank; i-- > 0;) {
      const int64_t step = strides[static_cast<size_t>(perm[i])];
      offset += step;
      if (++at[i] < to.shape()[i]) break;
      offset -= step * at[i];
      at[i] = 0;
    }
  }
}

/// [O, I, W] weights get a height of 1 in front of W.
Result<ValueId> with_height(Context& cx, ValueId id) {
  const Tensor* tensor = cx.constant(id);
  if (tensor == nullptr) {
    const ValueId tall = cx.make_like(cx.graph.value(id).name + "@2d", id);
    cx.emit_helper(OpKind::Unsqueeze, {id}, tall, AxesAttrs{{2}});
    return tall;
  }
  const Shape& flat = tensor->shape();
  Shape shape = {flat[0], flat[1], 1, flat[2]};
  QUERN_TRY(Tensor tall, tensor->reshaped(std::move(shape)));
  return cx.make_constant(cx.graph.value(id).name + "@2d", std::move(tall));
}

}  // namespace

Result<Tensor> transposed(const Tensor& tensor, const Ints& perm) {
  if (static_cast<int64_t>(perm.size()) != tensor.rank()) {
    return fail(ErrorCode::invalid_file, "a constant of shape {} stands where {} axes are needed",
                to_string(tensor.shape()), perm.size());
  }
  Shape shape;
  for (const int64_t axis : perm) shape.push_back(tensor.shape()[static_cast<size_t>(axis)]);
  QUERN_TRY(Tensor result, Tensor::make(tensor.dtype(), std::move(shape)));
  copy_reordered(tensor, perm, result);
  result.quantization = moved_axis(tensor.quantization, perm);
  return result;
}

Result<ValueId> reordered(Context& cx, ValueId id, const Ints& perm, const std::string& suffix) {
  const auto known = cx.twins.find({id, suffix});
  if (known != cx.twins.end()) return known->second;
  const std::string wish = cx.graph.value(id).name + suffix;
  ValueId twin = kNoValue;
  if (const Tensor* tensor = cx.constant(id)) {
    QUERN_TRY(Tensor moved, transposed(*tensor, perm));
    twin = cx.make_constant(wish, std::move(moved));
  } else {
    twin = cx.make_like(wish, id);
    cx.emit_helper(OpKind::Transpose, {id}, twin, TransposeAttrs{perm});
  }
  cx.twins[{id, suffix}] = twin;
  return twin;
}

Result<ValueId> channels_last(Context& cx, ValueId id) {
  return reordered(cx, id, kToChannelsLast, "@nhwc");
}

Status emit_spatial(Context& cx, const Node& node, OpKind kind, std::vector<ValueId> inputs, Attrs attrs,
                    int spatial_axes) {
  if (cx.rank(inputs[0]) >= 0 && cx.rank(inputs[0]) != spatial_axes + 2) {
    return node.fail(ErrorCode::invalid_file, "its input '{}' has {} axes, but its weights or kernel need {}",
                     cx.graph.value(inputs[0]).name, cx.rank(inputs[0]), spatial_axes + 2);
  }
  const bool flat = spatial_axes == 1;
  const ValueId result = node.outputs[0];
  if (flat) {
    QUERN_TRY(inputs[0], with_height(cx, inputs[0]));
  }
  QUERN_TRY(inputs[0], channels_last(cx, inputs[0]));
  const std::string name = cx.graph.value(result).name;
  const ValueId tall = flat ? cx.make_like(name + "@2d", result) : result;
  const ValueId twin = cx.make_like(cx.graph.value(tall).name + "@nhwc", result);
  cx.twins[{tall, "@nhwc"}] = twin;
  cx.emit(node, kind, std::move(inputs), {twin}, std::move(attrs));
  cx.emit_helper(OpKind::Transpose, {twin}, tall, TransposeAttrs{kToChannelsFirst});
  if (flat) cx.emit_helper(OpKind::Squeeze, {tall}, result, AxesAttrs{{2}});
  return {};
}

Result<ValueId> conv_weights(Context& cx, ValueId id) {
  if (cx.rank(id) == 3) {
    QUERN_TRY(id, with_height(cx, id));
  }
  return reordered(cx, id, kToChannelsLast, "@ohwi");
}

namespace {

/// [g*I, O, H, W] -> [g*O, H, W, I], group by group.
Result<Tensor> regrouped(const Tensor& w, int64_t groups) {
  const Shape& s = w.shape();
  QUERN_TRY(const Tensor split, w.reshaped({groups, s[0] / groups, s[1], s[2], s[3]}));
  QUERN_TRY(const Tensor moved, transposed(split, {0, 2, 3, 4, 1}));
  QUERN_TRY(Tensor joined, moved.reshaped({groups * s[1], s[2], s[3], s[0] / groups}));
  joined.quantization = w.quantization;
  Quantization& q = joined.quantization;
  if (!q.per_axis()) return joined;
  q.axis = 0;
  // The file has one scale for each channel of a group; all groups share them.
  const size_t channels = q.scales.size();
  for (size_t i = channels; i < channels * static_cast<size_t>(groups); ++i) {
    q.scales.push_back(q.scales[i % channels]);
    q.zero_points.push_back(q.zero_points[i % channels]);
  }
  return joined;
}

}  // namespace

Result<ValueId> conv_transpose_weights(Context& cx, const Node& node, ValueId id, int64_t groups) {
  if (cx.rank(id) == 3) {
    QUERN_TRY(id, with_height(cx, id));
  }
  const Tensor* tensor = cx.constant(id);
  if (groups == 1) return reordered(cx, id, {1, 2, 3, 0}, "@ohwi");
  if (tensor == nullptr) {
    return node.fail(ErrorCode::unsupported,
                     "its weights are no constant, and 'group' is {}; only group 1 is read then", groups);
  }
  if (groups < 1 || tensor->empty() || tensor->shape()[0] % groups != 0) {
    return node.fail(ErrorCode::invalid_file, "group {} does not divide {} input channels", groups, tensor->shape()[0]);
  }
  if (tensor->quantization.per_axis() && tensor->quantization.axis != 1) {
    return node.fail(ErrorCode::unsupported, "its weights are quantized along axis {}; only axis 1 is read",
                     tensor->quantization.axis);
  }
  QUERN_TRY(Tensor weights, regrouped(*tensor, groups));
  return cx.make_constant(cx.graph.value(id).name + "@ohwi", std::move(weights));
}

Result<ValueId> matrix_weights(Context& cx, ValueId id) {
  return reordered(cx, id, {1, 0}, "@oi");
}

}  // namespace quern::onnx
