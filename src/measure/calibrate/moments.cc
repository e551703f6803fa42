#include "measure/calibrate/moments.h"

#include <algorithm>

#include "base/error.h"

namespace quern {

namespace {

/// Positions of one output that are looked at: neighbours show nearly the same.
constexpr int64_t kPositions = 128;

/// Channels of a group in blocks, each with all of its kernel positions.
std::vector<MomentBlock> blocks_of(const Graph& graph, const Op& op) {
  const Shape& weights = graph.value(op.inputs[1]).shape;
  const auto own = static_cast<size_t>(weights.back());
  const auto channels = static_cast<size_t>(graph.value(op.inputs[0]).shape.back());
  size_t windows = 1;
  for (size_t d = 1; d + 1 < weights.size(); ++d) windows *= static_cast<size_t>(weights[d]);
  const size_t together = std::max<size_t>(1, std::min(own, MomentBlock::kMaxTaps / windows));
  std::vector<MomentBlock> blocks;
  for (size_t group = 0; group < channels; group += own) {
    for (size_t first = group; first < group + own; first += together) {
      MomentBlock& block = blocks.emplace_back();
      for (size_t k = 0; k < windows; ++k) {
        for (size_t c = first; c < std::min(first + together, group + own); ++c)
          block.taps.push_back(static_cast<int32_t>(k * channels + c));
      }
    }
  }
  return blocks;
}

/// A block of a kernel so large that even one channel has too many taps says nothing.
bool fits(const MomentBlock& block) {
  return block.taps.size() <= MomentBlock::kMaxTaps;
}

class Watch {
 public:
  Watch(const Assignment& assignment, ThreadPool& pool, FoldMoments& moments)
      : assignment_(assignment), uses_(assignment.graph), pool_(pool), moments_(moments) {}

  void see(ValueId id, const Tensor& value, size_t fold) {
    if (value.dtype() != DType::float32) return;
    for (int reader : uses_.consumers[static_cast<size_t>(id)]) {
      const auto at = static_cast<size_t>(reader);
      const Op& op = assignment_.graph.ops[at];
      if (assignment_.integer[at] && op.inputs[0] == id && Taps::knows(op)) add(op, value, moments_[fold][at]);
    }
  }

 private:
  void add(const Op& op, const Tensor& value, TapMoments& moments) {
    const Taps taps(assignment_.graph, op);
    if (moments.blocks.empty()) {
      moments.blocks = blocks_of(assignment_.graph, op);
      for (MomentBlock& block : moments.blocks)
        block.products.assign(fits(block) ? block.taps.size() * block.taps.size() : 0, 0);
      moments.sum.assign(taps.size(), 0);
    }
    const int64_t step = (taps.positions() + kPositions - 1) / kPositions | 1;  // odd: never the same columns
    std::vector<float> rows;
    size_t count = 0;
    for (int64_t p = 0; p < taps.positions(); p += step, ++count) {
      rows.resize((count + 1) * taps.size());
      taps.gather(value.data<float>(), p, std::span(rows).subspan(count * taps.size()));
    }
    moments.count += static_cast<double>(count);
    for (size_t i = 0; i < rows.size(); ++i) moments.sum[i % taps.size()] += rows[i];
    pool_.parallel_for(static_cast<int64_t>(moments.blocks.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) add_products(rows, taps.size(), moments.blocks[static_cast<size_t>(b)]);
    });
  }

  static void add_products(const std::vector<float>& rows, size_t width, MomentBlock& block) {
    const size_t n = block.taps.size();
    if (block.products.empty()) return;
    std::vector<float> x(n);
    for (size_t row = 0; row < rows.size(); row += width) {
      for (size_t i = 0; i < n; ++i) x[i] = rows[row + static_cast<size_t>(block.taps[i])];
      for (size_t i = 0; i < n; ++i) {
        if (x[i] == 0) continue;
        float* to = block.products.data() + i * n;
        for (size_t j = 0; j < n; ++j) to[j] += x[i] * x[j];
      }
    }
  }

  const Assignment& assignment_;
  Uses uses_;
  ThreadPool& pool_;
  FoldMoments& moments_;
};

}  // namespace

void TapMoments::add(const TapMoments& other) {
  if (other.count == 0) return;
  if (count == 0) {
    *this = other;
    return;
  }
  count += other.count;
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += other.sum[i];
  for (size_t b = 0; b < blocks.size(); ++b) {
    for (size_t i = 0; i < blocks[b].products.size(); ++i) blocks[b].products[i] += other.blocks[b].products[i];
  }
}

Result<FoldMoments> take_moments(const Assignment& assignment, const std::vector<std::vector<Tensor>>& samples,
                                 size_t folds, const std::shared_ptr<ThreadPool>& pool) {
  QUERN_TRY(const GraphRunner runner, GraphRunner::create(std::make_shared<const Graph>(assignment.graph), pool));
  FoldMoments moments(folds, std::vector<TapMoments>(assignment.graph.ops.size()));
  Watch watch(assignment, *pool, moments);
  for (size_t i = 0; i < samples.size(); ++i) {
    QUERN_CHECK(runner.show(samples[i], [&](ValueId id, const Tensor& value) { watch.see(id, value, i % folds); }));
  }
  return moments;
}

}  // namespace quern
