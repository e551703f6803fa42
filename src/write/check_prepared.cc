#include "write/check_prepared.h"

#include <algorithm>

namespace quern {

Status check_prepared(const Graph& graph) {
  const auto unready = [](const std::string& what) {
    return fail(ErrorCode::invalid_argument, "{}; fix every extent (--shape) and prepare the model before writing it",
                what);
  };
  for (const Value& value : graph.values) {
    const bool fixed = std::none_of(value.shape.begin(), value.shape.end(), [](int64_t extent) { return extent < 0; });
    if (!fixed || !value.shape_known) return unready(fmt::format("the shape of '{}' is not known", value.name));
  }
  for (const Op& op : graph.ops) {
    for (size_t i = 0; i < op.inputs.size() && i < 32; ++i) {
      if ((info(op.kind).parameters >> i & 1U) == 0 || op.inputs[i] == kNoValue) continue;
      return unready(fmt::format("{} '{}' still reads a parameter from '{}'", info(op.kind).name, op.name,
                                 graph.value(op.inputs[i]).name));
    }
  }
  return {};
}

}  // namespace quern
