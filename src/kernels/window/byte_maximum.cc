#include "kernels/window/byte_maximum.h"

#include <algorithm>

#include "kernels/gemm/strip_kernel.h"
#include "kernels/requantize.h"

namespace quern {

namespace {

// Positions whose maxima go through the table while they are in the first-level cache.
constexpr int64_t kPositions = 16;

class ByteMaximum final : public StripKernel {
 public:
  // Padding never wins: its value is the least of the input's type.
  ByteMaximum(const OpCall& call, const ProductGeometry& geometry, MaximumOfBytes maximum)
      : StripKernel(geometry, {.form = RowForm::offset_uint8,
                               .source = call.inputs[0].dtype,
                               .zero_point = stored_range(call.inputs[0].dtype).low,
                               .by_tap = true,
                               .read_multiple = kMaximumGroup,
                               .tile_rows = kPositions}),
        maximum_(maximum) {
    const DType in = call.inputs[0].dtype;
    const DType out = call.outputs[0].dtype;
    const ByteTable table = requantize_table(call.inputs[0], call.outputs[0], call.arithmetic);
    const StoredBounds bounds = stored_bounds(call.outputs[0], call.as<PoolAttrs>().clamp, call.arithmetic);
    for (size_t byte = 0; byte < 256; ++byte) {
      const size_t stored = in == DType::int8 ? byte ^ 0x80 : byte;
      table_[byte] = to_byte(std::clamp(from_byte(table[stored], out), bounds.low, bounds.high));
      copies_ = copies_ && table_[byte] == byte;
    }
  }

 private:
  void run_blocks(const Rows& rows, int64_t, int64_t, std::byte* output) const override {
    const int64_t channels = geometry().out_channels;
    for (int64_t r = 0; r < rows.count; r += kPositions) {
      const int64_t count = std::min(kPositions, rows.count - r);
      auto* out = output + (rows.first_position + r) * channels;
      maximum_({rows.windows + r, static_cast<int>(count), segments().data(), static_cast<int>(segments().size()),
                channels, out});
      auto* bytes = reinterpret_cast<uint8_t*>(out);
      for (int64_t i = 0; !copies_ && i < count * channels; ++i) bytes[i] = table_[bytes[i]];
    }
  }

  MaximumOfBytes maximum_;
  ByteTable table_{};   ///< from the greatest offset_uint8 byte to the output's byte
  bool copies_ = true;  ///< the table changes nothing
};

}  // namespace

std::unique_ptr<Kernel> make_byte_maximum(const OpCall& call, MaximumOfBytes maximum) {
  if (call.kind != OpKind::MaxPool || !is_quantized_8bit(call.inputs[0]) || !is_quantized_8bit(call.outputs[0])) {
    return nullptr;
  }
  const auto geometry = pool_geometry(call);
  if (!geometry) return nullptr;
  return std::make_unique<ByteMaximum>(call, *geometry, maximum);
}

}  // namespace quern
