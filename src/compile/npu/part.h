// A partition as the compiler works on it: jobs, each with one output, over values that have a home: an array of their
// own, or a place in a larger one. Joins and splits that need no arithmetic become places, and cost nothing.
#pragma once

#include <span>
#include <vector>

#include "compile/lower.h"
#include "compile/npu/cut.h"
#include "plan/program.h"

namespace quern::npu {

/// A value of a partition. The first are the plan's, under the same index; behind them stand the parts of joins.
struct PartValue {
  DType dtype = DType::int8;
  Shape shape;
  Quantization quantization;
  int constant = -1;     ///< index into Plan::constants, or -1
  int owner = -1;        ///< the value whose array it lies in: a plan's value
  int64_t offset = 0;    ///< bytes from the start of that array
  Ints strides;          ///< bytes
  bool outside = false;  ///< the partition's outside makes or reads it: it needs an array of its own in DRAM
  bool arrives = false;  ///< of an owner: made outside
  bool leaves = false;   ///< of an owner: read outside
  int64_t element() const { return static_cast<int64_t>(size_of(dtype)); }
};

/// One computation before it is cut.
struct Job {
  OpKind kind = OpKind::Identity;
  Attrs attrs;
  std::vector<int> inputs;  ///< values, -1 absent
  int output = -1;
  uint32_t layer = 0;
  int step = 0;  ///< of the plan
};

struct Part {
  std::vector<PartValue> values;
  std::vector<Job> jobs;
  std::vector<ProgramLayer> layers;  ///< one a step of the partition

  const PartValue& value(int id) const { return values[static_cast<size_t>(id)]; }
  PartValue& value(int id) { return values[static_cast<size_t>(id)]; }
  const PartValue& owner(int id) const { return value(value(id).owner); }
};

/// The partition made of `steps` (indices into the plan, ascending). With `keep_values` every value has an array of its
/// own.
Part make_part(const LoweredPlan& lowered, std::span<const int> steps, bool keep_values);

/// The job as cutting sees it.
CutCall call_of(const Part& part, const Job& job);

}  // namespace quern::npu
