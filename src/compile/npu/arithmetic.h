// What the arithmetic of an NPU asks of an operator, whatever the chip: integers, and sums that fit.
#pragma once

#include "compile/npu/rules.h"

namespace quern::npu {

/// Types of operands: those of the rule for activations (8 and 16 bits without a rule), 8 bits for weights. float32 is
/// named first of all.
std::optional<std::string> types_broken(const OperatorRule* rule, const Facts& facts);
/// One output; products whose sums and biases are integer ones (docs/quantization.md section 3).
std::optional<std::string> arithmetic_broken(const Facts& facts);

}  // namespace quern::npu
