// Joins at a model's end that one scale cannot serve: boxes in pixels beside scores below 1.
#pragma once

#include <string>
#include <vector>

#include "measure/calibrate/observe.h"
#include "quantize/assign.h"

namespace quern {

/// A Concat that only outputs show, and how far apart its operands are.
struct WideJoin {
  std::string op;
  std::string output;  ///< the first graph output behind it
  float least = 0;     ///< reach of the operand that would suffer
  float greatest = 0;
};

/// The joins of a full-integer assignment whose operands' reaches differ by more than kWidest, by what `samples` show.
/// One scale for both would take more than 3 of the 8 bits from the smaller one.
/// `runner` is of the assignment's graph.
Result<std::vector<WideJoin>> wide_joins(const Assignment& assignment, const GraphRunner& runner,
                                         const SampleSource& samples);
inline constexpr float kWidest = 8;

/// Why the output stays float, and what to do.
std::string sentence_of(const WideJoin& join);

}  // namespace quern
