#include "compile/npu/partition.h"

#include <algorithm>
#include <set>

#include "compile/npu/arrange.h"
#include "compile/npu/schedule.h"
#include "compile/npu/scratch.h"
#include "compile/npu/waits.h"

namespace quern::npu {

namespace {

/// The owners that commands load and store.
void name_values(Program& program) {
  std::set<int32_t> reads;
  std::set<int32_t> writes;
  for (const Command& command : program.commands) {
    const auto* transfer = std::get_if<Transfer>(&command.body);
    if (transfer == nullptr || transfer->space != Space::dram) continue;
    (command.engine == Engine::store ? writes : reads).insert(transfer->value);
  }
  for (int32_t value : reads) {
    if (!writes.contains(value)) program.reads.push_back(value);
  }
  program.writes.assign(writes.begin(), writes.end());
}

/// An element-wise operator computed on the tiles of a product before it belongs to that layer.
void mark_fused(const std::vector<TiledGroup>& groups, Part& part) {
  for (const TiledGroup& tiled : groups) {
    int product = -1;
    for (int j = tiled.group.first; j <= tiled.group.last; ++j) {
      Job& job = part.jobs[static_cast<size_t>(j)];
      if (on_conv_engine(job.kind)) {
        product = static_cast<int>(job.layer);
      } else if (product >= 0 && static_cast<int>(job.layer) != product) {
        part.layers[job.layer].fused_into = part.layers[static_cast<size_t>(product)].name;
        job.layer = static_cast<uint32_t>(product);
      }
    }
  }
}

/// Of layers equally far from the partition's inputs one pays the overhead.
void share_overhead(const Part& part, std::vector<ProgramLayer>& layers) {
  std::vector<int> level(part.values.size(), 0);
  std::vector<int> of_layer(layers.size(), -1);
  std::set<int> seen;
  for (const Job& job : part.jobs) {
    int mine = 0;
    for (int input : job.inputs) {
      if (input >= 0) mine = std::max(mine, level[static_cast<size_t>(part.value(input).owner)]);
    }
    int& made = level[static_cast<size_t>(part.value(job.output).owner)];
    made = std::max(made, mine + 1);
    if (of_layer[job.layer] >= 0) continue;
    of_layer[job.layer] = mine;
    layers[job.layer].overhead = seen.insert(mine).second;
  }
}

struct Attempt {
  double share = 1;
  bool simple = false;
};

/// Tries ever smaller plans until the buffers find their places.
constexpr Attempt kAttempts[] = {{1, false},    {0.92, false}, {0.84, false}, {0.72, false},
                                 {0.55, false}, {0.4, false},  {1, true}};

}  // namespace

std::optional<Program> compile_partition(const LoweredPlan& lowered, std::span<const int> steps, const Machine& machine,
                                         bool keep_values) {
  const int64_t scratch = machine.chip.scratch_bytes;
  for (const Attempt& attempt : kAttempts) {
    const auto room = static_cast<int64_t>(static_cast<double>(scratch) * attempt.share);
    Part part = make_part(lowered, steps, keep_values);
    const Arrangement arrangement = arrange(part, machine.chip, room, attempt.simple);
    mark_fused(arrangement.groups, part);
    Draft draft = draft_stages(part, lowered.plan.constants, arrangement.groups, arrangement.residents);
    Program program;
    program.commands = schedule(draft, {room, attempt.simple ? 0 : scratch / 2, !attempt.simple});
    program.scratch_used = place_buffers(draft.buffers, program.commands, scratch);
    if (program.scratch_used > scratch) continue;
    program.target = machine.target;
    program.mode = machine.mode;
    program.arithmetic = lowered.plan.arithmetic;
    program.figures = machine.chip.figures;
    program.scratch_bytes = scratch;
    program.quantizations = std::move(draft.quantizations);
    program.image = std::move(draft.image);
    program.layers = part.layers;
    if (machine.overhead_by_level) share_overhead(part, program.layers);
    derive_waits(program.commands);
    name_values(program);
    return program;
  }
  return std::nullopt;
}

}  // namespace quern::npu
