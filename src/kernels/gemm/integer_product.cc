#include "kernels/gemm/integer_product.h"

#include <utility>

#include "kernels/gemm/offset_weights.h"
#include "kernels/gemm/product.h"
#include "kernels/gemm/store_rule.h"

namespace quern {

namespace {

class IntegerProduct final : public Product {
 public:
  IntegerProduct(const OpCall& call, const ProductGeometry& geometry, const ProductKernel& kernel,
                 StoreInteger store_tile)
      : Product(geometry, kernel, {call.inputs[0].dtype, zero_point_of(call.inputs[0]), call.outputs[0].dtype}),
        store_(store_tile),
        prepared_(product_requantization(call, product_clamp(call), geometry.out_channels),
                  kernel.form == RowForm::centred_int16 ? pack_centred(call) : pack_offset(call)),
        rule_(prepared_.rule()),
        by_kernel_(rule_.rounding == 0 && rule_.shrinks && is_8bit(call.outputs[0].dtype)) {}

 protected:
  void store(const TileOutput& tile) const override { store_(tile, rule_); }
  const void* kernel_rule() const override { return by_kernel_ ? &rule_ : nullptr; }

 private:
  // Each packs the weights and gives the bias that goes with them.
  std::vector<int32_t> pack_centred(const OpCall& call) {
    const Operand& w = call.inputs[1];
    const auto* bytes = w.constant_as<uint8_t>();
    pack_panels<int16_t>([&, depth = geometry().depth()](int64_t o, int64_t k) {
      return static_cast<int16_t>(from_byte(bytes[o * depth + k], w.dtype) - zero_point_of(w, o));
    });
    return integer_bias(call, geometry().out_channels);
  }

  std::vector<int32_t> pack_offset(const OpCall& call) {
    const int64_t depth = geometry().depth();
    OffsetWeights weights = offset_weights(call, geometry().out_channels, depth, DType::uint8);
    pack_panels<int8_t>([&](int64_t o, int64_t k) { return weights.values[static_cast<size_t>(o * depth + k)]; });
    if (!weights.zero_points.empty()) subtract_row_sums(std::move(weights.zero_points));
    return std::move(weights.bias);
  }

  StoreInteger store_;
  PreparedStore prepared_;
  StoreRule rule_;
  bool by_kernel_;
};

}  // namespace

std::unique_ptr<Kernel> make_integer_product(const OpCall& call, const ProductKernel& kernel, StoreInteger store) {
  if (call.kind == OpKind::MatMul) return nullptr;
  const auto geometry = product_geometry(call);
  if (!geometry || !is_byte_product(call, geometry->depth())) return nullptr;
  return std::make_unique<IntegerProduct>(call, *geometry, kernel, store);
}

}  // namespace quern
