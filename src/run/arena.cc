#include "run/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/error.h"

namespace quern {

namespace {

constexpr size_t kLine = 64;
constexpr size_t kLargePage = size_t{2} << 20;

}  // namespace

void Arena::Free::operator()(std::byte* memory) const {
  std::free(memory);
}

Result<Arena> Arena::make(size_t bytes) {
  const size_t alignment = bytes >= kLargePage / 2 ? kLargePage : kLine;
  const size_t padded = std::max(bytes + alignment, alignment) / alignment * alignment;
  Arena arena;
  arena.memory_.reset(static_cast<std::byte*>(std::aligned_alloc(alignment, padded)));
  if (arena.memory_ == nullptr) {
    return fail(ErrorCode::out_of_memory, "no memory for the {} bytes that the model's values need", bytes);
  }
#ifdef MADV_HUGEPAGE
  if (alignment == kLargePage) madvise(arena.memory_.get(), padded, MADV_HUGEPAGE);  // a wish; refused is as good
#endif
  std::memset(arena.memory_.get(), 0, bytes);
  return arena;
}

}  // namespace quern
