#include "kernels/gemm/integer_product.h"

#include <algorithm>

#include "kernels/gemm/product.h"
#include "kernels/gemm/store_rule.h"

namespace quern {

namespace {

const Clamp& clamp_of(const OpCall& call) {
  return call.kind == OpKind::Conv ? call.as<ConvAttrs>().clamp : call.as<ClampAttrs>().clamp;
}

/// Stored bytes as the signed numbers a row form multiplies: how far a type's values are moved.
int32_t offset_of(DType type, DType wanted) {
  if (type == wanted) return 0;
  return type == DType::int8 ? 128 : -128;
}

class IntegerProduct final : public Product {
 public:
  IntegerProduct(const OpCall& call, const ProductGeometry& geometry, const ProductKernel& kernel,
                 StoreInteger store_tile)
      : Product(geometry, kernel, {call.inputs[0].dtype, zero_point_of(call.inputs[0]), call.outputs[0].dtype}),
        store_(store_tile),
        prepared_(product_requantization(call, clamp_of(call), geometry.out_channels),
                  kernel.form == RowForm::centred_int16 ? pack_centred(call) : pack_offset(call)) {}

 protected:
  void store(const TileOutput& tile) const override { store_(tile, prepared_.rule()); }

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

  // With u = x + d and v = w + e the stored values moved to uint8 and int8, and zero points moved likewise:
  // sum (u - zu)(v - zv) = sum u v - zu sum v - zv sum u + depth zu zv. All but the third are known beforehand.
  std::vector<int32_t> pack_offset(const OpCall& call) {
    const Operand& w = call.inputs[1];
    const auto* bytes = w.constant_as<uint8_t>();
    const int64_t depth = geometry().depth();
    const int32_t moved = offset_of(w.dtype, DType::int8);
    const auto value = [&](int64_t o, int64_t k) { return from_byte(bytes[o * depth + k], w.dtype) + moved; };
    pack_panels<int8_t>([&](int64_t o, int64_t k) { return static_cast<int8_t>(value(o, k)); });

    const Operand& x = call.inputs[0];
    const int64_t zu = zero_point_of(x) + offset_of(x.dtype, DType::uint8);
    std::vector<int32_t> bias = integer_bias(call, geometry().out_channels);
    std::vector<int32_t> zero_points;
    for (int64_t o = 0; o < geometry().out_channels; ++o) {
      const int64_t zv = zero_point_of(w, o) + moved;
      int64_t sum = 0;
      for (int64_t k = 0; k < depth; ++k) sum += value(o, k);
      auto& b = bias[static_cast<size_t>(o)];
      b = static_cast<int32_t>(b - zu * sum + depth * zu * zv);
      zero_points.push_back(static_cast<int32_t>(zv));
    }
    if (std::ranges::any_of(zero_points, [](int32_t z) { return z != 0; })) subtract_row_sums(std::move(zero_points));
    return bias;
  }

  StoreInteger store_;
  PreparedStore prepared_;
};

}  // namespace

std::unique_ptr<Kernel> make_integer_product(const OpCall& call, const ProductKernel& kernel, StoreInteger store) {
  if (call.kind == OpKind::MatMul) return nullptr;
  const auto geometry = product_geometry(call);
  if (!geometry || !is_byte_product(call, geometry->depth())) return nullptr;
  return std::make_unique<IntegerProduct>(call, *geometry, kernel, store);
}

}  // namespace quern
