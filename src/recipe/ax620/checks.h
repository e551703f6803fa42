// What can be said of a configuration without its model.
#pragma once

#include "recipe/ax620/document.h"

namespace quern::ax620 {

/// Errors: invalid_file (contradictions, sizes below 1, divisors of 0), unsupported (what Quern does not do), each with
/// field, value and line.
Status check(const Document& document);

/// The TensorConfs of a list and of the older word for it, of which one may be used.
struct TensorList {
  const google::protobuf::RepeatedPtrField<TensorConf>* items;
  const char* field;
};
Result<TensorList> source_inputs(const Document& document);
Result<TensorList> compiled_inputs(const Document& document);

}  // namespace quern::ax620
