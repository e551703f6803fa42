#include "compile/npu/rewrite/rewrite.h"

#include <algorithm>

#include "base/error.h"
#include "compile/npu/rewrite/changes.h"
#include "compile/npu/rewrite/isolate.h"
#include "compile/npu/rewrite/same_bytes.h"
#include "graph/infer.h"
#include "graph/verify.h"

namespace quern::npu {

namespace {

/// Rewrites one behind the other for one operator: a stride, then a kernel, then a pad, and what pads ask for.
constexpr int kDeepest = 4;
/// Graphs that are looked at for one operator.
constexpr int kMostGraphs = 150;

struct Refusal {
  int op = 0;
  std::string reason;
};

/// Operators that the target does not take, in order.
std::vector<Refusal> refusals(const Graph& graph, const TargetProfile& profile, Arithmetic arithmetic) {
  const LoweredPlan lowered = lower(graph, arithmetic);
  const std::vector<Verdict> verdicts = place(lowered, profile, machine_of(profile, profile.name));
  const Uses uses(graph);
  std::vector<Refusal> refused;
  for (size_t s = 0; s < verdicts.size(); ++s) {
    if (verdicts[s].npu) continue;
    const int first = lowered.plan.steps[s].outputs[0];
    refused.push_back({uses.producer[static_cast<size_t>(first)], verdicts[s].reason});
  }
  return refused;
}

/// Drops operators whose results nothing reads; values keep their index.
void drop_dead(Graph& graph) {
  for (bool dropped = true; dropped;) {
    const Uses uses(graph);
    dropped = std::erase_if(graph.ops, [&](const Op& op) {
                return std::all_of(op.outputs.begin(), op.outputs.end(), [&](ValueId id) {
                  return id == kNoValue ||
                         (uses.consumers[static_cast<size_t>(id)].empty() && !uses.is_output[static_cast<size_t>(id)]);
                });
              }) > 0;
  }
}

/// In order, inferred, and with the outputs it had.
bool make_regular(Graph& graph) {
  std::vector<Shape> shapes;
  for (ValueId id : graph.outputs) shapes.push_back(graph.value(id).shape);
  drop_dead(graph);
  if (!sort_topologically(graph).ok() || !infer(graph).ok()) return false;
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (graph.value(graph.outputs[i]).shape != shapes[i]) return false;
  }
  return true;
}

/// Looks for the fewest rewrites, tried one behind the other, after which the target takes all of a graph.
class Search {
 public:
  Search(const TargetProfile& profile, Arithmetic arithmetic) : profile_(profile), arithmetic_(arithmetic) {}

  /// Changes the graph and says how, or gives nothing.
  std::optional<std::string> run(Graph& graph) {
    const std::vector<Refusal> refused = refusals(graph, profile_, arithmetic_);
    for (int depth = 1; depth <= kDeepest && left_ > 0 && !refused.empty(); ++depth) {
      if (auto change = within(graph, refused, depth)) return change;
    }
    return std::nullopt;
  }

 private:
  std::optional<std::string> within(Graph& graph, const std::vector<Refusal>& refused, int depth) {
    for (const Change& change : changes()) {
      std::vector<Alternative> ways;
      change.ways({graph, refused[0].op, profile_}, ways);
      for (Alternative& way : ways) {
        if (left_ <= 0) return std::nullopt;
        if (!make_regular(way.graph)) continue;
        --left_;
        const std::vector<Refusal> still = refusals(way.graph, profile_, arithmetic_);
        if (!still.empty() && (depth == 1 || contains(still, refused[0].reason))) continue;
        std::string said = way.change;
        if (!still.empty()) {
          const auto rest = within(way.graph, still, depth - 1);
          if (!rest) continue;
          said += "; " + *rest;
        }
        graph = std::move(way.graph);
        return said;
      }
    }
    return std::nullopt;
  }

  /// A change that leaves the limit broken as it was has done nothing for it.
  static bool contains(const std::vector<Refusal>& refused, const std::string& reason) {
    return std::any_of(refused.begin(), refused.end(), [&](const Refusal& one) { return one.reason == reason; });
  }

  const TargetProfile& profile_;
  Arithmetic arithmetic_;
  int left_ = kMostGraphs;
};

}  // namespace

Result<Rewritten> rewrite_for(const Graph& graph, const TargetProfile& profile, Arithmetic arithmetic,
                              const std::set<int>& skip) {
  Rewritten rewritten{graph, {}};
  std::set<int> gone;
  for (const Refusal& refusal : refusals(graph, profile, arithmetic)) {
    if (skip.contains(refusal.op)) continue;
    Isolated part = isolate(graph, refusal.op);
    if (std::any_of(part.ops.begin(), part.ops.end(), [&](int op) { return gone.contains(op); })) continue;
    const Graph before = part.graph;
    const auto change = Search(profile, arithmetic).run(part.graph);
    if (!change || !same_bytes(before, part.graph, arithmetic)) continue;
    const Op& op = graph.ops[static_cast<size_t>(refusal.op)];
    const std::vector<std::string> names = put_back(rewritten.graph, part);
    gone.insert(part.ops.begin(), part.ops.end());
    rewritten.replaced.push_back({refusal.op,
                                  {op.name, op.source_kind.empty() ? std::string(info(op.kind).name) : op.source_kind,
                                   refusal.reason, *change, macs(graph, op)},
                                  {names.begin(), names.end()}});
  }
  std::vector<Op> kept;
  for (size_t i = 0; i < rewritten.graph.ops.size(); ++i) {
    if (!gone.contains(static_cast<int>(i))) kept.push_back(std::move(rewritten.graph.ops[i]));
  }
  rewritten.graph.ops = std::move(kept);
  drop_dead(rewritten.graph);
  QUERN_CHECK(sort_topologically(rewritten.graph));
  compact(rewritten.graph);
  QUERN_CHECK(infer(rewritten.graph));
  QUERN_CHECK(verify(rewritten.graph));
  return rewritten;
}

}  // namespace quern::npu
