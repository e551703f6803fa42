// Scales and zero points: from constants of the file to the quantization of a value.
#pragma once

#include "read/onnx/context.h"

namespace quern::onnx {

/// What a quantized value is stored as, and what its numbers mean.
struct Storage {
  DType dtype = DType::uint8;
  Quantization quantization;
};

/// The names of one scale and zero point, and what is needed to make sense of them.
struct StorageNames {
  std::string scale;
  std::string zero_point;         ///< may be empty: 0
  int64_t axis = 1;               ///< of the value; matters when there are many scales
  int rank = -1;                  ///< of the value; -1 when not known
  DType fallback = DType::uint8;  ///< the stored type when there is no zero point
};

/// Reads both constants. Errors: unsupported (not constants, 16-bit and 4-bit types by name), invalid_file (scales that
/// are not finite and above 0, counts that differ, zero points out of place).
Result<Storage> read_storage(const Context& cx, const StorageNames& names);

/// QuantizeLinear of a constant: rint(x / scale) + zero point, saturated.
Result<Tensor> quantize(const Tensor& real, const Storage& storage);

/// Reads the scale and zero point inputs `scale` and `scale + 1` of a node, for the value `id`.
Result<Storage> storage_at(const Context& cx, const Node& node, int scale, ValueId id, int64_t axis = 0);

/// Gives input `index` of a QLinear node its quantization, from the two inputs at `scale`. Updates node.inputs.
Status quantize_input(Context& cx, Node& node, size_t index, int scale, int64_t axis = 0);
/// The same for output 0.
Status quantize_output(Context& cx, Node& node, int scale);

/// Whether an int32 bias in `bias` units can be added to products in units of `x` times `w`: equal within 1e-3, and
/// zero points of 0. A wider difference would change what the file says.
bool bias_fits(const Quantization& bias, const Quantization& x, const Quantization& w);
/// x.scale * w.scale, per channel when w is.
Quantization bias_quantization(const Quantization& x, const Quantization& w);

/// Handlers of the two operators that cross the border.
Status read_quantize_linear(Context& cx, Node& node);
Status read_dequantize_linear(Context& cx, Node& node);

}  // namespace quern::onnx
