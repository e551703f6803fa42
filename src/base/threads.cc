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

}  // namespace

// One loop is one "generation". Workers wait for the generation to change, take chunks from `next`, and count
// themselves out.
struct ThreadPool::State {
  std::atomic<uint64_t> generation{0};
  std::atomic<int> hot{0};
  std::atomic<bool> stop{false};
  std::atomic<int64_t> next{0};
  std::atomic<int> busy{0};
  int64_t count = 0;
  int64_t chunk = 1;
  const std::function<void(int64_t, int64_t)>* body = nullptr;
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<std::thread> workers;

  void take_chunks() {
    for (;;) {
      const int64_t begin = next.fetch_add(chunk, std::memory_order_relaxed);
      if (begin >= count) return;
      (*body)(begin, std::min(begin + chunk, count));
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

  void work() {
    uint64_t seen = 0;
    while (wait_for_work(seen)) {
      seen = generation.load(std::memory_order_acquire);
      take_chunks();
      busy.fetch_sub(1, std::memory_order_release);
    }
  }
};

ThreadPool::ThreadPool(int threads) : threads_(std::clamp(threads, 1, 256)), state_(std::make_unique<State>()) {
  for (int i = 1; i < threads_; ++i) state_->workers.emplace_back([state = state_.get()] { state->work(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop.store(true, std::memory_order_release);
  }
  state_->wake.notify_all();
  for (auto& worker : state_->workers) worker.join();
}

void ThreadPool::parallel_for(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)>& body) {
  grain = std::max<int64_t>(grain, 1);
  if (threads_ == 1 || count <= grain) {
    if (count > 0) body(0, count);
    return;
  }
  State& s = *state_;
  // About four chunks a thread: enough to even out a slow core, few enough that taking them costs nothing.
  const int64_t share = (count + threads_ * 4 - 1) / (threads_ * 4);
  s.chunk = (share + grain - 1) / grain * grain;
  s.count = count;
  s.body = &body;
  s.next.store(0, std::memory_order_relaxed);
  s.busy.store(threads_ - 1, std::memory_order_relaxed);
  {
    // The lock closes the gap in which a worker has looked at the generation but does not sleep yet.
    const std::lock_guard lock(s.mutex);
    s.generation.fetch_add(1, std::memory_order_release);
  }
  if (s.hot.load(std::memory_order_relaxed) == 0) s.wake.notify_all();
  s.take_chunks();
  for (int spins = 0; s.busy.load(std::memory_order_acquire) != 0; ++spins) {
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
