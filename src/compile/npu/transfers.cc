// A box of an array as the fewest transfers: axes without gaps become one, two more are counted by the engine itself.
#include "compile/npu/draft.h"

namespace quern::npu {

namespace {

/// One axis that both sides step through.
struct Loop {
  int64_t count = 1, outside = 0, inside = 0;
};

/// The loops of a box, innermost first; the first is the run of adjacent bytes.
std::vector<Loop> loops_of(const Box& box, const Ints& outside_strides, int64_t element_bytes) {
  const Ints inside = dense_strides(box.extent, element_bytes);
  std::vector<Loop> loops{{element_bytes, 1, 1}};
  for (size_t axis = box.extent.size(); axis-- > 0;) {
    if (box.extent[axis] == 1) continue;
    Loop& last = loops.back();
    const bool adjacent =
        outside_strides[axis] == last.count * last.outside && inside[axis] == last.count * last.inside;
    if (adjacent) {
      last.count *= box.extent[axis];
    } else {
      loops.push_back({box.extent[axis], outside_strides[axis], inside[axis]});
    }
  }
  return loops;
}

void expand(const std::vector<Loop>& loops, size_t depth, Transfer transfer, std::vector<Transfer>& all) {
  if (depth < 3) {
    all.push_back(transfer);
    return;
  }
  const Loop& loop = loops[depth];
  for (int64_t i = 0; i < loop.count; ++i) {
    expand(loops, depth - 1, transfer, all);
    transfer.outside += loop.outside;
    transfer.scratch += loop.inside;
  }
}

}  // namespace

std::vector<Transfer> transfers_of(const Transfer& base, const Box& box, const Ints& outside_strides,
                                   int64_t element_bytes) {
  if (elements(box) == 0) return {};
  std::vector<Loop> loops = loops_of(box, outside_strides, element_bytes);
  Transfer transfer = base;
  transfer.outside += byte_offset(box, outside_strides);
  transfer.counts[2] = loops[0].count;
  for (size_t i = 1; i < 3 && i < loops.size(); ++i) {
    transfer.counts[2 - i] = loops[i].count;
    transfer.outside_strides[2 - i] = loops[i].outside;
    transfer.scratch_strides[2 - i] = loops[i].inside;
  }
  std::vector<Transfer> all;
  expand(loops, loops.size() - 1, transfer, all);
  return all;
}

}  // namespace quern::npu
