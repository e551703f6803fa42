// Gather, GatherElements, GatherNd. Indices come with the data, so they are doubted here: negative ones count from the
// end, and one that is still outside gives zero bytes instead of reading elsewhere.
#include <cstring>
#include <vector>

#include "kernels/reference_kernel.h"

namespace quern {

namespace {

/// The index as counted from the start, or -1 when it is outside.
template <typename I>
int64_t settled(I index, int64_t extent) {
  const auto wide = static_cast<int64_t>(index);
  const int64_t at = wide < 0 ? wide + extent : wide;
  return at >= 0 && at < extent ? at : -1;
}

/// Copies block `from` of the input, or zeros when it is negative.
void copy_block(const std::byte* in, int64_t from, std::byte* out, int64_t bytes) {
  if (from < 0) {
    std::memset(out, 0, static_cast<size_t>(bytes));
  } else {
    std::memcpy(out, in + from * bytes, static_cast<size_t>(bytes));
  }
}

bool takes(const OpCall& call, OpKind kind) {
  return call.kind == kind && same_codes(call.inputs[0], call.outputs[0]);
}

using IndexTypes = Types<int32_t, int64_t>;

template <typename I>
std::unique_ptr<Kernel> make_gather(const OpCall& call) {
  const Shape& in = call.inputs[0].shape;
  const auto axis = static_cast<size_t>(call.as<AxisAttrs>().axis);
  const int64_t extent = in[axis], count = call.inputs[1].size();
  const auto element = static_cast<int64_t>(size_of(call.outputs[0].dtype));
  const int64_t block = extent_product(in, axis + 1, in.size()) * element;
  const int64_t blocks = extent_product(in, 0, axis) * count;
  return make_kernel([=](const Buffers& b, ThreadPool& pool) {
    pool.parallel_for(blocks, grain_for(block), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t at = settled(b.in<I>(1)[i % count], extent);
        copy_block(b.in<std::byte>(0), at < 0 ? -1 : i / count * extent + at, b.out<std::byte>(0) + i * block, block);
      }
    });
  });
}

template <typename I>
std::unique_ptr<Kernel> make_gather_elements(const OpCall& call) {
  const Shape in = call.inputs[0].shape, out = call.outputs[0].shape;
  const auto axis = static_cast<size_t>(call.as<AxisAttrs>().axis);
  const auto element = static_cast<int64_t>(size_of(call.outputs[0].dtype));
  return make_kernel([=, strides = strides_of(in), size = call.outputs[0].size()](const Buffers& b, ThreadPool& pool) {
    pool.parallel_for(size, 2048, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        int64_t from = 0, rest = i;
        for (size_t k = out.size(); k-- > 0; rest /= out[k]) from += k == axis ? 0 : rest % out[k] * strides[k];
        const int64_t at = settled(b.in<I>(1)[i], in[axis]);
        copy_block(b.in<std::byte>(0), at < 0 ? -1 : from + at * strides[axis], b.out<std::byte>(0) + i * element,
                   element);
      }
    });
  });
}

template <typename I>
std::unique_ptr<Kernel> make_gather_nd(const OpCall& call) {
  const Shape in = call.inputs[0].shape;
  const Shape& indices = call.inputs[1].shape;
  const auto batch_dims = static_cast<size_t>(call.as<GatherNdAttrs>().batch_dims);
  const auto depth = static_cast<size_t>(indices.back());
  const int64_t tuples = extent_product(indices, 0, indices.size() - 1);
  const int64_t batches = extent_product(in, 0, batch_dims);
  const int64_t tuples_each = batches > 0 ? tuples / batches : 0;
  const auto element = static_cast<int64_t>(size_of(call.outputs[0].dtype));
  const int64_t block = extent_product(in, batch_dims + depth, in.size()) * element;
  return make_kernel([=](const Buffers& b, ThreadPool& pool) {
    pool.parallel_for(tuples, grain_for(block), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        int64_t from = i / tuples_each;
        for (size_t k = 0; k < depth; ++k) {
          const int64_t extent = in[batch_dims + k];
          const int64_t at = settled(b.in<I>(1)[i * static_cast<int64_t>(depth) + static_cast<int64_t>(k)], extent);
          from = from < 0 || at < 0 ? -1 : from * extent + at;
        }
        copy_block(b.in<std::byte>(0), from, b.out<std::byte>(0) + i * block, block);
      }
    });
  });
}

}  // namespace

std::unique_ptr<Kernel> gather_reference(const OpCall& call) {
  if (!takes(call, OpKind::Gather)) return nullptr;
  return for_type(IndexTypes{}, call.inputs[1].dtype, [&](auto i) { return make_gather<decltype(i)>(call); });
}

std::unique_ptr<Kernel> gather_elements_reference(const OpCall& call) {
  if (!takes(call, OpKind::GatherElements)) return nullptr;
  return for_type(IndexTypes{}, call.inputs[1].dtype, [&](auto i) { return make_gather_elements<decltype(i)>(call); });
}

std::unique_ptr<Kernel> gather_nd_reference(const OpCall& call) {
  if (!takes(call, OpKind::GatherNd)) return nullptr;
  return for_type(IndexTypes{}, call.inputs[1].dtype, [&](auto i) { return make_gather_nd<decltype(i)>(call); });
}

}  // namespace quern
