// The memory that a session's values live in.
#pragma once

#include <cstddef>
#include <memory>

#include "quern/status.h"

namespace quern {

/// Zeroed memory that begins on a cache line; where it is large, on large pages if the system has them, so that a run
/// over it needs few address translations.
class Arena {
 public:
  /// out_of_memory when there is not that much.
  static Result<Arena> make(size_t bytes);

  std::byte* data() const { return memory_.get(); }

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte, Free> memory_;
};

}  // namespace quern
