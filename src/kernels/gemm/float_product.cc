#include "kernels/gemm/float_product.h"

#include "kernels/gemm/float_rule.h"
#include "kernels/gemm/product.h"

namespace quern {

namespace {

class FloatProduct final : public Product {
 public:
  FloatProduct(const OpCall& call, const ProductGeometry& g, const ProductKernel& kernel)
      : Product(g, kernel, {}), prepared_(call, product_clamp(call), g.out_channels), rule_(prepared_.rule()) {
    const bool by_column = call.kind == OpKind::MatMul && !call.as<MatMulAttrs>().transpose_b;
    const int64_t channel = by_column ? 1 : g.depth();
    const int64_t step = by_column ? g.out_channels : 1;
    const auto* weights = call.inputs[1].constant_as<float>();
    pack_panels<float>([=](int64_t o, int64_t k) { return weights[o * channel + k * step]; });
  }

 private:
  void store(const TileOutput&) const override {}
  const void* kernel_rule() const override { return &rule_; }

  PreparedFloat prepared_;
  FloatRule rule_;
};

}  // namespace

std::unique_ptr<Kernel> make_float_product(const OpCall& call, const ProductKernel& kernel) {
  if (!is_float_call(call)) return nullptr;
  const auto geometry = product_geometry(call);
  if (!geometry) return nullptr;
  return std::make_unique<FloatProduct>(call, *geometry, kernel);
}

}  // namespace quern
