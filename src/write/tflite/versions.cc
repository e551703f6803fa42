// Which version of each operator's definition is needed. An interpreter refuses versions above those it knows, so the
// least that says what the operands need is written. The numbers are the format's own: most operators count int8 as a
// version of its own, and arrays of more than four axes as another.
#include <algorithm>

#include "write/tflite/context.h"

namespace quern::tflite_writer {

namespace {

struct VersionRow {
  B code;
  int plain = 1;
  int int8 = 1;
  int wide = 1;  ///< more than 4 axes
};

constexpr VersionRow kRows[] = {
    {B::CONV_2D, 1, 3},
    {B::DEPTHWISE_CONV_2D, 1, 3},
    {B::TRANSPOSE_CONV, 1, 2},
    {B::FULLY_CONNECTED, 1, 4},
    {B::BATCH_MATMUL, 1, 2},
    {B::AVERAGE_POOL_2D, 1, 2},
    {B::MAX_POOL_2D, 1, 2},
    {B::ADD, 1, 2},
    {B::SUB, 1, 2, 3},
    {B::MUL, 1, 2},
    {B::DIV, 1, 1, 2},
    {B::MAXIMUM, 1, 2, 3},
    {B::MINIMUM, 1, 2, 3},
    {B::EQUAL, 1, 2},
    {B::NOT_EQUAL, 1, 2},
    {B::LESS, 1, 2},
    {B::LESS_EQUAL, 1, 2},
    {B::GREATER, 1, 2},
    {B::GREATER_EQUAL, 1, 2},
    {B::RELU, 1, 2},
    {B::RELU6, 1, 2},
    {B::LOGISTIC, 1, 2},
    {B::TANH, 1, 2},
    {B::ABS, 1, 2},
    {B::EXP, 1, 2},
    {B::LOG, 1, 2},
    {B::RSQRT, 1, 2},
    {B::GELU, 1, 2},
    {B::SOFTMAX, 1, 2},
    {B::LOG_SOFTMAX, 1, 2},
    {B::L2_NORMALIZATION, 1, 2},
    {B::MEAN, 1, 2},
    {B::SUM, 1, 2},
    {B::REDUCE_MAX, 1, 2},
    {B::REDUCE_MIN, 1, 2},
    {B::REDUCE_PROD, 1, 2},
    {B::ARG_MAX, 1, 2},
    {B::ARG_MIN, 1, 2},
    {B::TOPK_V2, 1, 2},
    {B::CONCATENATION, 1, 2},
    {B::SPLIT, 1, 2},
    {B::SPLIT_V, 1, 2},
    {B::SLICE, 1, 2, 5},
    {B::STRIDED_SLICE, 1, 2, 4},
    {B::PAD, 1, 2, 4},
    {B::PADV2, 1, 2, 4},
    {B::MIRROR_PAD, 1, 2},
    {B::TRANSPOSE, 1, 2, 4},
    {B::RESIZE_BILINEAR, 1, 2},
    {B::RESIZE_NEAREST_NEIGHBOR, 1, 2},
    {B::DEPTH_TO_SPACE, 1, 2},
    {B::SPACE_TO_DEPTH, 1, 2},
    {B::GATHER, 1, 2},
    {B::TILE, 1, 3},
    {B::BROADCAST_TO, 2, 3},
    {B::DEQUANTIZE, 1, 2},
    {B::CAST, 1, 3},
};

/// The operand that carries the data.
size_t data_slot(B code) {
  return code == B::SPLIT ? 1 : code == B::TRANSPOSE_CONV ? 2 : 0;
}

/// What options and operands ask for beyond the table; 1 when nothing.
int special(B code, const std::vector<const FileTensor*>& inputs, const schema::BuiltinOptionsUnion& options) {
  const bool biased = inputs.size() > 2 && inputs.back() != nullptr;
  if (const auto* conv = options.AsConv2DOptions()) {
    const bool grouped = conv != nullptr && inputs[1]->shape[3] != inputs[0]->shape[3];
    return grouped ? 6 : 1;
  }
  if (const auto* conv = options.AsDepthwiseConv2DOptions()) {
    return conv->dilation_h != 1 || conv->dilation_w != 1 ? 2 : 1;
  }
  if (const auto* conv = options.AsTransposeConvOptions()) {
    return conv->activation != schema::Activation::NONE ? 4 : inputs.size() > 3 ? 3 : 1;
  }
  if (const auto* full = options.AsFullyConnectedOptions()) return !biased ? 6 : full->keep_num_dims ? 5 : 1;
  if (const auto* resize = options.AsResizeBilinearOptions()) return resize->half_pixel_centers ? 3 : 1;
  if (const auto* resize = options.AsResizeNearestNeighborOptions())
    return resize->half_pixel_centers || resize->align_corners ? 3 : 1;
  if (code == B::TRANSPOSE && inputs[0]->shape.size() > 5) return 6;
  const bool int64 = inputs[0] != nullptr && inputs[0]->dtype == DType::int64;
  if (int64 && (code == B::ADD || code == B::SUB)) return 4;
  if (int64 && code == B::MUL) return 5;
  return 1;
}

/// MUL by a factor of 1 or more came later than int8.
bool grows(B code, const std::vector<const FileTensor*>& inputs, const std::vector<const FileTensor*>& outputs) {
  if (code != B::MUL || inputs[0]->quantization.empty() || inputs[1]->quantization.empty()) return false;
  if (outputs[0]->quantization.empty()) return false;
  return inputs[0]->quantization.scales[0] * inputs[1]->quantization.scales[0] / outputs[0]->quantization.scales[0] >=
         1;
}

}  // namespace

int version_of(B code, const std::vector<const FileTensor*>& inputs, const std::vector<const FileTensor*>& outputs,
               const schema::BuiltinOptionsUnion& options) {
  int version = std::max(special(code, inputs, options), grows(code, inputs, outputs) ? 3 : 1);
  const auto* row = std::ranges::find(kRows, code, &VersionRow::code);
  if (row == std::end(kRows)) return version;
  const FileTensor& data = *inputs[data_slot(code)];
  version = std::max({version, row->plain, data.dtype == DType::int8 ? row->int8 : 1});
  const bool unsigned_too = code == B::RELU || code == B::ABS || code == B::GELU;
  if (unsigned_too && data.dtype == DType::uint8) version = std::max(version, 2);
  if (data.dtype == DType::boolean && (code == B::TRANSPOSE || code == B::GATHER || code == B::STRIDED_SLICE))
    version = std::max(version, 3);
  return data.shape.size() > 4 ? std::max(version, row->wide) : version;
}

}  // namespace quern::tflite_writer
