// Maps the bytes of a file, read-only.
#pragma once
#ifndef _WIN32
#include <sys/stat.h>
#endif

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace hf2gguf {

/** A file cannot be mapped, or has changed. */
class FileError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/** The process, or the system, has no more file descriptors. */
class DescriptorError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/**
 * A mapped file. The system sends SIGBUS to a thread that reads mapped bytes which the file no longer has. The first
 * mapping installs a handler that puts zeros in place of these bytes, so that the thread goes on, and `check` then throws.
 * It has to be called before results of reads are used. Any other SIGBUS goes to the handler that was there before.
 */
class Mapping {
 public:
  /** Maps the file at a path in UTF-8. Throws FileError, DescriptorError, std::bad_alloc. */
  explicit Mapping(const std::string& path);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  const uint8_t* bytes() const { return bytes_; }
  size_t size() const { return size_; }
  /** Throws FileError if bytes that were read were missing, or if the file at the path has changed. */
  void check() const;

 private:
  struct Range;

  void close();

  std::string path_;
  const uint8_t* bytes_ = nullptr;
  size_t size_ = 0;
#ifdef _WIN32
  intptr_t file_ = -1;
#else
  struct stat status_ = {};  // when it was mapped
  Range* range_ = nullptr;
#endif
};

}  // namespace hf2gguf
