// A pool of our own. Inside a run its workers spin between layers (a spin barrier costs 0.25 us, a futex wake 45 us);
// between runs they park and cost nothing.
#pragma once

#include <cstdint>
#include <memory>

namespace quern {

/// A fixed number of workers that share loops with the calling thread. One caller at a time.
class ThreadPool {
 public:
  /// `threads` counts the calling thread: 1 makes no worker. Clamped to 1…256.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }

  /// Calls body(begin, end) on disjoint ranges that cover [0, count), each a multiple of `grain` but the last. Every
  /// thread has its own part, the same for equal counts, so that what it wrote in one loop is near it in the next; one
  /// that is done takes what others have not begun. Returns when all are done. With one thread, or a count of at most
  /// `grain`, it is a plain call. Allocates nothing.
  template <typename Body>
  void parallel_for(int64_t count, int64_t grain, const Body& body) {
    const Call call = [](const void* closure, int64_t begin, int64_t end) {
      (*static_cast<const Body*>(closure))(begin, end);
    };
    run(count, grain, call, &body);
  }

  /// While one of these lives, workers spin for the next loop instead of parking. One a pool at a time.
  class Hot {
   public:
    explicit Hot(ThreadPool& pool);
    ~Hot();
    Hot(const Hot&) = delete;
    Hot& operator=(const Hot&) = delete;

   private:
    ThreadPool& pool_;
  };

 private:
  struct State;
  using Call = void (*)(const void* closure, int64_t begin, int64_t end);
  void run(int64_t count, int64_t grain, Call call, const void* closure);

  int threads_ = 1;
  std::unique_ptr<State> state_;
};

}  // namespace quern
