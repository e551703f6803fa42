#include "prepare/parameters.h"

#include "base/error.h"

namespace quern {

bool is_parameter(OpKind kind, size_t slot) {
  return slot < 32 && ((info(kind).parameters >> slot) & 1u) != 0;
}

Status parameters_are_constant(const Graph& graph, const Op& op) {
  for (size_t slot = 0; slot < op.inputs.size(); ++slot) {
    const ValueId id = op.inputs[slot];
    if (!is_parameter(op.kind, slot) || id == kNoValue || graph.is_constant(id)) continue;
    const std::string& name = graph.value(id).name;
    Error error =
        fail(ErrorCode::unsupported,
             "{} '{}': its input {} ('{}') is computed while running, but must be known before; fix the model's input "
             "shapes with --shape, or give the value with --bind {}=FILE",
             info(op.kind).name, op.name, slot, name, name);
    error.op = op.name;
    error.kind = op.source_kind;
    return error;
  }
  return {};
}

}  // namespace quern
