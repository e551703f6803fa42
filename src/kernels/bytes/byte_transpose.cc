// Transposes of bytes whose innermost axis moves: channels to the front or to the back, and shuffles of channels.
#include <algorithm>

#include "kernels/bytes/byte_kernels.h"
#include "kernels/move/permuted.h"
#include "kernels/reference_kernel.h"

namespace quern {

std::unique_ptr<Kernel> make_byte_transpose(const OpCall& call, TransposeBytes transpose) {
  if (call.kind != OpKind::Transpose || !same_codes(call.inputs[0], call.outputs[0])) return nullptr;
  if (size_of(call.outputs[0].dtype) != 1 || call.outputs[0].size() == 0) return nullptr;
  const Permuted p = merge_axes(call.inputs[0].shape, call.as<TransposeAttrs>().perm);
  if (p.extents.empty() || p.strides.back() == 1) return nullptr;
  const SwappedMatrices m = swapped_matrices(p);
  // Great matrices are shared among threads by pieces of their rows.
  constexpr int64_t kRows = 4096;
  const int64_t pieces = (m.rows() + kRows - 1) / kRows;
  return make_kernel([=](const Buffers& b, ThreadPool& pool) {
    pool.parallel_for(m.count() * pieces, grain_for(m.columns() * std::min(m.rows(), kRows) / 4),
                      [&](int64_t begin, int64_t end) {
                        for (int64_t i = begin; i < end; ++i) {
                          const int64_t first = i % pieces * kRows;
                          transpose({b.in<uint8_t>(0) + m.in_offset(i / pieces) + first, m.in_stride(),
                                     b.out<uint8_t>(0) + m.out_offset(i / pieces) + first * m.out_stride(),
                                     m.out_stride(), std::min(kRows, m.rows() - first), m.columns()});
                        }
                      });
  });
}

}  // namespace quern
