// How times are shown.
#pragma once

#include <string>
#include <vector>

#include "output.h"
#include "quern/measure.h"
#include "quern/session.h"

namespace quern::cli {

struct OperatorTime {
  StepInfo step;
  double median_ms = 0;
};

/// One model of a benchmark.
struct BenchRow {
  std::string model;
  std::string target;
  int threads = 1;
  std::string isa;
  Times times;
  std::vector<OperatorTime> operators;  ///< empty: not asked for
};

/// A line a model, what to doubt about it, how the others relate to the first, and with `profile` the operators.
std::string bench_text(const std::vector<BenchRow>& rows, bool profile);
Json bench_json(const std::vector<BenchRow>& rows);
/// The operators one after the other, as Chrome's trace events.
std::string trace_of(const BenchRow& row);

}  // namespace quern::cli
