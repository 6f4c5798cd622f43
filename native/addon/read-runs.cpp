// The TypeScript side is src/fill/read-runs.ts.
#include "read-runs.h"

#include <unistd.h>

#include <cerrno>

namespace hf2gguf {
namespace {

int64_t wholeOf(const Napi::Value& value) {
  const int64_t number = value.As<Napi::Number>().Int64Value();
  if (number < 0) throw Napi::RangeError::New(value.Env(), "a number is negative");
  return number;
}

/** Bytes read: fewer than `length` where the file ends or, with errno set, a read fails. */
size_t readRun(int fd, uint8_t* target, size_t length, off_t offset) {
  size_t done = 0;
  while (done < length) {
    const ssize_t count = pread(fd, target + done, length - done, offset + off_t(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return done;
    done += size_t(count);
  }
  return done;
}

}  // namespace

Napi::Value readRuns(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 6 || !info[1].IsTypedArray()) {
    throw Napi::TypeError::New(env, "readRuns() takes 6 arguments, the second a Uint8Array");
  }
  const int fd = info[0].As<Napi::Number>().Int32Value();
  Napi::Uint8Array target = info[1].As<Napi::Uint8Array>();
  const int64_t offset = wholeOf(info[2]), length = wholeOf(info[3]), count = wholeOf(info[4]), stride = wholeOf(info[5]);
  int64_t needed;
  if (__builtin_mul_overflow(length, count, &needed) || size_t(needed) != target.ByteLength()) {
    throw Napi::RangeError::New(env, "the runs do not fill the memory");
  }
  uint8_t* at = target.Data();
  size_t read = 0;
  errno = 0;
  for (int64_t run = 0; run < count; ++run) {
    const size_t got = readRun(fd, at + read, size_t(length), off_t(offset + run * stride));
    read += got;
    if (got < size_t(length)) break;
  }
  Napi::Object result = Napi::Object::New(env);
  result["read"] = Napi::Number::New(env, double(read));
  result["errno"] = Napi::Number::New(env, read == size_t(needed) ? 0 : errno);
  return result;
}

}  // namespace hf2gguf
