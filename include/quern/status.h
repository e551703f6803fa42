// Errors without exceptions: a Status says whether something was done, a Result<T> holds either a value or a Status.
//
// An error is a sentence for the person who has to act on it: what is wrong, where, the limit and the value, and what
// to try. The fields beside the sentence (file, operator, kind) repeat the "where" for programs; see docs/errors.md.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace quern {

/// What went wrong, at the grain a caller can act on. Names are part of the JSON contract.
enum class ErrorCode {
  invalid_file,      ///< the bytes of a model, picture or data file contradict their format
  unsupported,       ///< the file is well formed, but asks for something Quern does not do
  invalid_argument,  ///< the caller's own request is wrong (shape, dtype, option)
  not_found,         ///< a file, value, task or target of that name does not exist
  out_of_memory,     ///< a size is beyond the documented limit or the machine's memory
  io,                ///< reading or writing failed (permission, space)
  placement,         ///< an operator would not run where the caller demanded
  device,            ///< a vendor runtime or a device failed
  internal,          ///< a bug in Quern
};

/// The code's name as it stands in JSON, e.g. "invalid_file".
const char* to_string(ErrorCode code);

/// One error. Only `code` and `message` are always set.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;    ///< one sentence, without a final full stop needed
  std::string file = {};  ///< the file it is about
  std::string op = {};    ///< the operator's name in the file
  std::string kind = {};  ///< the operator's kind in the file's own words, e.g. "DeformConv"
};

/// Success, or one Error. Cheap to move; must not be ignored.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error)
      : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor): `return Error{...}` reads well

  bool ok() const { return !error_.has_value(); }
  /// Requires !ok().
  const Error& error() const { return *error_; }
  Error& error() { return *error_; }

 private:
  std::optional<Error> error_;
};

/// A T, or the Error that kept it from being made.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT(google-explicit-constructor)
  Result(Error error) : status_(std::move(error)) {}     // NOLINT(google-explicit-constructor)
  Result(Status status) : status_(std::move(status)) {}  // NOLINT(google-explicit-constructor): must hold an error

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  const Error& error() const { return status_.error(); }

  /// Requires ok().
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return *std::move(value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace quern
