#include "measure/calibrate/one_operator.h"

#include "base/error.h"

#include <algorithm>

#include "plan/plan.h"

namespace quern {

namespace {

constexpr int64_t kAlignment = 64;

/// Gives every distinct value of the operator a place of its own in a plan of one step.
class OneStepPlan {
 public:
  OneStepPlan(const Graph& graph, const Op& op, Arithmetic arithmetic) : graph_(graph) {
    plan_.name = op.name;
    plan_.arithmetic = arithmetic;
    PlanStep step{op.kind, op.name, op.source_kind, op.attrs, {}, {}, 0};
    for (ValueId id : op.inputs) step.inputs.push_back(place(id));
    plan_.inputs = std::move(fed_);
    for (ValueId id : op.outputs) step.outputs.push_back(place(id));
    plan_.outputs = std::move(fed_);
    plan_.steps.push_back(std::move(step));
  }

  Plan take() { return std::move(plan_); }

 private:
  int place(ValueId id) {
    if (id == kNoValue) return -1;
    const auto found = std::ranges::find(ids_, id);
    if (found != ids_.end()) return static_cast<int>(found - ids_.begin());
    const Value& value = graph_.value(id);
    PlanValue planned{value.name, value.dtype, value.shape, value.quantization};
    planned.bytes = static_cast<int64_t>(size_of(value.dtype));
    for (int64_t extent : value.shape) planned.bytes *= extent;
    const int index = static_cast<int>(plan_.values.size());
    if (value.constant) {
      planned.constant = static_cast<int>(plan_.constants.size());
      plan_.constants.push_back(*value.constant);
    } else {
      planned.offset = plan_.arena_bytes;
      plan_.arena_bytes += (planned.bytes + kAlignment - 1) / kAlignment * kAlignment;
      fed_.push_back(index);
    }
    plan_.values.push_back(std::move(planned));
    ids_.push_back(id);
    return index;
  }

  const Graph& graph_;
  Plan plan_;
  std::vector<ValueId> ids_;
  std::vector<int> fed_;
};

}  // namespace

Result<OneOperator> OneOperator::create(const Graph& graph, const Op& op, const SessionOptions& options,
                                        Arithmetic arithmetic) {
  auto plan = std::make_shared<const Plan>(OneStepPlan(graph, op, arithmetic).take());
  QUERN_TRY(Session session, Session::create(std::move(plan), options));
  return OneOperator(std::move(session));
}

}  // namespace quern
