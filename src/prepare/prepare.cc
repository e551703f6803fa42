#include "prepare/prepare.h"

#include "base/error.h"
#include "graph/infer.h"
#include "graph/verify.h"

namespace quern {

namespace {

// The order, and why.
constexpr Pass kPasses[] = {
    {"fix_shapes", fix_shapes},        // first: every later pass reads shapes
    {"resolve", resolve},              // needs the constants that fix_shapes made of shape arithmetic
    {"remove_no_ops", remove_no_ops},  // so that neighbours really are neighbours
    {"push_transposes",
     push_transposes},                 // before all folding: the passes below look for direct neighbours, channels last
    {"remove_no_ops", remove_no_ops},  // push_transposes leaves reshapes of reshapes
    {"fold_constants", fold_constants},                        // the constants that the passes below look for
    {"matmul_to_fully_connected", matmul_to_fully_connected},  // before fold_scales, which then finds a bias to add to
    {"turn_weights", turn_weights},          // after matmul_to_fully_connected, whose weights it turns
    {"fold_batch_norm", fold_batch_norm},    // before fold_scales: it leaves a Mul and an Add
    {"fold_scales", fold_scales},            // before fuse_activations: a clamp comes after scale and bias
    {"fuse_pads", fuse_pads},                // after push_transposes: pads are of H and W, next to their convolution
    {"fuse_activations", fuse_activations},  // after every fold into the operator that takes the clamp
    {"merge_duplicates", merge_duplicates},  // late: duplicates come from the passes above
    {"remove_dead", remove_dead},            // always last
};

Status check_inputs_are_fixed(const Graph& graph) {
  for (ValueId id : graph.inputs) {
    const Value& input = graph.value(id);
    for (size_t axis = 0; axis < input.shape.size(); ++axis) {
      if (input.shape[axis] >= 0) continue;
      return fail(ErrorCode::invalid_argument,
                  "input '{}' is {}: extent {} is not fixed; give all of them with --shape {}=…", input.name,
                  to_string(input.shape), axis, input.name);
    }
  }
  return {};
}

Result<bool> run_and_check(const Pass& pass, Graph& graph) {
  QUERN_TRY(const bool changed, pass.run(graph));
  if (changed) QUERN_CHECK(infer(graph));
  QUERN_CHECK(verify(graph));
  return changed;
}

}  // namespace

std::span<const Pass> prepare_passes() {
  return kPasses;
}

Status prepare(Graph& graph, const PassObserver& after_each) {
  QUERN_CHECK(check_inputs_are_fixed(graph));
  for (const Pass& pass : kPasses) {
    auto changed = run_and_check(pass, graph);
    if (!changed.ok()) return changed.status();
    if (after_each) after_each(pass, graph, *changed);
  }
  return {};
}

}  // namespace quern
