#include "compile/pack.h"

#include <algorithm>
#include <numeric>

namespace quern {

namespace {

/// Comparisons of two blocks that all tries together may make: a fraction of a second.
constexpr int64_t kMostWork = 60'000'000;

/// The lowest offset at which `block` overlaps none of `placed` (sorted by offset) that lives at the same time.
int64_t lowest_gap(const Block& block, const std::vector<const Block*>& placed) {
  int64_t offset = 0;
  for (const Block* other : placed) {
    if (other->last < block.first || block.last < other->first) continue;
    if (offset + block.bytes <= other->offset) break;
    offset = std::max(offset, other->offset + other->bytes);
  }
  return offset;
}

/// Places all blocks in an order; returns the peak, or gives up as soon as it reaches `give_up`.
int64_t place_in_order(std::vector<Block>& blocks, const std::vector<int>& order, int64_t give_up) {
  std::vector<const Block*> placed;
  placed.reserve(order.size());
  int64_t peak = 0;
  for (int i : order) {
    Block& block = blocks[static_cast<size_t>(i)];
    block.offset = lowest_gap(block, placed);
    peak = std::max(peak, block.offset + block.bytes);
    if (peak >= give_up) return peak;
    const auto after = std::upper_bound(placed.begin(), placed.end(), &block,
                                        [](const Block* a, const Block* b) { return a->offset < b->offset; });
    placed.insert(after, &block);
  }
  return peak;
}

/// Orders that do well on networks: large first, large and long-lived first, early first, long-lived first.
std::vector<std::vector<int>> first_orders(const std::vector<Block>& blocks) {
  std::vector<int> needed;
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].needed()) needed.push_back(static_cast<int>(i));
  }
  const auto sorted = [&](auto key) {
    std::vector<int> order = needed;
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
      return key(blocks[static_cast<size_t>(a)]) > key(blocks[static_cast<size_t>(b)]);
    });
    return order;
  };
  return {sorted([](const Block& b) { return b.bytes; }),
          sorted([](const Block& b) { return b.bytes * (b.last - b.first + 1); }),
          sorted([](const Block& b) { return -int64_t{b.first}; }),
          sorted([](const Block& b) { return int64_t{b.last} - b.first; }),
          sorted([](const Block& b) { return int64_t{b.last}; })};
}

/// A small generator of our own, so that every machine gives the same offsets.
class Dice {
 public:
  int64_t below(int64_t n) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<int64_t>((state_ >> 33) % static_cast<uint64_t>(n));
  }

 private:
  uint64_t state_ = 1;
};

class Packing {
 public:
  Packing(std::vector<Block>& blocks, int64_t enough) : blocks_(blocks), best_(blocks), enough_(enough) {}

  void start() {
    for (const std::vector<int>& order : first_orders(blocks_)) try_order(order);
  }

  /// A block that ends at the peak goes forward in the order, to a place chosen at random; sometimes another one too.
  void climb() {
    while (peak_ > enough_ && work_ < kMostWork && order_.size() > 1) {
      std::vector<int> order = order_;
      std::vector<size_t> high;
      for (size_t i = 0; i < order.size(); ++i) {
        const Block& block = best_[static_cast<size_t>(order[i])];
        if (block.offset + block.bytes == peak_) high.push_back(i);
      }
      const size_t from = high[static_cast<size_t>(dice_.below(static_cast<int64_t>(high.size())))];
      move_forward(order, from);
      if (dice_.below(2) == 0)
        move_forward(order, static_cast<size_t>(dice_.below(static_cast<int64_t>(order.size()))));
      try_order(order);
    }
  }

  int64_t finish() {
    blocks_ = best_;
    return std::max<int64_t>(peak_, 0);
  }

 private:
  void move_forward(std::vector<int>& order, size_t from) {
    const auto to = static_cast<size_t>(dice_.below(static_cast<int64_t>(from) + 1));
    std::rotate(order.begin() + static_cast<std::ptrdiff_t>(to), order.begin() + static_cast<std::ptrdiff_t>(from),
                order.begin() + static_cast<std::ptrdiff_t>(from) + 1);
  }

  void try_order(const std::vector<int>& order) {
    const auto count = static_cast<int64_t>(order.size());
    work_ += count * count / 2 + 1;
    if (peak_ >= 0 && peak_ <= enough_) return;
    const int64_t give_up = peak_ < 0 ? INT64_MAX : peak_ + 1;
    const int64_t peak = place_in_order(blocks_, order, give_up);
    if (peak >= give_up) return;
    best_ = blocks_;  // an equal peak is taken too: it leads away from a standstill
    peak_ = peak;
    order_ = order;
  }

  std::vector<Block>& blocks_;
  std::vector<Block> best_;
  std::vector<int> order_;
  int64_t enough_;
  int64_t peak_ = -1;
  int64_t work_ = 0;
  Dice dice_;
};

}  // namespace

int64_t least_bytes(const std::vector<Block>& blocks) {
  std::vector<std::pair<int, int64_t>> changes;
  for (const Block& block : blocks) {
    if (!block.needed()) continue;
    changes.emplace_back(block.first, block.bytes);
    changes.emplace_back(block.last + 1, -block.bytes);
  }
  std::sort(changes.begin(), changes.end());
  int64_t now = 0;
  int64_t most = 0;
  for (const auto& [step, bytes] : changes) most = std::max(most, now += bytes);
  return most;
}

int64_t pack(std::vector<Block>& blocks, int64_t enough) {
  Packing packing(blocks, std::max(enough, least_bytes(blocks)));
  packing.start();
  packing.climb();
  return packing.finish();
}

}  // namespace quern
