#include "mapping.h"

#include <new>

#ifdef _WIN32
#define NOMINMAX
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#endif

namespace hf2gguf {

#ifdef _WIN32

Mapping::Mapping(const std::string& path) : path_(path) {
  std::wstring wide(path.size(), L'\0');
  wide.resize(size_t(MultiByteToWideChar(CP_UTF8, 0, path.data(), int(path.size()), wide.data(), int(wide.size()))));
  // Without FILE_SHARE_WRITE no process can change the file while it is open.
  const HANDLE file = CreateFileW(wide.c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING, 0, nullptr);
  file_ = intptr_t(file);
  LARGE_INTEGER size = {};
  size_ = file != INVALID_HANDLE_VALUE && GetFileSizeEx(file, &size) ? size_t(size.QuadPart) : 0;
  if (const HANDLE mapping = size_ ? CreateFileMappingW(file, nullptr, PAGE_READONLY, 0, 0, nullptr) : nullptr) {
    bytes_ = static_cast<const uint8_t*>(MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0));
    CloseHandle(mapping);
  }
  if (!bytes_) {
    close();
    throw FileError(path + " cannot be mapped");
  }
}

void Mapping::check() const {}

void Mapping::close() {
  if (bytes_) UnmapViewOfFile(bytes_);
  if (file_ != -1) CloseHandle(HANDLE(file_));
}

#else

/** What the handler knows of a mapping. A range is never freed, because a handler may be looking at it. */
struct Mapping::Range {
  const uintptr_t start, end;
  Range* const next;
  std::atomic<bool> mapped = true, lost = false;

  static std::atomic<Range*> all;
  static struct sigaction former;
  static uintptr_t pageSize;

  static Range* add(const void* bytes, size_t size);
  static void install();
  static void handle(int signal, siginfo_t* info, void* context);
  static void passOn(int signal, siginfo_t* info, void* context);
};

std::atomic<Mapping::Range*> Mapping::Range::all = nullptr;
struct sigaction Mapping::Range::former;
uintptr_t Mapping::Range::pageSize;
static_assert(std::atomic<void*>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
              "a signal handler must not wait for a lock");

Mapping::Range* Mapping::Range::add(const void* bytes, size_t size) {
  static std::once_flag installed;
  std::call_once(installed, install);
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  const uintptr_t start = reinterpret_cast<uintptr_t>(bytes);
  Range* const range = new Range{start, start + size, all.load()};
  all = range;
  return range;
}

void Mapping::Range::install() {
  pageSize = uintptr_t(sysconf(_SC_PAGESIZE));
  struct sigaction action = {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, &former);
}

/** Replaces the rest of a mapping from the page on that is missing, since the pages behind it are missing too. */
void Mapping::Range::handle(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  const uintptr_t address = reinterpret_cast<uintptr_t>(info->si_addr);
  // A signal that a process sent has no address.
  Range* range = info->si_code > 0 ? all.load() : nullptr;
  while (range && !(range->mapped && address >= range->start && address < range->end)) range = range->next;
  if (range) {
    const uintptr_t page = address & ~(pageSize - 1);
    void* const at = reinterpret_cast<void*>(page);
    if (mmap(at, range->end - page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at) {
      range->lost = true;
      errno = error;
      return;
    }
  }
  errno = error;
  passOn(signal, info, context);
}

void Mapping::Range::passOn(int signal, siginfo_t* info, void* context) {
  if (former.sa_flags & SA_SIGINFO) {
    former.sa_sigaction(signal, info, context);
  } else if (former.sa_handler != SIG_DFL && former.sa_handler != SIG_IGN) {
    former.sa_handler(signal);
  } else if (former.sa_handler == SIG_DFL || info->si_code > 0) {
    // The system's own action ends the process: now for a signal that was sent, else when the read is tried again.
    std::signal(signal, SIG_DFL);
    if (info->si_code <= 0) raise(signal);
  }
}

Mapping::Mapping(const std::string& path) : path_(path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe without a writer must not hang
  if (file < 0 && (errno == EMFILE || errno == ENFILE)) throw DescriptorError(path + " cannot be opened");
  if (file >= 0 && fstat(file, &status_) == 0 && S_ISREG(status_.st_mode)) size_ = size_t(status_.st_size);
  void* const start = size_ ? mmap(nullptr, size_, PROT_READ, MAP_SHARED, file, 0) : MAP_FAILED;
  const int error = errno;
  // The mapping holds the file: no descriptor is needed, and there may be many parts.
  if (file >= 0) ::close(file);
  if (start == MAP_FAILED) {
    if (size_ && error == ENOMEM) throw std::bad_alloc();
    throw FileError(path + " cannot be mapped");
  }
  bytes_ = static_cast<const uint8_t*>(start);
  try {
    range_ = Range::add(start, size_);
  } catch (...) {
    close();
    throw;
  }
}

void Mapping::check() const {
  struct stat now;
  // A file that was removed, or that another one replaced, is still mapped whole.
  const bool same = stat(path_.c_str(), &now) == 0 && now.st_dev == status_.st_dev && now.st_ino == status_.st_ino;
  if (same && now.st_size < status_.st_size) throw FileError(path_ + " became shorter while it was read");
  if (range_->lost) throw FileError(path_ + " could not be read to its end");
  const timespec &time = status_.st_mtim, &timeNow = now.st_mtim;
  if (same && (timeNow.tv_sec != time.tv_sec || timeNow.tv_nsec != time.tv_nsec)) {
    throw FileError(path_ + " changed while it was read");
  }
}

void Mapping::close() {
  if (range_) range_->mapped = false;
  if (bytes_) munmap(const_cast<uint8_t*>(bytes_), size_);
}

#endif

Mapping::~Mapping() { close(); }

}  // namespace hf2gguf
