// Which value of a candidate is which value of a reference: by name, and where names differ by how they are made.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace quern {

/// A candidate's value is this value of the reference, turned: extent i is the reference's extent turn[i].
struct Match {
  ValueId reference = kNoValue;
  std::vector<int64_t> turn;  ///< empty: the layouts are the same
};

struct Matching {
  std::vector<std::optional<Match>> values;  ///< by ValueId of the candidate
  std::vector<size_t> inputs;                ///< by input of the candidate: the reference's input
  std::vector<size_t> outputs;               ///< by output of the reference: the candidate's output
};

/// Both graphs are prepared. Names are taken without layout twins ("X@nhwc") and without what quantizers append
/// ("X_QuantizeLinear_Output", "X_quantized", "X_int8"). What has no namesake is matched when an operator of the same
/// kind reads matched values on both sides. Error: invalid_argument when inputs or outputs do not correspond.
Result<Matching> match_values(const Graph& reference, const Graph& candidate);

/// A value's name in the file: without the twin's suffix.
std::string file_name(const Value& value);

/// The array of the candidate's layout and shape for a matched array of the reference.
Result<Tensor> turned(const Tensor& tensor, const Match& match, const Shape& shape);
/// The inverse.
Result<Tensor> turned_back(const Tensor& tensor, const Match& match, const Shape& shape);

}  // namespace quern
