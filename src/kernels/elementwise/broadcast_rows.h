// Two operands broadcast to one output, seen as rows along the output's last axis.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/reference_kernel.h"

namespace quern {

/// Numpy's broadcasting of two shapes, prepared: where a row starts in each operand, and how far apart its elements
/// are.
class BroadcastRows {
 public:
  BroadcastRows(const Shape& a, const Shape& b, const Shape& out)
      : out_(out), a_(stretched(a, out)), b_(stretched(b, out)) {
    if (out_.empty()) out_ = {1}, a_ = {0}, b_ = {0};
  }

  int64_t length() const { return out_.back(); }
  int64_t rows() const { return extent_product(out_, 0, out_.size() - 1); }
  int64_t a_step() const { return a_.back(); }
  int64_t b_step() const { return b_.back(); }
  int64_t a_start(int64_t row) const { return start(row, a_); }
  int64_t b_start(int64_t row) const { return start(row, b_); }

 private:
  /// The operand's strides along the output's axes, 0 where it is stretched.
  static Shape stretched(const Shape& operand, const Shape& out) {
    const Shape own = strides_of(operand);
    Shape strides(out.size(), 0);
    const size_t missing = out.size() - operand.size();
    for (size_t i = 0; i < operand.size(); ++i) strides[missing + i] = operand[i] == 1 ? 0 : own[i];
    return strides;
  }

  int64_t start(int64_t row, const Shape& strides) const {
    int64_t offset = 0;
    for (size_t axis = out_.size() - 1; axis-- > 0; row /= out_[axis]) offset += row % out_[axis] * strides[axis];
    return offset;
  }

  Shape out_, a_, b_;
};

}  // namespace quern
