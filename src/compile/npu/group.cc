#include "compile/npu/group.h"

#include <algorithm>

namespace quern::npu {

namespace {

/// The least box that holds both.
Box join(const Box& a, const Box& b) {
  Box box = a;
  for (size_t axis = 0; axis < a.begin.size(); ++axis) {
    const int64_t end = std::max(a.begin[axis] + a.extent[axis], b.begin[axis] + b.extent[axis]);
    box.begin[axis] = std::min(a.begin[axis], b.begin[axis]);
    box.extent[axis] = end - box.begin[axis];
  }
  return box;
}

void append_tiles(const Shape& shape, const Tiling& tiling, const std::vector<size_t>& order, size_t depth, Box& box,
                  std::vector<Box>& tiles) {
  if (depth == order.size()) {
    tiles.push_back(box);
    return;
  }
  const size_t axis = order[depth];
  for (int64_t begin = 0; begin < shape[axis]; begin += tiling.extent[axis]) {
    box.begin[axis] = begin;
    box.extent[axis] = std::min(tiling.extent[axis], shape[axis] - begin);
    append_tiles(shape, tiling, order, depth + 1, box, tiles);
  }
}

}  // namespace

std::vector<Box> tiles_of(const Shape& shape, const Tiling& tiling) {
  std::vector<size_t> order;
  for (size_t axis = 0; axis < shape.size(); ++axis) order.push_back(axis);
  if (tiling.inner_first && order.size() > 1) std::rotate(order.begin(), order.end() - 1, order.end());
  std::vector<Box> tiles;
  Box box = whole(shape);
  append_tiles(shape, tiling, order, 0, box, tiles);
  return tiles;
}

std::vector<TileJob> footprint(const Part& part, const Group& group, const Box& output) {
  std::vector<TileJob> tile(static_cast<size_t>(group.size()));
  tile.back().output = output;
  for (int j = group.last; j >= group.first; --j) {
    TileJob& mine = tile[static_cast<size_t>(j - group.first)];
    const Job& job = part.jobs[static_cast<size_t>(j)];
    mine.cut = cut(call_of(part, job), mine.output);
    for (int maker = group.first; maker < j; ++maker) {
      for (size_t i = 0; i < job.inputs.size(); ++i) {
        if (job.inputs[i] != part.jobs[static_cast<size_t>(maker)].output) continue;
        Box& made = tile[static_cast<size_t>(maker - group.first)].output;
        made = made.extent.empty() ? mine.cut.inputs[i] : join(made, mine.cut.inputs[i]);
      }
    }
  }
  return tile;
}

bool can_cut(const Part& part, const Group& group, const std::vector<TileJob>& tile) {
  for (int j = group.first; j < group.last; ++j) {
    const CutCall call = call_of(part, part.jobs[static_cast<size_t>(j)]);
    const Ints grain = grains(call);
    const Box& box = tile[static_cast<size_t>(j - group.first)].output;
    for (size_t axis = 0; axis < grain.size(); ++axis) {
      const int64_t end = box.begin[axis] + box.extent[axis];
      const int64_t all = (*call.output)[axis];
      if (box.extent[axis] == all) continue;
      if (grain[axis] == 0 || box.begin[axis] % grain[axis] != 0 || (end % grain[axis] != 0 && end != all))
        return false;
    }
  }
  return true;
}

std::vector<std::vector<int>> readers_of(const Part& part) {
  std::vector<std::vector<int>> readers(part.values.size());
  for (size_t j = 0; j < part.jobs.size(); ++j) {
    for (int input : part.jobs[j].inputs) {
      if (input < 0) continue;
      readers[static_cast<size_t>(input)].push_back(static_cast<int>(j));
      const int owner = part.value(input).owner;
      if (owner != input) readers[static_cast<size_t>(owner)].push_back(static_cast<int>(j));
    }
  }
  return readers;
}

bool can_join(const Part& part, const std::vector<std::vector<int>>& readers, const Group& group) {
  const int next = group.last + 1;
  if (next >= static_cast<int>(part.jobs.size())) return false;
  const auto& inputs = part.jobs[static_cast<size_t>(next)].inputs;
  for (int j = group.first; j <= group.last; ++j) {
    const int output = part.jobs[static_cast<size_t>(j)].output;
    const PartValue& value = part.value(output);
    const auto& reads = readers[static_cast<size_t>(output)];
    if (value.owner != output || value.leaves || value.outside || reads.empty() || reads.back() > next) return false;
    // A view or a part shares the array when an owner has readers that do not read it by its own name.
    for (int reader : reads) {
      const auto& names = part.jobs[static_cast<size_t>(reader)].inputs;
      if (std::find(names.begin(), names.end(), output) == names.end()) return false;
    }
  }
  const int last = part.jobs[static_cast<size_t>(group.last)].output;
  return std::find(inputs.begin(), inputs.end(), last) != inputs.end();
}

Quantization quantization_of(const PartValue& value, const Box& box) {
  const Quantization& q = value.quantization;
  if (!q.per_axis()) return q;
  const auto axis = static_cast<size_t>(q.axis);
  Quantization part;
  part.axis = q.axis;
  for (int64_t i = box.begin[axis]; i < box.begin[axis] + box.extent[axis]; ++i) {
    part.scales.push_back(q.scales[static_cast<size_t>(i)]);
    part.zero_points.push_back(q.zero_points[static_cast<size_t>(i)]);
  }
  return part;
}

}  // namespace quern::npu
