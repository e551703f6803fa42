// ReduceMean, ReduceSum, ReduceMax and ReduceMin of 8- and 16-bit values.
#include <limits>

#include "kernels/reference_kernel.h"
#include "kernels/requantize.h"

namespace quern {

namespace {

/// Where each input element goes: the output's strides along the input's axes, 0 along those that are reduced.
struct Reduction {
  Shape in, steps;
  int64_t count = 1;  ///< inputs to one output

  template <typename Visit>
  void each(Visit visit) const {
    const int64_t length = in.empty() ? 1 : in.back();
    const int64_t step = in.empty() ? 0 : steps.back();
    const int64_t rows = in.empty() ? 1 : extent_product(in, 0, in.size() - 1);
    for (int64_t row = 0; row < rows; ++row) {
      int64_t out = 0;
      int64_t rest = row;
      for (size_t axis = in.empty() ? 0 : in.size() - 1; axis-- > 0; rest /= in[axis])
        out += rest % in[axis] * steps[axis];
      for (int64_t i = 0; i < length; ++i) visit(row * length + i, out + i * step);
    }
  }
};

Reduction reduction_of(const OpCall& call) {
  const auto& attrs = call.as<ReduceAttrs>();
  Reduction r;
  r.in = call.inputs[0].shape;
  std::vector<bool> reduced(r.in.size(), attrs.axes.empty() && !attrs.noop_with_empty_axes);
  for (int64_t axis : attrs.axes) reduced[static_cast<size_t>(axis)] = true;
  r.steps.assign(r.in.size(), 0);
  int64_t stride = 1;
  for (size_t axis = r.in.size(); axis-- > 0;) {
    if (reduced[axis]) {
      r.count *= r.in[axis];
    } else {
      r.steps[axis] = stride;
      stride *= r.in[axis];
    }
  }
  return r;
}

/// Folds every input into its output's int32 and stores it by `finish`.
template <typename Fold, typename Finish>
std::unique_ptr<Kernel> make_reduction(const OpCall& call, const Reduction& reduction, int32_t start, Fold fold,
                                       Finish finish) {
  const DType type = call.inputs[0].dtype;
  const DType out_type = call.outputs[0].dtype;
  const int64_t outputs = call.outputs[0].size();
  return make_kernel([=](const Buffers& buffers, ThreadPool&) {
    const auto* in = buffers.in<void>(0);
    std::vector<int32_t> folded(static_cast<size_t>(outputs), start);
    reduction.each([&](int64_t from, int64_t to) {
      int32_t& slot = folded[static_cast<size_t>(to)];
      slot = fold(slot, code_at(in, from, type));
    });
    auto* out = buffers.out<void>(0);
    for (int64_t i = 0; i < outputs; ++i) put_code(out, i, out_type, finish(folded[static_cast<size_t>(i)]));
  });
}

std::unique_ptr<Kernel> make_mean(const OpCall& call, const Reduction& reduction) {
  const auto add = [](int32_t a, int32_t b) { return a + b; };
  const auto count = static_cast<int32_t>(reduction.count);
  const Requantization r = mean_requantization(scale_of(call.inputs[0]), count, call.outputs[0], {}, call.arithmetic);
  const int32_t offset = count * zero_point_of(call.inputs[0]);
  return make_reduction(call, reduction, 0, add, [r, offset](int32_t sum) { return r.store(sum - offset, 0); });
}

std::unique_ptr<Kernel> make_sum(const OpCall& call, const Reduction& reduction) {
  const Requantization r = mean_requantization(scale_of(call.inputs[0]), 1, call.outputs[0], {}, call.arithmetic);
  const auto offset = static_cast<int32_t>(reduction.count * zero_point_of(call.inputs[0]));
  const auto add = [](int32_t a, int32_t b) { return a + b; };
  return make_reduction(call, reduction, 0, add, [r, offset](int32_t sum) { return r.store(sum - offset, 0); });
}

std::unique_ptr<Kernel> make_extremum(const OpCall& call, const Reduction& reduction) {
  const CodeRequantization finish(call.inputs[0], call.outputs[0], call.arithmetic);
  const StoredBounds range = stored_range(call.inputs[0].dtype);
  if (call.kind == OpKind::ReduceMax) {
    return make_reduction(
        call, reduction, range.low, [](int32_t a, int32_t b) { return std::max(a, b); }, finish);
  }
  return make_reduction(
      call, reduction, range.high, [](int32_t a, int32_t b) { return std::min(a, b); }, finish);
}

}  // namespace

std::unique_ptr<Kernel> reduce_quantized_reference(const OpCall& call) {
  if (info(call.kind).family != OpFamily::reduce || call.inputs.empty()) return nullptr;
  if (!is_quantized(call.inputs[0]) || !is_quantized(call.outputs[0])) return nullptr;
  if (!std::holds_alternative<ReduceAttrs>(call.attrs)) return nullptr;
  const Reduction reduction = reduction_of(call);
  if (reduction.count < 1 || reduction.count > max_mean_count(call.inputs[0])) return nullptr;
  switch (call.kind) {
    case OpKind::ReduceMean:
      return make_mean(call, reduction);
    case OpKind::ReduceSum:
      return make_sum(call, reduction);
    case OpKind::ReduceMax:
    case OpKind::ReduceMin:
      return make_extremum(call, reduction);
    default:
      return nullptr;
  }
}

}  // namespace quern
