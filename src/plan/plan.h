// What compile hands to run: operators in order, every value with its place in memory, constants. Nothing in a plan
// needs a decision; a session only chooses kernels.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/fixed_point.h"
#include "graph/op.h"
#include "quern/tensor.h"

namespace quern {

struct Program;

/// Where a value lives while a plan runs.
struct PlanValue {
  std::string name;
  DType dtype = DType::float32;
  Shape shape;
  Quantization quantization;
  int constant = -1;    ///< index into Plan::constants, or -1
  int64_t offset = -1;  ///< byte offset in the arena, 64-byte aligned; -1 for constants
  int64_t bytes = 0;
};

/// One operator to run, or one partition: a program of a simulated NPU.
struct PlanStep {
  OpKind kind = OpKind::Identity;
  std::string name;         ///< the user's operator
  std::string source_kind;  ///< the file's word for it
  Attrs attrs;
  std::vector<int> inputs;  ///< value indices, -1 absent
  std::vector<int> outputs;
  int64_t macs = 0;
  int program =
      -1;  ///< index into Plan::programs, or -1: the operator of `kind`. A program's step has the values that
           ///< the program reads as inputs and those it writes as outputs; they live side by side while it runs
};

/// A compiled model.
struct Plan {
  std::string name;
  Arithmetic arithmetic = Arithmetic::float_rule;
  std::vector<PlanValue> values;
  std::vector<PlanStep> steps;
  std::vector<int> inputs;
  std::vector<int> outputs;
  std::vector<Tensor> constants;
  std::vector<std::shared_ptr<const Program>> programs;  ///< partitions, run by steps
  int64_t arena_bytes = 0;
};

}  // namespace quern
