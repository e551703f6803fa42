// MaxPool and AveragePool of 8- and 16-bit values.
#include <span>

#include "kernels/reference_kernel.h"
#include "kernels/requantize.h"
#include "kernels/taps.h"

namespace quern {

namespace {

struct Geometry {
  int64_t batch, in_h, in_w, channels, out_h, out_w;
  WindowAxis rows, columns;
  int64_t pad_bottom, pad_right;
  bool count_pads;
};

Geometry geometry_of(const OpCall& call) {
  const auto& attrs = call.as<PoolAttrs>();
  const Shape& x = call.inputs[0].shape;
  const Shape& y = call.outputs[0].shape;
  Geometry g{x[0], x[1], x[2], x[3], y[1], y[2], {}, {}, attrs.pads[2], attrs.pads[3], attrs.count_include_pad};
  g.rows = {x[1], attrs.kernel[0], attrs.strides[0], attrs.dilations[0], attrs.pads[0]};
  g.columns = {x[2], attrs.kernel[1], attrs.strides[1], attrs.dilations[1], attrs.pads[1]};
  return g;
}

/// Taps of one axis that fall on the input or its padding: what lies beyond the padding (ceil_mode) counts for nothing.
int64_t padded_count(const WindowAxis& axis, int64_t pad_after, int64_t out) {
  const int64_t room = axis.in + pad_after - 1 - (out * axis.stride - axis.pad);
  return room < 0 ? 0 : std::min(axis.kernel, room / axis.dilation + 1);
}

/// What one output position knows of its window.
struct Window {
  int64_t inside = 0;   ///< taps on the input
  int64_t counted = 0;  ///< the divisor of an average
};

/// A pool gives stored values from the channels of a window: `start` and `add` fold, `finish` makes codes of the folds.
class MaxFold {
 public:
  explicit MaxFold(const OpCall& call)
      : bounds_(stored_bounds(call.outputs[0], call.as<PoolAttrs>().clamp, call.arithmetic)),
        requantize_(call.inputs[0], call.outputs[0], call.arithmetic),
        least_(stored_range(call.inputs[0].dtype).low) {}
  int32_t start() const { return least_; }
  static int32_t add(int32_t a, int32_t b) { return std::max(a, b); }
  void finish(std::span<int32_t> folded, const Window&) const {
    for (int32_t& value : folded) value = std::clamp(requantize_(value), bounds_.low, bounds_.high);
  }

 private:
  StoredBounds bounds_;
  CodeRequantization requantize_;
  int32_t least_;
};

int32_t divide_half_away(int64_t sum, int64_t count) {
  return static_cast<int32_t>(sum >= 0 ? (sum + count / 2) / count : (sum - count / 2) / count);
}

class AverageFold {
 public:
  explicit AverageFold(const OpCall& call)
      : output_(call.outputs[0]), clamp_(call.as<PoolAttrs>().clamp), arithmetic_(call.arithmetic) {
    bounds_ = stored_bounds(output_, clamp_, arithmetic_);
    zero_point_ = zero_point_of(call.inputs[0]);
    s_in_ = scale_of(call.inputs[0]);
    divides_ = arithmetic_ == Arithmetic::fixed_rule && same_codes(call.inputs[0], output_);
  }
  static int32_t start() { return 0; }
  static int32_t add(int32_t a, int32_t b) { return a + b; }
  void finish(std::span<int32_t> sums, const Window& window) const {
    const int64_t count = std::max<int64_t>(window.counted, 1);
    if (divides_) {
      const int64_t padding = (count - window.inside) * zero_point_;
      for (int32_t& sum : sums) sum = place(divide_half_away(sum + padding, count), 0, bounds_);
      return;
    }
    const Requantization r = mean_requantization(s_in_, count, output_, clamp_, arithmetic_);
    const auto offset = static_cast<int32_t>(window.inside * zero_point_);
    for (int32_t& sum : sums) sum = r.store(sum - offset, 0);
  }

 private:
  Operand output_;
  Clamp clamp_;
  Arithmetic arithmetic_;
  StoredBounds bounds_;
  int32_t zero_point_ = 0;
  float s_in_ = 1;
  bool divides_ = false;
};

template <typename Fold>
class QuantizedPool final : public Kernel {
 public:
  explicit QuantizedPool(const OpCall& call)
      : g_(geometry_of(call)), fold_(call), type_(call.inputs[0].dtype), out_type_(call.outputs[0].dtype) {}

  void run(const Buffers& buffers, ThreadPool& pool) const override {
    pool.parallel_for(g_.batch * g_.out_h, 1, [&](int64_t begin, int64_t end) {
      std::vector<int32_t> folded(static_cast<size_t>(g_.channels));
      for (int64_t row = begin; row < end; ++row) run_row(buffers, row, folded);
    });
  }

 private:
  void run_row(const Buffers& buffers, int64_t row, std::vector<int32_t>& folded) const {
    const int64_t image = row / g_.out_h * g_.in_h * g_.in_w * g_.channels;
    int64_t out = row * g_.out_w * g_.channels;
    const int64_t y = row % g_.out_h;
    const Taps rows = window_taps(g_.rows, y);
    for (int64_t x = 0; x < g_.out_w; ++x) {
      const Taps columns = window_taps(g_.columns, x);
      fold_window(buffers.in<void>(0), image, rows, columns, folded);
      Window window{rows.count * columns.count, rows.count * columns.count};
      if (g_.count_pads)
        window.counted = padded_count(g_.rows, g_.pad_bottom, y) * padded_count(g_.columns, g_.pad_right, x);
      fold_.finish(folded, window);
      for (int32_t code : folded) put_code(buffers.out<void>(0), out++, out_type_, code);
    }
  }

  void fold_window(const void* codes, int64_t image, const Taps& rows, const Taps& columns,
                   std::vector<int32_t>& folded) const {
    std::fill(folded.begin(), folded.end(), fold_.start());
    for (int64_t r = 0; r < rows.count; ++r) {
      for (int64_t c = 0; c < columns.count; ++c) {
        const int64_t pixel = (rows.in + r * rows.in_step) * g_.in_w + columns.in + c * columns.in_step;
        int64_t from = image + pixel * g_.channels;
        for (int32_t& fold : folded) fold = fold_.add(fold, code_at(codes, from++, type_));
      }
    }
  }

  Geometry g_;
  Fold fold_;
  DType type_, out_type_;
};

}  // namespace

std::unique_ptr<Kernel> pool_quantized_reference(const OpCall& call) {
  if (call.kind != OpKind::MaxPool && call.kind != OpKind::AveragePool) return nullptr;
  if (!is_quantized(call.inputs[0]) || !is_quantized(call.outputs[0])) return nullptr;
  const Pair& kernel = call.as<PoolAttrs>().kernel;
  const Shape& x = call.inputs[0].shape;
  if (std::min(kernel[0], x[1]) * std::min(kernel[1], x[2]) > max_mean_count(call.inputs[0])) return nullptr;
  if (call.kind == OpKind::MaxPool) return std::make_unique<QuantizedPool<MaxFold>>(call);
  return std::make_unique<QuantizedPool<AverageFold>>(call);
}

}  // namespace quern
