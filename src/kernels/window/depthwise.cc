#include "kernels/window/depthwise.h"

#include <algorithm>

#include "base/aligned.h"
#include "kernels/gemm/offset_weights.h"
#include "kernels/gemm/row_pack.h"
#include "kernels/gemm/store_rule.h"
#include "kernels/gemm/strip_kernel.h"
#include "kernels/window/depthwise_weights.h"

namespace quern {

namespace {

// A tile of sums, and the channels of a block: weights of a block stay in the first-level cache.
constexpr int64_t kPositions = 16;
constexpr int64_t kBlock = 64;

/// The loop over positions and channels; derived classes pack weights and store tiles.
class Depthwise : public StripKernel {
 protected:
  Depthwise(const ProductGeometry& geometry, const WindowKernel& kernel, const OpCall& call, RowForm form)
      : StripKernel(geometry, {.form = form,
                               .source = call.inputs[0].dtype,
                               .zero_point = zero_point_of(call.inputs[0]),
                               .by_tap = true,
                               .read_multiple = kernel.group,
                               .tile_rows = kPositions,
                               .blocks = (geometry.out_channels + kBlock - 1) / kBlock}),
        kernel_(kernel),
        in_bytes_(static_cast<int64_t>(row_element_bytes(form))),
        out_bytes_(static_cast<int64_t>(size_of(call.outputs[0].dtype))),
        taps_(segments()) {
    while (taps_.size() % static_cast<size_t>(kernel.unit) != 0) taps_.push_back(0);
  }

  virtual void store(const TileOutput& tile) const = 0;

  /// Packs weight(channel, tap), a T.
  template <typename T, typename Weight>
  void pack_weights(const Weight& weight) {
    const auto taps = static_cast<int64_t>(taps_.size());
    const int64_t groups = (geometry().out_channels + kernel_.group - 1) / kernel_.group;
    group_bytes_ = taps * kernel_.group * static_cast<int64_t>(sizeof(T));
    weights_.assign(static_cast<size_t>(groups * group_bytes_), std::byte{0});
    auto* to = reinterpret_cast<T*>(weights_.data());
    for (int64_t first = 0; first < groups * kernel_.group; first += kernel_.group) {
      for (int64_t t = 0; t < taps; t += kernel_.unit) {
        for (int lane = 0; lane < kernel_.group; ++lane, to += kernel_.unit) {
          const int64_t c = first + kernel_.lane_order[lane];
          for (int64_t u = 0; u < kernel_.unit && c < geometry().out_channels; ++u) {
            if (t + u < tap_count()) to[u] = weight(c, t + u);
          }
        }
      }
    }
  }

  int64_t tap_count() const { return geometry().kernel[0] * geometry().kernel[1]; }

 private:
  void run_blocks(const Rows& rows, int64_t first, int64_t last, std::byte* output) const final {
    for (int64_t block = first; block < last; ++block) {
      for (int64_t r = 0; r < rows.count; r += kPositions) run_tile(rows, r, block * kBlock, output);
    }
  }

  void run_tile(const Rows& rows, int64_t first, int64_t channel, std::byte* output) const {
    const int64_t channels = std::min(kBlock, geometry().out_channels - channel);
    const int count = static_cast<int>(std::min(kPositions, rows.count - first));
    alignas(64) int32_t sums[kPositions * kBlock];
    kernel_.multiply({rows.windows + first, count, taps_.data(), static_cast<int>(taps_.size()), channel * in_bytes_,
                      weights_.data() + channel / kernel_.group * group_bytes_,
                      static_cast<int>((channels + kernel_.group - 1) / kernel_.group), sums, kBlock});
    const int64_t out_stride = geometry().out_channels * out_bytes_;
    std::byte* out = output + (rows.first_position + first) * out_stride + channel * out_bytes_;
    store({sums, kBlock, count, static_cast<int>(channels), channel, out, out_stride});
  }

  const WindowKernel& kernel_;
  int64_t in_bytes_;   ///< of an element of a window
  int64_t out_bytes_;  ///< of an output element
  std::vector<int64_t> taps_;
  int64_t group_bytes_ = 0;
  LineVector<std::byte> weights_;
};

class IntegerDepthwise final : public Depthwise {
 public:
  IntegerDepthwise(const OpCall& call, const ProductGeometry& g, const WindowKernel& kernel, StoreInteger store_tile)
      : Depthwise(g, kernel, call, RowForm::offset_uint8),
        store_(store_tile),
        prepared_(product_requantization(call, call.as<ConvAttrs>().clamp, g.out_channels), pack(call, kernel)) {}

 private:
  void store(const TileOutput& tile) const override { store_(tile, prepared_.rule()); }

  /// Packs the weights; gives the bias less what the input's zero point adds to every window.
  std::vector<int32_t> pack(const OpCall& call, const WindowKernel& kernel) {
    const auto weight = [&](int64_t c, int64_t t) {
      return depthwise_weight(call, c, t, tap_count(), kernel.wide_weights);
    };
    if (kernel.wide_weights) {
      pack_weights<int16_t>([&](int64_t c, int64_t t) { return static_cast<int16_t>(weight(c, t)); });
    } else {
      pack_weights<int8_t>([&](int64_t c, int64_t t) { return static_cast<int8_t>(weight(c, t)); });
    }
    return depthwise_bias(call, geometry().out_channels, tap_count(), kernel.wide_weights);
  }

  StoreInteger store_;
  PreparedStore prepared_;
};

/// 16-bit inputs or outputs.
class WideDepthwise final : public Depthwise {
 public:
  WideDepthwise(const OpCall& call, const ProductGeometry& g, const WindowKernel& kernel, const WideStores& stores)
      : Depthwise(g, kernel, call, RowForm::centred_int16),
        store_(call, call.as<ConvAttrs>().clamp, g.out_channels, stores) {
    const Operand& w = call.inputs[1];
    pack_weights<int16_t>([&, taps = tap_count()](int64_t c, int64_t t) {
      return static_cast<int16_t>(code_at(w.constant, c * taps + t, w.dtype) - zero_point_of(w, c));
    });
  }

 private:
  void store(const TileOutput& tile) const override { store_(tile); }

  WideStore store_;
};

}  // namespace

std::unique_ptr<Kernel> make_integer_depthwise(const OpCall& call, const WindowKernel& kernel, StoreInteger store) {
  const auto geometry = depthwise_geometry(call);
  if (!geometry || !is_byte_product(call, geometry->kernel[0] * geometry->kernel[1])) return nullptr;
  if (!kernel.wide_weights && !weights_fit_bytes(call.inputs[1], geometry->out_channels)) return nullptr;
  return std::make_unique<IntegerDepthwise>(call, *geometry, kernel, store);
}

std::unique_ptr<Kernel> make_wide_depthwise(const OpCall& call, const WindowKernel& kernel, const WideStores& stores) {
  const auto geometry = depthwise_geometry(call);
  if (!geometry || !is_narrow_wide_product(call, geometry->kernel[0] * geometry->kernel[1])) return nullptr;
  return std::make_unique<WideDepthwise>(call, *geometry, kernel, stores);
}

}  // namespace quern
