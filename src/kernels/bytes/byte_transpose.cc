// Transposes of bytes whose innermost axis moves: channels to the front or to the back, and shuffles of channels.
#include <algorithm>

#include "kernels/bytes/byte_kernels.h"
#include "kernels/move/permuted.h"
#include "kernels/reference_kernel.h"

namespace quern {

namespace {

/// Matrices that lie a constant distance apart.
std::unique_ptr<Kernel> make_many(const SwappedMatrices& m, TransposeBytes transpose) {
  const int64_t from_pitch = m.in_offset(1), to_pitch = m.out_offset(1);
  return make_kernel([=](const Buffers& b, ThreadPool& pool) {
    pool.parallel_for(m.count(), grain_for(m.columns() * m.rows() / 4), [&](int64_t begin, int64_t end) {
      const ByteMatrix first{b.in<uint8_t>(0) + begin * from_pitch,
                             m.in_stride(),
                             b.out<uint8_t>(0) + begin * to_pitch,
                             m.out_stride(),
                             m.rows(),
                             m.columns()};
      transpose({first, end - begin, from_pitch, to_pitch});
    });
  });
}

}  // namespace

std::unique_ptr<Kernel> make_byte_transpose(const OpCall& call, TransposeBytes transpose) {
  if (call.kind != OpKind::Transpose || !same_codes(call.inputs[0], call.outputs[0])) return nullptr;
  if (size_of(call.outputs[0].dtype) != 1 || call.outputs[0].size() == 0) return nullptr;
  const Permuted p = merge_axes(call.inputs[0].shape, call.as<TransposeAttrs>().perm);
  if (p.extents.empty() || p.strides.back() == 1) return nullptr;
  const SwappedMatrices m = swapped_matrices(p);
  // Great matrices are shared among threads by pieces of their rows; of small ones, many are done at once.
  constexpr int64_t kRows = 4096;
  const int64_t pieces = (m.rows() + kRows - 1) / kRows;
  if (pieces == 1 && m.outer.size() == 1) return make_many(m, transpose);
  return make_kernel([=](const Buffers& b, ThreadPool& pool) {
    const int64_t grain = grain_for(m.columns() * std::min(m.rows(), kRows) / 4);
    pool.parallel_for(m.count() * pieces, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t first = i % pieces * kRows;
        const ByteMatrix matrix{b.in<uint8_t>(0) + m.in_offset(i / pieces) + first,
                                m.in_stride(),
                                b.out<uint8_t>(0) + m.out_offset(i / pieces) + first * m.out_stride(),
                                m.out_stride(),
                                std::min(kRows, m.rows() - first),
                                m.columns()};
        transpose({matrix, 1, 0, 0});
      }
    });
  });
}

}  // namespace quern
