// Maps the bytes of a file, read-only.
#pragma once
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace hf2gguf {

/** A file cannot be mapped, or has changed. */
class FileError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/**
 * A mapped file. The system ends a process that reads mapped bytes which the file no longer has. `check` finds a file
 * that was cut since it was opened, and is called before each run. A file that is cut during a run still ends the
 * process.
 */
class Mapping {
 public:
  /** Maps the file at a path in UTF-8. Throws FileError. */
  explicit Mapping(const std::string& path);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  const uint8_t* bytes() const { return bytes_; }
  size_t size() const { return size_; }
  /** Throws FileError if the size of the file has changed. */
  void check() const;

 private:
  size_t sizeNow() const;
  void close();

  std::string path_;
  const uint8_t* bytes_ = nullptr;
  size_t size_ = 0;
  intptr_t file_ = -1;
};

}  // namespace hf2gguf
