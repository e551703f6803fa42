// Small plans made by hand, without reader, graph or compiler.
#pragma once

#include "plan/plan.h"

namespace quern::test {

inline PlanValue value(const std::string& name, const Shape& shape, int64_t offset, int constant = -1) {
  PlanValue v{name, DType::float32, shape};
  v.offset = offset;
  v.constant = constant;
  v.bytes = 4;
  for (int64_t extent : shape) v.bytes *= extent;
  return v;
}

/// y = relu(x + [1, -2, 3])
inline Plan add_relu_plan() {
  Plan plan;
  plan.name = "add_relu";
  plan.constants.push_back(Tensor::of<float>({3}, {1, -2, 3}));
  plan.values = {value("x", {2, 3}, 0), value("c", {3}, -1, 0), value("sum", {2, 3}, 64), value("y", {2, 3}, 128)};
  plan.steps = {{OpKind::Add, "add", "Add", ClampAttrs{}, {0, 1}, {2}},
                {OpKind::Relu, "relu", "Relu", NoAttrs{}, {2}, {3}}};
  plan.inputs = {0};
  plan.outputs = {3};
  plan.arena_bytes = 192;
  return plan;
}

}  // namespace quern::test
