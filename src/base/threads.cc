#include "base/threads.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/checked.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace quern {

namespace {

void relax() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

// A machine with more runnable threads than cores must not starve the one that holds the work: after this many pauses
// (some tens of microseconds) a spinning worker gives its time slice away between looks.
constexpr int kSpinsBeforeYield = 4096;

// A part's position and the loop it belongs to are one number, so that a thread that comes late cannot take from the
// next loop what it means to take from this one.
constexpr int kPositionBits = 40;
constexpr uint64_t kPosition = (uint64_t{1} << kPositionBits) - 1;

uint64_t ticket(uint64_t loop, int64_t position) {
  return loop << kPositionBits | static_cast<uint64_t>(position);
}
bool belongs(uint64_t ticket, uint64_t loop) {
  return ticket >> kPositionBits == (loop & (~uint64_t{0} >> kPositionBits));
}

// Pieces of a part: enough to even out a slow core, few enough that taking them costs nothing.
constexpr int64_t kPieces = 4;

}  // namespace

// One loop is one "generation": an even number; while the next loop is written down it is odd. A worker that sees a new
// one takes pieces of its own part and then of the others'. The loop is over when all its indices are done, whether
// every worker has come or not: a worker that the machine has no core for delays nobody.
//
// What one thread writes and another reads travels between their cores, a line at a time and 0.1 us each; so a loop is
// one line, and what is done is counted in another, once a thread.
struct ThreadPool::State {
  struct alignas(64) Loop {
    std::atomic<uint64_t> generation{0};
    std::atomic<Call> call{nullptr};
    std::atomic<const void*> closure{nullptr};
    std::atomic<int64_t> count{0};
    std::atomic<int64_t> grain{1};
    std::atomic<int> hot{0};
    std::atomic<bool> stop{false};
  };
  /// Where a thread's part stands: a ticket. Whoever comes first begins it.
  struct alignas(64) Part {
    std::atomic<uint64_t> next{0};
  };
  /// A loop as a thread has read it.
  struct Seen {
    uint64_t generation = 0;
    Call call = nullptr;
    const void* closure = nullptr;
    int64_t count = 0;
    int64_t grain = 1;
  };

  Loop loop;
  alignas(64) std::atomic<int64_t> finished{0};  ///< indices that workers have done
  std::vector<Part> parts;
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<std::thread> workers;

  explicit State(int threads) : parts(static_cast<size_t>(threads)) {}

  /// False when the loop changed under the reading.
  bool read(uint64_t generation, Seen& seen) const {
    seen = {generation, loop.call.load(std::memory_order_relaxed), loop.closure.load(std::memory_order_relaxed),
            loop.count.load(std::memory_order_relaxed), loop.grain.load(std::memory_order_relaxed)};
    std::atomic_thread_fence(std::memory_order_acquire);
    return loop.generation.load(std::memory_order_relaxed) == generation;
  }

  /// Takes what is left of a part; gives the number of indices done.
  int64_t take(size_t index, const Seen& seen) {
    const auto threads = static_cast<int64_t>(parts.size());
    const auto t = static_cast<int64_t>(index);
    const int64_t grains = ceil_div(seen.count, seen.grain);
    const int64_t first = grains * t / threads * seen.grain;
    const int64_t end = std::min(grains * (t + 1) / threads * seen.grain, seen.count);
    const int64_t step = ceil_div(grains, threads * kPieces) * seen.grain;
    std::atomic<uint64_t>& next = parts[index].next;
    int64_t done = 0;
    // A part that has indices belongs to this loop or to the one before, or else this loop is over.
    for (uint64_t at = next.load(std::memory_order_acquire); first < end;) {
      if (!belongs(at, seen.generation / 2) && !belongs(at, seen.generation / 2 - 1) && at != 0 &&
          loop.generation.load(std::memory_order_acquire) != seen.generation) {
        break;
      }
      const int64_t begin = belongs(at, seen.generation / 2) ? static_cast<int64_t>(at & kPosition) : first;
      if (begin >= end) break;
      if (!next.compare_exchange_weak(at, ticket(seen.generation / 2, begin + step), std::memory_order_acq_rel))
        continue;
      const int64_t stop_at = std::min(begin + step, end);
      seen.call(seen.closure, begin, stop_at);
      done += stop_at - begin;
      at = next.load(std::memory_order_acquire);
    }
    return done;
  }

  int64_t take_all(size_t own, const Seen& seen) {
    int64_t done = 0;
    for (size_t i = 0; i < parts.size(); ++i) done += take((own + i) % parts.size(), seen);
    return done;
  }

  /// The generation that comes after `known`, or nothing when the pool ends.
  bool wait_for_work(uint64_t known, uint64_t& generation) {
    int spins = 0;
    for (;;) {
      if (loop.stop.load(std::memory_order_acquire)) return false;
      generation = loop.generation.load(std::memory_order_acquire);
      if (generation != known && generation % 2 == 0) return true;
      if (loop.hot.load(std::memory_order_relaxed) > 0) {
        if (++spins < kSpinsBeforeYield)
          relax();
        else
          std::this_thread::yield();
        continue;
      }
      std::unique_lock lock(mutex);
      wake.wait(lock, [&] { return loop.stop.load() || loop.hot.load() > 0 || loop.generation.load() != known; });
      spins = 0;
    }
  }

  void work(size_t own) {
    uint64_t known = 0, generation = 0;
    while (wait_for_work(known, generation)) {
      known = generation;
      Seen seen;
      if (!read(generation, seen)) continue;
      const int64_t done = take_all(own, seen);
      if (done > 0) finished.fetch_add(done, std::memory_order_release);
    }
  }

  /// Writes a loop down; gives it as the calling thread sees it.
  Seen publish(int64_t count, int64_t grain, Call call, const void* closure) {
    const uint64_t generation = loop.generation.load(std::memory_order_relaxed);
    finished.store(0, std::memory_order_relaxed);
    loop.generation.store(generation + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    loop.call.store(call, std::memory_order_relaxed);
    loop.closure.store(closure, std::memory_order_relaxed);
    loop.count.store(count, std::memory_order_relaxed);
    loop.grain.store(grain, std::memory_order_relaxed);
    if (loop.hot.load(std::memory_order_relaxed) > 0) {
      loop.generation.store(generation + 2, std::memory_order_release);
    } else {
      {
        // The lock closes the gap in which a worker has looked at the generation but does not sleep yet.
        const std::lock_guard lock(mutex);
        loop.generation.store(generation + 2, std::memory_order_release);
      }
      wake.notify_all();
    }
    return {generation + 2, call, closure, count, grain};
  }
};

ThreadPool::ThreadPool(int threads) : threads_(std::clamp(threads, 1, 256)), state_(std::make_unique<State>(threads_)) {
  for (int i = 1; i < threads_; ++i) {
    state_->workers.emplace_back([state = state_.get(), own = static_cast<size_t>(i)] { state->work(own); });
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->loop.stop.store(true, std::memory_order_release);
  }
  state_->wake.notify_all();
  for (auto& worker : state_->workers) worker.join();
}

void ThreadPool::run(int64_t count, int64_t grain, Call call, const void* closure) {
  grain = std::max<int64_t>(grain, 1);
  if (threads_ == 1 || count <= grain) {
    if (count > 0) call(closure, 0, count);
    return;
  }
  State& s = *state_;
  const State::Seen seen = s.publish(count, grain, call, closure);
  const int64_t left = count - s.take_all(0, seen);
  for (int spins = 0; s.finished.load(std::memory_order_acquire) != left; ++spins) {
    if (spins < kSpinsBeforeYield)
      relax();
    else
      std::this_thread::yield();
  }
}

ThreadPool::Hot::Hot(ThreadPool& pool) : pool_(pool) {
  if (pool_.threads_ == 1) return;
  {
    const std::lock_guard lock(pool_.state_->mutex);
    pool_.state_->loop.hot.fetch_add(1);
  }
  pool_.state_->wake.notify_all();
}

ThreadPool::Hot::~Hot() {
  if (pool_.threads_ > 1) pool_.state_->loop.hot.fetch_sub(1);
}

}  // namespace quern
