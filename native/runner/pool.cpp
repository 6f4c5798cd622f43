#include "pool.h"

namespace hf2gguf {
namespace {

/**
 * The number of looks at a condition before a thread sleeps, which take some tens of microseconds. A job of one token
 * often takes less time than falling asleep and waking up. On a busy machine a job loses no more than this.
 */
constexpr int LOOKS = 1000;

template <class Condition>
void lookFor(Condition condition) {
  for (int i = 0; i < LOOKS && !condition(); ++i) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
  }
}

}  // namespace

Pool::Pool(size_t threads) {
  workers_.reserve(threads - 1);
  try {
    for (size_t thread = 1; thread < threads; ++thread) workers_.emplace_back([this, thread] { wait(thread); });
  } catch (const std::exception&) {
    // Fewer threads than asked for can do the work.
  }
}

Pool::~Pool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void Pool::Job::work(size_t thread) {
  try {
    for (size_t index = next++; index < count; index = next++) part(index, thread);
  } catch (...) {
    if (!failed.exchange(true)) error = std::current_exception();
    next = count;
  }
}

void Pool::run(size_t count, const std::function<void(size_t, size_t)>& part) {
  Job job{part, count};
  if (count <= 1 || workers_.empty()) {
    job.work(0);
  } else {
    share(job);
  }
  if (job.error) std::rethrow_exception(job.error);
}

void Pool::share(Job& job) {
  {
    const std::lock_guard lock(mutex_);
    job_ = &job;
    ++jobs_;
  }
  wake_.notify_all();
  job.work(0);
  // A thread that wakes up only now finds no job. Wait for all others.
  std::unique_lock lock(mutex_);
  job_ = nullptr;
  lock.unlock();
  lookFor([this] { return active_ == 0; });
  lock.lock();
  idle_.wait(lock, [this] { return active_ == 0; });
}

void Pool::wait(size_t thread) {
  size_t seen = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    lock.unlock();
    lookFor([&] { return jobs_ != seen; });
    lock.lock();
    wake_.wait(lock, [&] { return stop_ || jobs_ != seen; });
    if (stop_) return;
    seen = jobs_;
    if (!job_) continue;
    Job& job = *job_;
    ++active_;
    lock.unlock();
    job.work(thread);
    lock.lock();
    if (--active_ == 0) idle_.notify_one();
  }
}

}  // namespace hf2gguf
