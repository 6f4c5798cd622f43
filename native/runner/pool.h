// A pool of threads that run the parts of one job at a time.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace hf2gguf {

class Pool {
 public:
  /** Starts threads. The caller of `run` counts as one of `threads`. There are fewer if the system gives no more. */
  explicit Pool(size_t threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  size_t threads() const { return workers_.size() + 1; }
  /**
   * Calls `part(index, thread)` for each index below `count`, in any order. `thread` is below `threads()`. If a part
   * throws, no further parts begin, and one of the exceptions is thrown here.
   */
  void run(size_t count, const std::function<void(size_t, size_t)>& part);

 private:
  struct Job {
    const std::function<void(size_t, size_t)>& part;
    const size_t count;
    std::atomic<size_t> next = 0;
    std::atomic<bool> failed = false;
    std::exception_ptr error = nullptr;  // of the part that failed first
    void work(size_t thread);
  };
  void share(Job& job);
  void wait(size_t thread);

  std::vector<std::thread> workers_;
  std::mutex mutex_;  // of what follows; the numbers are also looked at without it
  std::condition_variable wake_, idle_;
  Job* job_ = nullptr;
  std::atomic<size_t> jobs_ = 0, active_ = 0;
  bool stop_ = false;
};

}  // namespace hf2gguf
