// The kernels of a program's computations. Weights and biases are in scratch when a command starts, not before, so a
// kernel is made from the bytes found there, and kept as long as the same call finds the same bytes.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/isa.h"
#include "kernels/kernel.h"
#include "plan/program.h"

namespace quern::machine {

/// The bytes of a call's constant operands, by operand.
using ConstantBytes = std::vector<std::span<const std::byte>>;

class KernelCache {
 public:
  explicit KernelCache(Isa limit) : limit_(limit) {}

  /// Notes the call of a computation and gives its index; equal calls share one. Errors: unsupported (no kernel).
  Result<size_t> add(const Program& program, const Computation& computation);

  /// True when operand i of a kind is known to the kernel: weights and bias of a product.
  static bool is_constant(OpKind kind, size_t operand);

  /// The kernel of call `index` for these constants. Valid until the next call.
  Result<const Kernel*> kernel(size_t index, const ConstantBytes& constants);

 private:
  struct Made {
    std::vector<std::byte> constants;  ///< of all constant operands, each at a multiple of 64 bytes
    std::unique_ptr<Kernel> kernel;
  };
  struct Call {
    OpCall call;
    std::unordered_multimap<uint64_t, Made> made;  ///< by a hash of the constants
  };

  Isa limit_;
  std::unordered_map<std::string, size_t> by_key_;
  std::vector<Call> calls_;
  size_t kept_ = 0;  ///< bytes of constants in all of `made`
};

}  // namespace quern::machine
