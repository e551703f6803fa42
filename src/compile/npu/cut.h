// How operators are cut: from a box of the output to the boxes of the inputs it needs, and the attributes of the
// operator that computes just that box. The result is exact: every element is the one that the whole operator gives.
#pragma once

#include <span>
#include <vector>

#include "compile/npu/box.h"
#include "plan/plan.h"

namespace quern::npu {

/// An operator as cutting sees it. Operators with several outputs are seen one output at a time.
struct CutCall {
  OpKind kind = OpKind::Identity;
  const Attrs* attrs = nullptr;
  std::vector<const Shape*> inputs;  ///< null: absent
  const Shape* output = nullptr;
};

/// What one box needs.
struct Cut {
  Attrs attrs;
  std::vector<Box> inputs;  ///< of an absent input: empty
};

/// For each axis of the output, what cuts must be multiples of; 0: the axis cannot be cut.
Ints grains(const CutCall& call);
/// `output` must respect the grains. Of the whole output it gives the operator itself.
Cut cut(const CutCall& call, const Box& output);

// One function pair a family; cut.cc chooses.
Ints spatial_grains(const CutCall& call);
Cut cut_spatial(const CutCall& call, const Box& output);
Ints linear_grains(const CutCall& call);
Cut cut_linear(const CutCall& call, const Box& output);
Ints move_grains(const CutCall& call);
Cut cut_move(const CutCall& call, const Box& output);
/// Of a Slice: the box of the input that holds what it takes.
Box slice_source(const CutCall& call);
Ints reduce_grains(const CutCall& call);
Cut cut_reduce(const CutCall& call, const Box& output);

}  // namespace quern::npu
