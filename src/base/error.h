// Making errors, and passing them on.
#pragma once

#include <fmt/format.h>

#include "quern/status.h"

namespace quern {

/// An Error whose sentence is formatted: `return fail(ErrorCode::unsupported, "Conv '{}': group {} …", name, group);`
template <typename... Args>
Error fail(ErrorCode code, fmt::format_string<Args...> sentence, Args&&... args) {
  return Error{code, fmt::format(sentence, std::forward<Args>(args)...)};
}

}  // namespace quern

// The two macros of the house. They keep the one path that matters readable.
#define QUERN_CONCAT_INNER(a, b) a##b
#define QUERN_CONCAT(a, b) QUERN_CONCAT_INNER(a, b)

/// Returns from the function when `expr` (a Status) is an error.
#define QUERN_CHECK(expr)                                                               \
  do {                                                                                  \
    if (::quern::Status quern_status = (expr); !quern_status.ok()) return quern_status; \
  } while (false)

/// Declares or assigns `target` from `expr` (a Result), or returns its error.
#define QUERN_TRY(target, expr) QUERN_TRY_INNER(QUERN_CONCAT(quern_result_, __LINE__), target, expr)
#define QUERN_TRY_INNER(result, target, expr) \
  auto result = (expr);                       \
  if (!result.ok()) return result.status();   \
  target = *std::move(result)
