// What a kernel is, and how one is chosen. A kernel computes one operator on one machine; it is made once, when a
// session is created (weights are packed and multipliers computed there), and run many times.
//
// reference.cc in each family is the law: plain loops, never optimized, never removed. x86_<isa>.cc beside it must give
// the same bytes for integer types, and the same numbers up to the order of additions for float.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/fixed_point.h"
#include "base/isa.h"
#include "base/threads.h"
#include "graph/op.h"
#include "quern/tensor.h"

namespace quern {

/// What is known of one input or output when a kernel is made.
struct Operand {
  DType dtype = DType::float32;
  Shape shape;
  Quantization quantization;
  const void* constant = nullptr;  ///< the elements, when they are known; valid as long as the kernel
  bool present = true;             ///< false for an optional input that is absent

  int64_t size() const {
    int64_t n = 1;
    for (int64_t d : shape) n *= d;
    return n;
  }
  template <typename T>
  const T* constant_as() const {
    return static_cast<const T*>(constant);
  }
};

/// One operator as a kernel sees it: everything but the data.
struct OpCall {
  OpKind kind = OpKind::Identity;
  Attrs attrs;
  std::vector<Operand> inputs;  ///< parameters are already in attrs; operands beyond the list are absent
  std::vector<Operand> outputs;
  Arithmetic arithmetic = Arithmetic::float_rule;

  bool has_input(size_t i) const { return i < inputs.size() && inputs[i].present; }
  template <typename A>
  const A& as() const {
    return std::get<A>(attrs);
  }
};

/// Pointers to the elements of each operand, in order; nullptr for an absent one. Inputs and outputs never overlap.
struct Buffers {
  std::span<const void* const> inputs;
  std::span<void* const> outputs;

  template <typename T>
  const T* in(size_t i) const {
    return i < inputs.size() ? static_cast<const T*>(inputs[i]) : nullptr;
  }
  template <typename T>
  T* out(size_t i) const {
    return static_cast<T*>(outputs[i]);
  }
};

/// A prepared operator. `run` is const: everything it changes is in the buffers it is given or on its own stack.
class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual void run(const Buffers& buffers, ThreadPool& pool) const = 0;
};

/// Makes a kernel for the call, or gives nullptr when this row does not do it.
using KernelFactory = std::unique_ptr<Kernel> (*)(const OpCall& call);

/// One row of kernels.inc.
struct KernelRow {
  const char* name;
  Isa isa;
  KernelFactory make;
};

/// All rows, best first.
std::span<const KernelRow> kernel_rows();

/// A kernel and the row it came from.
struct ChosenKernel {
  std::unique_ptr<Kernel> kernel;
  const KernelRow* row = nullptr;
};

/// The first row of an instruction set up to `limit` (which must be supported here) that does the call.
/// unsupported, naming kind and dtypes, when none does.
Result<ChosenKernel> choose_kernel(const OpCall& call, Isa limit);

}  // namespace quern
