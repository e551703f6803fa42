// The vocabulary: operator kinds and their attributes. Header-only and free of the graph, so that kernels, plan, run
// and targets may speak of operators without linking graph/.
//
// Conventions every stage relies on
//   * Spatial operators are channels last: activations N H W C, weights O KH KW I (I is per group). One-dimensional
//     convolutions and pools are read as two-dimensional ones of height 1.
//   * Attributes hold final numbers. Operators whose parameters may come from a value (Reshape, Slice, Pad, …) may
//   carry
//     extra "parameter" inputs after reading; prepare/resolve moves them into the attributes and drops them, and no
//     kernel ever sees one. ops.inc says which inputs are parameters.
//   * Axes may be negative until infer has run; afterwards they are 0…rank-1.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>
#include <variant>
#include <vector>

#include "quern/tensor.h"

namespace quern {

/// Bounds a fused activation puts on an output, in real (not stored) values.
struct Clamp {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
  bool active() const {
    return low != -std::numeric_limits<float>::infinity() || high != std::numeric_limits<float>::infinity();
  }
  bool operator==(const Clamp&) const = default;
};

/// How padding was asked for. infer turns everything into explicit `pads`, and keeps this to recompute them.
enum class AutoPad : uint8_t { explicit_pads, same_upper, same_lower, valid };
enum class PadMode : uint8_t { constant, reflect, edge, wrap, symmetric };
enum class ResizeMode : uint8_t { nearest, linear, cubic };
/// How an output position maps to an input position (ONNX Resize's names).
enum class Coordinates : uint8_t {
  half_pixel,
  half_pixel_symmetric,
  pytorch_half_pixel,
  align_corners,
  asymmetric,
  tf_half_pixel_for_nn,
  tf_crop_and_resize
};
enum class NearestMode : uint8_t { round_prefer_floor, round_prefer_ceil, floor, ceil };
enum class DepthOrder : uint8_t { dcr, crd };
enum class AspectPolicy : uint8_t { stretch, not_larger, not_smaller };

using Pair = std::array<int64_t, 2>;  ///< height, width
using Pads = std::array<int64_t, 4>;  ///< top, left, bottom, right
using Ints = std::vector<int64_t>;

// Each attribute struct lists its fields once, in `fields`, for the text form, comparison and the plan file.
#define QUERN_FIELDS(...)     \
  template <typename Visitor> \
  void fields(Visitor&& v) {  \
    __VA_ARGS__;              \
  }

struct NoAttrs {
  QUERN_FIELDS((void)v)
};
struct ConvAttrs {  // Conv
  Pair strides{1, 1}, dilations{1, 1};
  Pads pads{};
  AutoPad auto_pad = AutoPad::explicit_pads;
  int64_t groups = 1;
  Clamp clamp;
  QUERN_FIELDS(v("strides", strides), v("dilations", dilations), v("pads", pads), v("auto_pad", auto_pad),
               v("groups", groups), v("clamp", clamp))
};
struct ConvTransposeAttrs {  // output extent = stride*(in-1) + output_padding + ((k-1)*dilation+1) - pads
  Pair strides{1, 1}, dilations{1, 1}, output_padding{};
  Pads pads{};
  AutoPad auto_pad = AutoPad::explicit_pads;
  Ints output_shape;  ///< empty, or the spatial output extents, from which pads are computed
  int64_t groups = 1;
  Clamp clamp;
  QUERN_FIELDS(v("strides", strides), v("dilations", dilations), v("output_padding", output_padding), v("pads", pads),
               v("auto_pad", auto_pad), v("output_shape", output_shape), v("groups", groups), v("clamp", clamp))
};
struct PoolAttrs {  // MaxPool, AveragePool
  Pair kernel{1, 1}, strides{1, 1}, dilations{1, 1};
  Pads pads{};
  AutoPad auto_pad = AutoPad::explicit_pads;
  bool ceil_mode = false;
  bool count_include_pad = false;
  Clamp clamp;
  QUERN_FIELDS(v("kernel", kernel), v("strides", strides), v("dilations", dilations), v("pads", pads),
               v("auto_pad", auto_pad), v("ceil_mode", ceil_mode), v("count_include_pad", count_include_pad),
               v("clamp", clamp))
};
struct ClampAttrs {  // FullyConnected, MatMul, Add, Sub, Mul, Div: a fused activation only
  Clamp clamp;
  QUERN_FIELDS(v("clamp", clamp))
};
struct UnaryAttrs {  // ops.inc says what alpha and beta mean for each kind
  double alpha = 0, beta = 0;
  QUERN_FIELDS(v("alpha", alpha), v("beta", beta))
};
struct SoftmaxAttrs {  // exp(beta * x), divided by its sum along `axis`
  int64_t axis = -1;
  float beta = 1;
  QUERN_FIELDS(v("axis", axis), v("beta", beta))
};
struct AxisAttrs {
  int64_t axis = 0;
  QUERN_FIELDS(v("axis", axis))
};
struct ReduceAttrs {
  Ints axes;  ///< empty: all of them, unless noop_with_empty_axes
  bool keep_dims = true;
  bool noop_with_empty_axes = false;
  QUERN_FIELDS(v("axes", axes), v("keep_dims", keep_dims), v("noop_with_empty_axes", noop_with_empty_axes))
};
struct ArgAttrs {
  int64_t axis = 0;
  bool keep_dims = true;
  bool select_last_index = false;
  QUERN_FIELDS(v("axis", axis), v("keep_dims", keep_dims), v("select_last_index", select_last_index))
};
struct TopKAttrs {
  int64_t k = 1, axis = -1;
  bool largest = true, sorted = true;
  QUERN_FIELDS(v("k", k), v("axis", axis), v("largest", largest), v("sorted", sorted))
};
struct TransposeAttrs {  // output extent i = input extent perm[i]; empty: reversed
  Ints perm;
  QUERN_FIELDS(v("perm", perm))
};
struct ReshapeAttrs {  // 0 copies the input's extent unless allow_zero, -1 takes what is left
  Ints shape;
  bool allow_zero = false;
  QUERN_FIELDS(v("shape", shape), v("allow_zero", allow_zero))
};
struct AxesAttrs {  // Squeeze (empty: every extent of 1), Unsqueeze, MeanVarianceNormalization
  Ints axes;
  QUERN_FIELDS(v("axes", axes))
};
struct ShapeAttrs {  // Expand
  Ints shape;
  QUERN_FIELDS(v("shape", shape))
};
struct ShapeOfAttrs {  // Shape
  int64_t start = 0, end = std::numeric_limits<int64_t>::max();
  QUERN_FIELDS(v("start", start), v("end", end))
};
struct SliceAttrs {  // as ONNX Slice: axes empty means 0…n-1, steps empty means 1
  Ints starts, ends, axes, steps;
  QUERN_FIELDS(v("starts", starts), v("ends", ends), v("axes", axes), v("steps", steps))
};
struct SplitAttrs {  // sizes empty: equal parts, the last one smaller
  int64_t axis = 0;
  Ints sizes;
  QUERN_FIELDS(v("axis", axis), v("sizes", sizes))
};
struct PadAttrs {  // pads: all begins, then all ends; `value` is real (a quantized constant pad is its quantized form)
  PadMode mode = PadMode::constant;
  Ints pads;
  Ints axes;
  double value = 0;
  QUERN_FIELDS(v("mode", mode), v("pads", pads), v("axes", axes), v("value", value))
};
struct ResizeAttrs {  // exactly one of sizes and scales is given until infer has run, then both are, for all axes
  ResizeMode mode = ResizeMode::nearest;
  Coordinates coordinates = Coordinates::half_pixel;
  NearestMode nearest = NearestMode::round_prefer_floor;
  Ints sizes;
  std::vector<float> scales;
  std::vector<float> roi;
  Ints axes;
  float cubic_a = -0.75f;
  bool exclude_outside = false;
  bool antialias = false;
  float extrapolation_value = 0;
  AspectPolicy aspect = AspectPolicy::stretch;
  QUERN_FIELDS(v("mode", mode), v("coordinates", coordinates), v("nearest", nearest), v("sizes", sizes),
               v("scales", scales), v("roi", roi), v("axes", axes), v("cubic_a", cubic_a),
               v("exclude_outside", exclude_outside), v("antialias", antialias),
               v("extrapolation_value", extrapolation_value), v("aspect", aspect))
};
struct BlockAttrs {  // DepthToSpace, SpaceToDepth (which is always dcr)
  int64_t block = 1;
  DepthOrder order = DepthOrder::dcr;
  QUERN_FIELDS(v("block", block), v("order", order))
};
struct NormAttrs {  // BatchNorm, InstanceNorm, LayerNorm: channel axis (LayerNorm: first normalized axis) and epsilon
  int64_t axis = -1;
  float epsilon = 1e-5f;
  QUERN_FIELDS(v("axis", axis), v("epsilon", epsilon))
};
struct LpNormAttrs {
  int64_t axis = -1, p = 2;
  QUERN_FIELDS(v("axis", axis), v("p", p))
};
struct LrnAttrs {
  int64_t axis = -1, size = 1;
  float alpha = 1e-4f, beta = 0.75f, bias = 1;
  QUERN_FIELDS(v("axis", axis), v("size", size), v("alpha", alpha), v("beta", beta), v("bias", bias))
};
struct CastAttrs {
  DType to = DType::float32;
  QUERN_FIELDS(v("to", to))
};
struct TileAttrs {
  Ints repeats;
  QUERN_FIELDS(v("repeats", repeats))
};
struct GatherNdAttrs {
  int64_t batch_dims = 0;
  QUERN_FIELDS(v("batch_dims", batch_dims))
};
struct CumSumAttrs {
  int64_t axis = 0;
  bool exclusive = false, reverse = false;
  QUERN_FIELDS(v("axis", axis), v("exclusive", exclusive), v("reverse", reverse))
};
struct FillAttrs {  // ConstantOfShape: every element is `value`, of type `dtype`
  Ints shape;
  double value = 0;
  DType dtype = DType::float32;
  QUERN_FIELDS(v("shape", shape), v("value", value), v("dtype", dtype))
};
struct OneHotAttrs {
  int64_t axis = -1, depth = 0;
  QUERN_FIELDS(v("axis", axis), v("depth", depth))
};
struct MatMulAttrs {
  bool transpose_a = false, transpose_b = false;  ///< of the last two axes
  Clamp clamp;
  QUERN_FIELDS(v("transpose_a", transpose_a), v("transpose_b", transpose_b), v("clamp", clamp))
};

using Attrs =
    std::variant<NoAttrs, ConvAttrs, ConvTransposeAttrs, PoolAttrs, ClampAttrs, UnaryAttrs, SoftmaxAttrs, AxisAttrs,
                 ReduceAttrs, ArgAttrs, TopKAttrs, TransposeAttrs, ReshapeAttrs, AxesAttrs, ShapeAttrs, ShapeOfAttrs,
                 SliceAttrs, SplitAttrs, PadAttrs, ResizeAttrs, BlockAttrs, NormAttrs, LpNormAttrs, LrnAttrs, CastAttrs,
                 TileAttrs, GatherNdAttrs, CumSumAttrs, FillAttrs, OneHotAttrs, MatMulAttrs>;

/// What an operator does with its elements; passes and kernels ask for the family before the kind.
enum class OpFamily : uint8_t {
  spatial,  ///< window over H, W of a channels-last value
  linear,   ///< matrix product
  unary,    ///< element by element, one input
  binary,   ///< element by element with broadcasting, two inputs (or more)
  reduce,   ///< over named axes
  along,    ///< along one axis, shape kept
  move,     ///< elements change place, never value
  convert,  ///< type or quantization changes
  shape,    ///< about extents, not elements
};

// gcc 12 says of a scoped enumerator that it shadows a type of the same name; OpKind::Shape and quern::Shape live
// apart.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
enum class OpKind : uint16_t {
#define QUERN_OP(kind, attrs, family, min_inputs, max_inputs, outputs, parameters) kind,
#include "graph/ops.inc"
#undef QUERN_OP
};
#pragma GCC diagnostic pop

/// One row of ops.inc.
struct OpInfo {
  std::string_view name;
  OpFamily family;
  int min_inputs;       ///< fewest inputs that must be present, from the first on
  int max_inputs;       ///< -1: any number
  int outputs;          ///< -1: any number, at least 1
  uint32_t parameters;  ///< bit i: input i is a parameter that prepare/resolve moves into the attributes
};

inline constexpr OpInfo kOps[] = {
#define QUERN_OP(kind, attrs, family, min_inputs, max_inputs, outputs, parameters) \
  {#kind, OpFamily::family, min_inputs, max_inputs, outputs, parameters},
#include "graph/ops.inc"
#undef QUERN_OP
};

inline constexpr int kOpCount = static_cast<int>(std::size(kOps));
inline const OpInfo& info(OpKind kind) {
  return kOps[static_cast<int>(kind)];
}

/// The attributes an operator of this kind carries, at their defaults.
inline Attrs default_attrs(OpKind kind) {
  switch (kind) {
#define QUERN_OP(kind, attrs, family, min_inputs, max_inputs, outputs, parameters) \
  case OpKind::kind:                                                               \
    return attrs{};
#include "graph/ops.inc"
#undef QUERN_OP
  }
  return NoAttrs{};
}

}  // namespace quern
