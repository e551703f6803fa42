#include "kernels/gemm/wide_product.h"

#include "kernels/gemm/product.h"

namespace quern {

namespace {

class WideProduct final : public Product {
 public:
  WideProduct(const OpCall& call, const ProductGeometry& geometry, const ProductKernel& kernel,
              const WideStores& stores)
      : Product(geometry, kernel, {call.inputs[0].dtype, zero_point_of(call.inputs[0]), call.outputs[0].dtype}),
        store_(call, product_clamp(call), geometry.out_channels, stores) {
    const Operand& w = call.inputs[1];
    pack_panels<int16_t>([&, depth = geometry.depth()](int64_t o, int64_t k) {
      return static_cast<int16_t>(code_at(w.constant, o * depth + k, w.dtype) - zero_point_of(w, o));
    });
  }

 protected:
  void store(const TileOutput& tile) const override { store_(tile); }

 private:
  WideStore store_;
};

}  // namespace

std::unique_ptr<Kernel> make_wide_product(const OpCall& call, const ProductKernel& kernel, const WideStores& stores) {
  if (call.kind != OpKind::Conv && call.kind != OpKind::FullyConnected) return nullptr;
  const auto geometry = product_geometry(call);
  if (!geometry || !is_narrow_wide_product(call, geometry->depth())) return nullptr;
  return std::make_unique<WideProduct>(call, *geometry, kernel, stores);
}

}  // namespace quern
