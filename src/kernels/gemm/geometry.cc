#include "kernels/gemm/geometry.h"

namespace quern {

namespace {

/// There is something to compute, and weights and bias are known beforehand.
bool known_operands(const OpCall& call) {
  if (call.inputs[0].size() == 0 || call.inputs[1].size() == 0 || call.outputs[0].size() == 0) return false;
  return call.inputs[1].constant != nullptr && (!call.has_input(2) || call.inputs[2].constant != nullptr);
}

ProductGeometry stretched(ProductGeometry g) {
  const bool pointwise = g.kernel == Pair{1, 1} && g.strides == Pair{1, 1} && g.inside();
  if (!pointwise || g.in_height != g.out_height || g.in_width != g.out_width) return g;
  g.in_height = g.out_height = g.batch * g.out_height * g.out_width;
  g.batch = g.in_width = g.out_width = 1;
  return g;
}

/// What convolutions and pools share. Requires channels-last operands of rank 4.
template <typename A>
ProductGeometry window_geometry(const OpCall& call, const A& attrs, const Pair& kernel) {
  const Shape& x = call.inputs[0].shape;
  const Shape& y = call.outputs[0].shape;
  ProductGeometry g;
  g.batch = x[0];
  g.in_height = x[1], g.in_width = x[2], g.in_channels = x[3];
  g.out_height = y[1], g.out_width = y[2], g.out_channels = y[3];
  g.kernel = kernel;
  g.strides = attrs.strides;
  g.dilations = attrs.dilations;
  g.pad_top = attrs.pads[0];
  g.pad_left = attrs.pads[1];
  return g;
}

bool spatial_ranks(const OpCall& call) {
  return call.inputs[0].shape.size() == 4 && call.outputs[0].shape.size() == 4;
}

std::optional<ProductGeometry> convolution_geometry(const OpCall& call) {
  const auto& attrs = call.as<ConvAttrs>();
  const Shape& w = call.inputs[1].shape;
  if (!spatial_ranks(call) || w.size() != 4 || w[3] * attrs.groups != call.inputs[0].shape[3]) return std::nullopt;
  return window_geometry(call, attrs, {w[1], w[2]});
}

/// `depth` and `channels` are the extents of the constant matrix.
ProductGeometry matrix_geometry(const OpCall& call, int64_t depth, int64_t channels) {
  ProductGeometry g;
  g.in_channels = depth;
  g.out_channels = channels;
  g.in_height = g.out_height = call.inputs[0].size() / depth;
  return g;
}

std::optional<ProductGeometry> linear_geometry(const OpCall& call) {
  const Shape& w = call.inputs[1].shape;
  if (w.size() != 2) return std::nullopt;
  if (call.kind == OpKind::FullyConnected) return matrix_geometry(call, w[1], w[0]);
  const auto& attrs = call.as<MatMulAttrs>();
  if (attrs.transpose_a || call.inputs[0].shape.size() < 2) return std::nullopt;
  return attrs.transpose_b ? matrix_geometry(call, w[1], w[0]) : matrix_geometry(call, w[0], w[1]);
}

/// Declines windows that lie mostly in padding, whose packed lines would dwarf the input.
std::optional<ProductGeometry> checked(const std::optional<ProductGeometry>& g) {
  if (!g || g->pad_top < 0 || g->pad_left < 0) return std::nullopt;
  if (g->columns_under() > 2 * g->in_width + 64) return std::nullopt;
  if (g->lines_under(g->out_height) > 2 * g->in_height + 64) return std::nullopt;
  return stretched(*g);
}

}  // namespace

std::vector<int64_t> ProductGeometry::tap_offsets(int64_t pitch) const {
  std::vector<int64_t> offsets;
  for (int64_t ky = 0; ky < kernel[0]; ++ky) {
    for (int64_t kx = 0; kx < kernel[1]; ++kx) {
      offsets.push_back(ky * dilations[0] * pitch + kx * dilations[1] * in_channels);
    }
  }
  return offsets;
}

std::vector<int64_t> ProductGeometry::segment_offsets(int64_t pitch) const {
  if (!joined()) return tap_offsets(pitch);
  std::vector<int64_t> offsets;
  for (int64_t ky = 0; ky < kernel[0]; ++ky) offsets.push_back(ky * dilations[0] * pitch);
  return offsets;
}

const Clamp& product_clamp(const OpCall& call) {
  if (call.kind == OpKind::MatMul) return call.as<MatMulAttrs>().clamp;
  return call.kind == OpKind::Conv ? call.as<ConvAttrs>().clamp : call.as<ClampAttrs>().clamp;
}

std::optional<ProductGeometry> product_geometry(const OpCall& call) {
  const bool linear = call.kind == OpKind::FullyConnected || call.kind == OpKind::MatMul;
  if (linear && known_operands(call)) return checked(linear_geometry(call));
  if (call.kind != OpKind::Conv || !known_operands(call) || call.as<ConvAttrs>().groups != 1) return std::nullopt;
  return checked(convolution_geometry(call));
}

std::optional<ProductGeometry> depthwise_geometry(const OpCall& call) {
  if (call.kind != OpKind::Conv || !known_operands(call)) return std::nullopt;
  const int64_t groups = call.as<ConvAttrs>().groups;
  if (groups != call.inputs[0].shape.back() || groups != call.outputs[0].shape.back()) return std::nullopt;
  return checked(convolution_geometry(call));
}

std::optional<ProductGeometry> pool_geometry(const OpCall& call) {
  if (call.kind != OpKind::MaxPool && call.kind != OpKind::AveragePool) return std::nullopt;
  if (!spatial_ranks(call) || call.inputs[0].size() == 0 || call.outputs[0].size() == 0) return std::nullopt;
  const auto& attrs = call.as<PoolAttrs>();
  return checked(window_geometry(call, attrs, attrs.kernel));
}

}  // namespace quern
