// A file's bytes, mapped read-only.
#pragma once
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace hf2gguf {

/** A file cannot be mapped, or is no longer what it was. */
class FileError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/**
 * The system ends a process that reads mapped bytes which the file no longer has. `check`, before each run, finds a
 * file that was cut since it was opened; one that is cut during the run itself still ends the process.
 */
class Mapping {
 public:
  /** UTF-8. Throws FileError. */
  explicit Mapping(const std::string& path);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  const uint8_t* bytes() const { return bytes_; }
  size_t size() const { return size_; }
  /** Throws FileError if the file has not the size it had. */
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
