// The part of verify that looks at attributes alone. Header-only: attributes come from outside in programs too
// (plan/program_check), which do not link the graph.
#pragma once

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "graph/enum_names.h"
#include "graph/op.h"

namespace quern {

namespace detail {

/// What an integer attribute may be. Those not named may be anything.
struct AttrRange {
  std::string_view name;
  int64_t low, high;
};

inline constexpr int64_t kFar = Tensor::kMaxBytes;
inline constexpr AttrRange kRanges[] = {
    {"strides", 1, kFar},
    {"dilations", 1, kFar},
    {"kernel", 1, kFar},
    {"groups", 1, kFar},
    {"block", 1, kFar},
    {"size", 1, kFar},
    {"k", 0, kFar},
    {"depth", 0, kFar},
    {"batch_dims", 0, kFar},
    {"output_padding", 0, kFar},
    {"output_shape", 0, kFar},
    {"repeats", 0, kFar},
    {"sizes", 0, kFar},
    {"p", 1, 2},
};

/// Longer lists than a value has axes or an operator has outputs make no sense.
inline constexpr size_t kMaxListLength = 1'000'000;

class AttrChecker {
 public:
  Status status;

  template <typename T>
  void operator()(const char* name, const T& value) {
    if (status.ok()) status = check(name, value);
  }

 private:
  static Status in_range(std::string_view name, int64_t value, int64_t low, int64_t high) {
    if (value >= low && value <= high) return {};
    return fail(ErrorCode::invalid_file, "{} {} is outside {}…{}", name, value, low, high);
  }

  static Status check(std::string_view name, int64_t value) {
    const auto* row =
        std::find_if(std::begin(kRanges), std::end(kRanges), [&](const AttrRange& r) { return r.name == name; });
    return row == std::end(kRanges) ? Status() : in_range(name, value, row->low, row->high);
  }
  static Status check(std::string_view, bool) { return {}; }
  static Status check(std::string_view name, double value) {
    if (!std::isnan(value)) return {};
    return fail(ErrorCode::invalid_file, "{} is not a number", name);
  }
  static Status check(std::string_view name, float value) { return check(name, static_cast<double>(value)); }
  static Status check(std::string_view name, DType value) {
    return in_range(name, static_cast<int64_t>(value), 0, static_cast<int64_t>(DType::boolean));
  }
  static Status check(std::string_view name, const Clamp& value) {
    if (value.low <= value.high) return {};
    return fail(ErrorCode::invalid_file, "{} from {} to {} leaves nothing", name, value.low, value.high);
  }
  static Status check(std::string_view name, const Pair& values) { return check_all(name, values); }
  static Status check(std::string_view name, const Pads& values) {
    for (int64_t value : values) QUERN_CHECK(in_range(name, value, 0, kFar));
    return {};
  }
  static Status check(std::string_view name, const Ints& values) { return check_all(name, values); }
  static Status check(std::string_view name, const std::vector<float>& values) {
    QUERN_CHECK(check_all(name, values));
    for (float value : values) {
      if (name == "scales" && !(value > 0 && std::isfinite(value))) {
        return fail(ErrorCode::invalid_file, "{} holds {}; a scale is finite and more than 0", name, value);
      }
    }
    return {};
  }
  template <NamedEnum E>
  static Status check(std::string_view name, E value) {
    return in_range(name, static_cast<int64_t>(value), 0, static_cast<int64_t>(names_of(value).size()) - 1);
  }

  template <typename List>
  static Status check_all(std::string_view name, const List& values) {
    if (values.size() > kMaxListLength) {
      return fail(ErrorCode::invalid_file, "{} has {} numbers; the limit is {}", name, values.size(), kMaxListLength);
    }
    for (const auto& value : values) QUERN_CHECK(check(name, value));
    return {};
  }
};

}  // namespace detail

/// That every attribute lies in the range that makes sense before any shape is known. The sentence names attribute,
/// value and limit, without the operator.
inline Status verify_attrs(const Attrs& attrs) {
  detail::AttrChecker checker;
  std::visit([&](auto own) { own.fields(checker); }, attrs);
  return std::move(checker.status);
}

}  // namespace quern
