// A plan as bytes, without the elements of its constants. docs/package_format.md draws the bytes.
#pragma once

#include "base/bytes.h"
#include "plan/plan.h"

namespace quern {

/// Where each constant's elements begin in the section `constants`.
struct PlanBytes {
  std::vector<std::byte> plan;
  std::vector<std::byte> constants;
};
PlanBytes write_plan(const Plan& plan);

/// A constant whose elements are still in the file.
struct PlannedConstant {
  DType dtype = DType::float32;
  Shape shape;
  Quantization quantization;
  int64_t offset = -1;  ///< -1: its elements are not there, since no step on the processor reads it
};

/// The plan with no constants in it yet, and what they are. Every number was doubted alone; that they fit together is
/// the business of check_plan. Errors: invalid_file, unsupported (an operator or attribute of another version).
struct ReadPlan {
  Plan plan;
  std::vector<PlannedConstant> constants;
};
Result<ReadPlan> read_plan(ByteReader& in);

}  // namespace quern
