#include "base/threads.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

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

uint64_t ticket(uint64_t generation, int64_t position) {
  return generation << kPositionBits | static_cast<uint64_t>(position);
}

/// A thread's part of a loop.
struct alignas(64) Part {
  std::atomic<uint64_t> next{0};  ///< a ticket
  std::atomic<int64_t> end{0};
};

// Pieces of a part: enough to even out a slow core, few enough that taking them costs nothing.
constexpr int64_t kPieces = 4;

int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

}  // namespace

// One loop is one "generation". Workers wait for the generation to change, take pieces of their own part and then of
// the others'. The loop is over when all its indices are done, whether every worker has come or not: a worker that the
// machine has no core for delays nobody.
struct ThreadPool::State {
  std::atomic<uint64_t> generation{0};
  std::atomic<int> hot{0};
  std::atomic<bool> stop{false};
  std::atomic<int64_t> finished{0};  ///< indices
  std::vector<Part> parts;
  std::atomic<int64_t> piece{1};
  std::atomic<Call> call{nullptr};
  std::atomic<const void*> closure{nullptr};
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<std::thread> workers;

  explicit State(int threads) : parts(static_cast<size_t>(threads)) {}

  void take(Part& part, uint64_t loop) {
    uint64_t seen = part.next.load(std::memory_order_acquire);
    for (;;) {
      const auto begin = static_cast<int64_t>(seen & kPosition);
      const int64_t end = part.end.load(std::memory_order_relaxed);
      if (seen >> kPositionBits != (loop & (~uint64_t{0} >> kPositionBits)) || begin >= end) return;
      const int64_t step = piece.load(std::memory_order_relaxed);
      const Call body = call.load(std::memory_order_relaxed);
      const void* const data = closure.load(std::memory_order_relaxed);
      // Where this succeeds the loop goes on, and all that was read belongs to it.
      if (!part.next.compare_exchange_weak(seen, seen + static_cast<uint64_t>(step), std::memory_order_acq_rel))
        continue;
      const int64_t stop_at = std::min(begin + step, end);
      body(data, begin, stop_at);
      finished.fetch_add(stop_at - begin, std::memory_order_release);
      seen = part.next.load(std::memory_order_acquire);
    }
  }

  void take_all(size_t own, uint64_t loop) {
    for (size_t i = 0; i < parts.size(); ++i) take(parts[(own + i) % parts.size()], loop);
  }

  /// Shares [0, count) out in multiples of `grain`.
  void share(int64_t count, int64_t grain, uint64_t loop) {
    const auto threads = static_cast<int64_t>(parts.size());
    const int64_t grains = ceil_div(count, grain);
    finished.store(0, std::memory_order_relaxed);
    piece.store(ceil_div(grains, threads * kPieces) * grain, std::memory_order_relaxed);
    for (int64_t t = 0; t < threads; ++t) {
      Part& part = parts[static_cast<size_t>(t)];
      part.end.store(std::min(grains * (t + 1) / threads * grain, count), std::memory_order_relaxed);
      part.next.store(ticket(loop, grains * t / threads * grain), std::memory_order_release);
    }
  }

  bool wait_for_work(uint64_t seen) {
    int spins = 0;
    for (;;) {
      if (stop.load(std::memory_order_acquire)) return false;
      if (generation.load(std::memory_order_acquire) != seen) return true;
      if (hot.load(std::memory_order_relaxed) > 0) {
        if (++spins < kSpinsBeforeYield)
          relax();
        else
          std::this_thread::yield();
        continue;
      }
      std::unique_lock lock(mutex);
      wake.wait(lock, [&] { return stop.load() || hot.load() > 0 || generation.load() != seen; });
      spins = 0;
    }
  }

  void work(size_t own) {
    uint64_t seen = 0;
    while (wait_for_work(seen)) {
      seen = generation.load(std::memory_order_acquire);
      take_all(own, seen);
    }
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
    state_->stop.store(true, std::memory_order_release);
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
  const uint64_t loop = s.generation.load(std::memory_order_relaxed) + 1;
  s.call.store(call, std::memory_order_relaxed);
  s.closure.store(closure, std::memory_order_relaxed);
  s.share(count, grain, loop);
  if (s.hot.load(std::memory_order_relaxed) > 0) {
    s.generation.store(loop, std::memory_order_release);
  } else {
    {
      // The lock closes the gap in which a worker has looked at the generation but does not sleep yet.
      const std::lock_guard lock(s.mutex);
      s.generation.store(loop, std::memory_order_release);
    }
    s.wake.notify_all();
  }
  s.take_all(0, loop);
  for (int spins = 0; s.finished.load(std::memory_order_acquire) != count; ++spins) {
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
    pool_.state_->hot.fetch_add(1);
  }
  pool_.state_->wake.notify_all();
}

ThreadPool::Hot::~Hot() {
  if (pool_.threads_ > 1) pool_.state_->hot.fetch_sub(1);
}

}  // namespace quern
