#include "compile/allocate.h"

#include <algorithm>

#include "base/checked.h"
#include "base/error.h"
#include "compile/pack.h"

namespace quern {

namespace {

constexpr int64_t kAlignment = 64;

void touch(Block& block, int step) {
  if (!block.needed()) block.first = step;
  block.first = std::min(block.first, step);
  block.last = std::max(block.last, step);
}

/// Life spans by owner of the memory; step -1 is before the first, `end` is after the last.
std::vector<Block> life_spans(const LoweredPlan& lowered, bool keep_values) {
  const Plan& plan = lowered.plan;
  const int end = static_cast<int>(plan.steps.size());
  std::vector<Block> blocks(plan.values.size());
  const auto block_of = [&](int value) -> Block& {
    return blocks[static_cast<size_t>(lowered.alias[static_cast<size_t>(value)])];
  };
  const auto use = [&](int value, int step) {
    if (value >= 0 && plan.values[static_cast<size_t>(value)].constant < 0) touch(block_of(value), step);
  };
  for (int value : plan.inputs) use(value, -1);
  for (int step = 0; step < end; ++step) {
    for (int value : plan.steps[static_cast<size_t>(step)].inputs) use(value, step);
    for (int value : plan.steps[static_cast<size_t>(step)].outputs) use(value, step);
  }
  for (int value : plan.outputs) use(value, end);
  for (size_t i = 0; i < blocks.size(); ++i) {
    const auto owner = static_cast<size_t>(lowered.alias[i]);
    blocks[owner].bytes =
        std::max(blocks[owner].bytes, round_up(std::max<int64_t>(plan.values[i].bytes, 1), kAlignment));
  }
  if (keep_values) {
    for (Block& block : blocks) {
      if (block.needed()) block.first = -1, block.last = end;
    }
  }
  return blocks;
}

}  // namespace

int64_t least_arena(const LoweredPlan& lowered, bool keep_values) {
  return least_bytes(life_spans(lowered, keep_values));
}

Status allocate(LoweredPlan& lowered, bool keep_values) {
  Plan& plan = lowered.plan;
  std::vector<Block> blocks = life_spans(lowered, keep_values);
  plan.arena_bytes = pack(blocks);
  if (plan.arena_bytes > Tensor::kMaxBytes) {
    return fail(ErrorCode::out_of_memory,
                "the model needs more than {} bytes of working memory at once; give smaller input shapes",
                Tensor::kMaxBytes);
  }
  for (size_t i = 0; i < plan.values.size(); ++i) {
    if (plan.values[i].constant < 0) plan.values[i].offset = blocks[static_cast<size_t>(lowered.alias[i])].offset;
  }
  return {};
}

}  // namespace quern
