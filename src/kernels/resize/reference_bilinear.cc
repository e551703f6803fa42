// Linear resize of H and W of a channels-last float32 value, in the order of operations in which ONNX Runtime adds: the
// four neighbours' weights are products in float32, and their terms are added left to right. Linear weights of common
// scales are multiples of 1/16, so sums of 8-bit codes often are exact ties when they are quantized again; only the
// same order falls on the same side of them.
#include "kernels/reference_kernel.h"
#include "kernels/resize/neighbours.h"

namespace quern {

namespace {

struct Plane {
  int64_t height = 0, width = 0, channels = 0;
};

void resize_row(const float* top, const float* bottom, float top_weight, float bottom_weight, const Neighbours& columns,
                int64_t channels, float* out) {
  for (size_t x = 0; x < columns.first.size(); ++x) {
    const float* in[] = {top + columns.first[x] * channels, top + columns.second[x] * channels,
                         bottom + columns.first[x] * channels, bottom + columns.second[x] * channels};
    const float weight[] = {columns.first_weight[x] * top_weight, columns.second_weight[x] * top_weight,
                            columns.first_weight[x] * bottom_weight, columns.second_weight[x] * bottom_weight};
    for (int64_t c = 0; c < channels; ++c) {
      *out++ = weight[0] * in[0][c] + weight[1] * in[1][c] + weight[2] * in[2][c] + weight[3] * in[3][c];
    }
  }
}

}  // namespace

std::unique_ptr<Kernel> resize_bilinear_reference(const OpCall& call) {
  if (!resizes_planes_linearly(call) || !plain(call) || !all_of_type(call, DType::float32)) return nullptr;
  const Shape& in = call.inputs[0].shape;
  const Shape& out = call.outputs[0].shape;
  const Plane plane{in[1], in[2], in[3]};
  return make_kernel([plane, rows = neighbours(resize_axis(call, 1)), columns = neighbours(resize_axis(call, 2)),
                      batch = in[0], height = out[1], width = out[2]](const Buffers& b, ThreadPool& pool) {
    pool.parallel_for(batch * height, 1, [&](int64_t begin, int64_t end) {
      for (int64_t line = begin; line < end; ++line) {
        const auto y = static_cast<size_t>(line % height);
        const int64_t stride = plane.width * plane.channels;
        const float* image = b.in<float>(0) + line / height * plane.height * stride;
        resize_row(image + rows.first[y] * stride, image + rows.second[y] * stride, rows.first_weight[y],
                   rows.second_weight[y], columns, plane.channels, b.out<float>(0) + line * width * plane.channels);
      }
    });
  });
}

}  // namespace quern
