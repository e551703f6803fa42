#include "measure/calibrate/close_samples.h"

#include <algorithm>

#include "measure/graph_runner.h"

namespace quern {

namespace {

constexpr int64_t kFewest = 20;
constexpr int64_t kMost = 32;
// The resident peak of the smallest models is about 180 MiB; what samples beyond ten add to it must stay below a tenth.
constexpr int64_t kHeldBytes = int64_t{20} << 20;

int64_t bytes_of(const Assignment& assignment, ValueId id) {
  const auto at = static_cast<size_t>(id);
  int64_t elements = 1;
  for (int64_t extent : assignment.graph.value(id).shape) elements *= extent;
  const int64_t each = !assignment.stored[at] ? 4 : assignment.wide[at] ? 2 : 1;
  return elements * each;
}

/// The most that values of one sample take from one segment to the next.
int64_t widest(const Assignment& assignment) {
  const Graph& graph = assignment.graph;
  const auto dead_after = last_uses(graph);
  int64_t now = 0;
  int64_t most = 0;
  for (size_t begin = 0; begin < graph.ops.size();) {
    const size_t end = segment_end(assignment, begin);
    for (size_t i = begin; i < end; ++i) {
      for (ValueId id : graph.ops[i].outputs) now += id == kNoValue ? 0 : bytes_of(assignment, id);
      for (ValueId id : dead_after[i]) {
        const bool input = std::ranges::find(graph.inputs, id) != graph.inputs.end();
        if (!input && !graph.is_constant(id)) now -= bytes_of(assignment, id);
      }
    }
    most = std::max(most, now);
    begin = end;
  }
  return most;
}

}  // namespace

size_t segment_end(const Assignment& assignment, size_t begin) {
  size_t end = begin + 1;
  while (end < assignment.graph.ops.size() && !assignment.integer[end]) ++end;
  return end;
}

int64_t close_samples(const Assignment& assignment, int64_t available) {
  int64_t held = 2 * widest(assignment);  // two trials side by side
  for (ValueId id : assignment.graph.inputs) held += bytes_of(assignment, id);
  for (ValueId id : assignment.graph.outputs) held += bytes_of(assignment, id);
  return std::min(available, std::clamp(kHeldBytes / std::max<int64_t>(held, 1), kFewest, kMost));
}

}  // namespace quern
