#include "mapping.h"

#ifdef _WIN32
#define NOMINMAX
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace hf2gguf {

#ifdef _WIN32

Mapping::Mapping(const std::string& path) : path_(path) {
  std::wstring wide(path.size(), L'\0');
  wide.resize(size_t(MultiByteToWideChar(CP_UTF8, 0, path.data(), int(path.size()), wide.data(), int(wide.size()))));
  // Without FILE_SHARE_WRITE no process can cut the file while it is open.
  const HANDLE file = CreateFileW(wide.c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING, 0, nullptr);
  file_ = intptr_t(file);
  size_ = file == INVALID_HANDLE_VALUE ? 0 : sizeNow();
  if (const HANDLE mapping = size_ ? CreateFileMappingW(file, nullptr, PAGE_READONLY, 0, 0, nullptr) : nullptr) {
    bytes_ = static_cast<const uint8_t*>(MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0));
    CloseHandle(mapping);
  }
  if (!bytes_) {
    close();
    throw FileError(path + " cannot be mapped");
  }
}

size_t Mapping::sizeNow() const {
  LARGE_INTEGER size = {};
  return GetFileSizeEx(HANDLE(file_), &size) ? size_t(size.QuadPart) : 0;
}

void Mapping::close() {
  if (bytes_) UnmapViewOfFile(bytes_);
  if (file_ != -1) CloseHandle(HANDLE(file_));
}

#else

Mapping::Mapping(const std::string& path) : path_(path) {
  file_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe without a writer must not hang
  size_ = file_ < 0 ? 0 : sizeNow();
  void* const start = size_ ? mmap(nullptr, size_, PROT_READ, MAP_SHARED, int(file_), 0) : MAP_FAILED;
  if (start == MAP_FAILED) {
    close();
    throw FileError(path + " cannot be mapped");
  }
  bytes_ = static_cast<const uint8_t*>(start);
}

size_t Mapping::sizeNow() const {
  struct stat status;
  return fstat(int(file_), &status) == 0 && S_ISREG(status.st_mode) ? size_t(status.st_size) : 0;
}

void Mapping::close() {
  if (bytes_) munmap(const_cast<uint8_t*>(bytes_), size_);
  if (file_ >= 0) ::close(int(file_));
}

#endif

Mapping::~Mapping() { close(); }

void Mapping::check() const {
  if (sizeNow() != size_) throw FileError(path_ + " is no longer of the size that it had when it was opened");
}

}  // namespace hf2gguf
