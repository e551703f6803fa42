// Transpose: axes are merged first, so that most transposes become copies of blocks or of one matrix.
#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/move/permuted.h"
#include "kernels/reference_kernel.h"

namespace quern {

namespace {

/// The innermost axis stays innermost: whole blocks are copied.
std::unique_ptr<Kernel> make_blocks(Permuted p, int64_t element) {
  int64_t block = element;
  if (!p.extents.empty()) {
    block *= p.extents.back();
    p.extents.pop_back();
    p.strides.pop_back();
  }
  std::vector<size_t> axes(p.extents.size());
  for (size_t i = 0; i < axes.size(); ++i) axes[i] = i;
  return make_kernel([=](const Buffers& b, ThreadPool& pool) {
    pool.parallel_for(count_of(p, axes), grain_for(block), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        std::memcpy(b.out<std::byte>(0) + i * block, b.in<std::byte>(0) + input_offset(p, axes, i) * element,
                    static_cast<size_t>(block));
      }
    });
  });
}

/// Two axes change places innermost: matrices are transposed in squares that stay in the cache.
template <typename T>
std::unique_ptr<Kernel> make_matrices(const Permuted& p) {
  constexpr int64_t kSquare = 32;
  const SwappedMatrices m = swapped_matrices(p);
  const int64_t tiles = (m.rows() + kSquare - 1) / kSquare;
  return make_kernel([=](const Buffers& b, ThreadPool& pool) {
    const int64_t columns = m.columns(), rows = m.rows();
    pool.parallel_for(m.count() * tiles, grain_for(columns * kSquare), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const T* in = b.in<T>(0) + m.in_offset(i / tiles);
        T* out = b.out<T>(0) + m.out_offset(i / tiles);
        const int64_t first = i % tiles * kSquare, stop = std::min(first + kSquare, rows);
        for (int64_t c0 = 0; c0 < columns; c0 += kSquare) {
          const int64_t c1 = std::min(c0 + kSquare, columns);
          for (int64_t r = first; r < stop; ++r) {
            for (int64_t c = c0; c < c1; ++c) out[r * m.out_stride() + c] = in[r + c * m.in_stride()];
          }
        }
      }
    });
  });
}

}  // namespace

std::unique_ptr<Kernel> transpose_reference(const OpCall& call) {
  if (call.kind != OpKind::Transpose || !same_codes(call.inputs[0], call.outputs[0])) return nullptr;
  const Permuted p = merge_axes(call.inputs[0].shape, call.as<TransposeAttrs>().perm);
  const size_t element = size_of(call.outputs[0].dtype);
  if (call.outputs[0].size() == 0) return make_kernel([](const Buffers&, ThreadPool&) {});
  if (p.extents.empty() || p.strides.back() == 1) return make_blocks(p, static_cast<int64_t>(element));
  switch (element) {
    case 1:
      return make_matrices<uint8_t>(p);
    case 2:
      return make_matrices<uint16_t>(p);
    case 4:
      return make_matrices<uint32_t>(p);
    default:
      return make_matrices<uint64_t>(p);
  }
}

}  // namespace quern
