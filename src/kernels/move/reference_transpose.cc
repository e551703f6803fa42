// Transpose: axes are merged first, so that most transposes become copies of blocks or of one matrix.
#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/reference_kernel.h"

namespace quern {

namespace {

/// A transpose of the fewest axes: extents of the output, and the input's stride along each, in elements.
struct Permuted {
  Shape extents;
  Shape strides;
};

Permuted merge_axes(const Shape& in, Ints perm) {
  if (perm.empty()) {
    for (size_t i = in.size(); i-- > 0;) perm.push_back(static_cast<int64_t>(i));
  }
  const Shape own = strides_of(in);
  Permuted merged;
  for (const int64_t axis : perm) {
    const int64_t extent = in[static_cast<size_t>(axis)], stride = own[static_cast<size_t>(axis)];
    if (extent == 1) continue;
    if (!merged.extents.empty() && merged.strides.back() == stride * extent) {
      merged.extents.back() *= extent;
      merged.strides.back() = stride;
    } else {
      merged.extents.push_back(extent);
      merged.strides.push_back(stride);
    }
  }
  return merged;
}

/// Element offset in the input of index `flat` of the output's axes `axes` (in order).
int64_t input_offset(const Permuted& p, const std::vector<size_t>& axes, int64_t flat) {
  int64_t offset = 0;
  for (size_t i = axes.size(); i-- > 0;) {
    offset += flat % p.extents[axes[i]] * p.strides[axes[i]];
    flat /= p.extents[axes[i]];
  }
  return offset;
}

int64_t count_of(const Permuted& p, const std::vector<size_t>& axes) {
  int64_t count = 1;
  for (const size_t axis : axes) count *= p.extents[axis];
  return count;
}

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
  const size_t last = p.extents.size() - 1;
  const auto inner = static_cast<size_t>(std::find(p.strides.begin(), p.strides.end(), 1) - p.strides.begin());
  const Shape out_strides = strides_of(p.extents);
  std::vector<size_t> outer;
  for (size_t i = 0; i < last; ++i) {
    if (i != inner) outer.push_back(i);
  }
  const int64_t tiles = (p.extents[inner] + kSquare - 1) / kSquare;
  return make_kernel([=](const Buffers& b, ThreadPool& pool) {
    const int64_t columns = p.extents[last], rows = p.extents[inner];
    pool.parallel_for(count_of(p, outer) * tiles, grain_for(columns * kSquare), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        int64_t rest = i / tiles, to = 0;
        const T* in = b.in<T>(0) + input_offset(p, outer, rest);
        for (size_t k = outer.size(); k-- > 0; rest /= p.extents[outer[k]]) {
          to += rest % p.extents[outer[k]] * out_strides[outer[k]];
        }
        T* out = b.out<T>(0) + to;
        const int64_t first = i % tiles * kSquare, stop = std::min(first + kSquare, rows);
        for (int64_t c0 = 0; c0 < columns; c0 += kSquare) {
          const int64_t c1 = std::min(c0 + kSquare, columns);
          for (int64_t r = first; r < stop; ++r) {
            for (int64_t c = c0; c < c1; ++c) out[r * out_strides[inner] + c] = in[r + c * p.strides[last]];
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
