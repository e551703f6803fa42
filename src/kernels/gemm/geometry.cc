#include "kernels/gemm/geometry.h"

namespace quern {

namespace {

bool any_empty(const OpCall& call) {
  return call.inputs[0].size() == 0 || call.inputs[1].size() == 0 || call.outputs[0].size() == 0;
}

ProductGeometry stretched(ProductGeometry g) {
  const bool pointwise = g.kernel == Pair{1, 1} && g.strides == Pair{1, 1} && g.inside();
  if (!pointwise || g.in_height != g.out_height || g.in_width != g.out_width) return g;
  g.in_height = g.out_height = g.batch * g.out_height * g.out_width;
  g.batch = g.in_width = g.out_width = 1;
  return g;
}

std::optional<ProductGeometry> convolution_geometry(const OpCall& call) {
  const auto& attrs = call.as<ConvAttrs>();
  const Shape& x = call.inputs[0].shape;
  const Shape& w = call.inputs[1].shape;
  const Shape& y = call.outputs[0].shape;
  if (attrs.groups != 1 || x.size() != 4 || w.size() != 4 || y.size() != 4 || w[3] != x[3]) return std::nullopt;
  ProductGeometry g;
  g.batch = x[0];
  g.in_height = x[1], g.in_width = x[2], g.in_channels = x[3];
  g.out_height = y[1], g.out_width = y[2], g.out_channels = y[3];
  g.kernel = {w[1], w[2]};
  g.strides = attrs.strides;
  g.dilations = attrs.dilations;
  g.pad_top = attrs.pads[0];
  g.pad_left = attrs.pads[1];
  if (g.pad_top < 0 || g.pad_left < 0) return std::nullopt;
  return g;
}

std::optional<ProductGeometry> linear_geometry(const OpCall& call) {
  const Shape& w = call.inputs[1].shape;
  if (w.size() != 2) return std::nullopt;
  ProductGeometry g;
  g.in_channels = w[1];
  g.out_channels = w[0];
  g.in_height = g.out_height = call.inputs[0].size() / w[1];
  return g;
}

}  // namespace

std::vector<int64_t> ProductGeometry::segment_offsets(int64_t pitch) const {
  std::vector<int64_t> offsets;
  for (int64_t ky = 0; ky < kernel[0]; ++ky) {
    for (int64_t kx = 0; kx < (joined() ? 1 : kernel[1]); ++kx) {
      offsets.push_back(ky * dilations[0] * pitch + kx * dilations[1] * in_channels);
    }
  }
  return offsets;
}

std::optional<ProductGeometry> product_geometry(const OpCall& call) {
  const bool convolution = call.kind == OpKind::Conv;
  if (!convolution && call.kind != OpKind::FullyConnected) return std::nullopt;
  if (call.inputs[1].constant == nullptr || any_empty(call)) return std::nullopt;
  if (call.has_input(2) && call.inputs[2].constant == nullptr) return std::nullopt;
  const auto g = convolution ? convolution_geometry(call) : linear_geometry(call);
  if (!g) return std::nullopt;
  if (g->columns_under() > 2 * g->in_width + 64 || g->lines_under(g->out_height) > 2 * g->in_height + 64) {
    return std::nullopt;
  }
  return stretched(*g);
}

}  // namespace quern
