// MaxPool and Transpose of 32-bit elements.
#include <algorithm>
#include <limits>

#include "kernels/gemm/geometry.h"
#include "kernels/lanes/lane_kernels.h"
#include "kernels/move/permuted.h"
#include "kernels/reference_kernel.h"
#include "kernels/requantize.h"

namespace quern {

namespace {

constexpr int64_t kRows = 1024;  ///< of a matrix, which threads share in pieces

/// The pixels under a window, as many as lie within the input.
struct WindowPixels {
  std::vector<const float*> found;

  void find(const ProductGeometry& g, const float* image, int64_t y, int64_t x) {
    found.clear();
    for (int64_t ky = 0; ky < g.kernel[0]; ++ky) {
      const int64_t in_y = y * g.strides[0] - g.pad_top + ky * g.dilations[0];
      if (in_y < 0 || in_y >= g.in_height) continue;
      for (int64_t kx = 0; kx < g.kernel[1]; ++kx) {
        const int64_t in_x = x * g.strides[1] - g.pad_left + kx * g.dilations[1];
        if (in_x < 0 || in_x >= g.in_width) continue;
        found.push_back(image + (in_y * g.in_width + in_x) * g.in_channels);
      }
    }
  }
};

}  // namespace

std::unique_ptr<Kernel> make_lane_max_pool(const OpCall& call, const Lanes& lanes) {
  if (call.kind != OpKind::MaxPool || !is_real(call.inputs[0]) || !is_real(call.outputs[0])) return nullptr;
  const auto geometry = pool_geometry(call);
  if (!geometry) return nullptr;
  return make_kernel([g = *geometry, clamp = call.as<PoolAttrs>().clamp, maximum = lanes.maximum](
                         const Buffers& buffers, ThreadPool& pool) {
    pool.parallel_for(g.batch * g.out_height, 1, [&](int64_t begin, int64_t end) {
      WindowPixels pixels;
      for (int64_t line = begin; line < end; ++line) {
        const float* image = buffers.in<float>(0) + line / g.out_height * g.in_height * g.in_width * g.in_channels;
        float* out = buffers.out<float>(0) + line * g.out_width * g.in_channels;
        for (int64_t x = 0; x < g.out_width; ++x, out += g.in_channels) {
          pixels.find(g, image, line % g.out_height, x);
          if (pixels.found.empty()) {
            const float least = -std::numeric_limits<float>::infinity();
            std::fill_n(out, g.in_channels, std::min(std::max(least, clamp.low), clamp.high));
          } else {
            maximum(pixels.found.data(), static_cast<int64_t>(pixels.found.size()), g.in_channels, clamp.low,
                    clamp.high, out);
          }
        }
      }
    });
  });
}

std::unique_ptr<Kernel> make_lane_transpose(const OpCall& call, const Lanes& lanes) {
  if (call.kind != OpKind::Transpose || !same_codes(call.inputs[0], call.outputs[0])) return nullptr;
  if (size_of(call.outputs[0].dtype) != sizeof(uint32_t) || call.outputs[0].size() == 0) return nullptr;
  const Permuted p = merge_axes(call.inputs[0].shape, call.as<TransposeAttrs>().perm);
  if (p.extents.empty() || p.strides.back() == 1) return nullptr;
  const SwappedMatrices m = swapped_matrices(p);
  const int64_t pieces = (m.rows() + kRows - 1) / kRows;
  return make_kernel([m, pieces, transpose = lanes.transpose](const Buffers& b, ThreadPool& pool) {
    pool.parallel_for(m.count() * pieces, grain_for(m.columns() * std::min(m.rows(), kRows)),
                      [&](int64_t begin, int64_t end) {
                        for (int64_t i = begin; i < end; ++i) {
                          const int64_t first = i % pieces * kRows;
                          transpose({b.in<uint32_t>(0) + m.in_offset(i / pieces) + first, m.in_stride(),
                                     b.out<uint32_t>(0) + m.out_offset(i / pieces) + first * m.out_stride(),
                                     m.out_stride(), std::min(kRows, m.rows() - first), m.columns()});
                        }
                      });
  });
}

}  // namespace quern
