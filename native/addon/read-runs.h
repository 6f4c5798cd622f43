// Reading of parts of files.
#pragma once
#include <napi.h>

namespace hf2gguf {

/**
 * readRuns(fd, target: Uint8Array, offset, length, count, stride): { read, errno }. Reads `count` runs of `length` bytes,
 * the starts of which are `stride` bytes apart from `offset` on, one right after the other into `target`, which they
 * fill. `read` is less than that where the file ends or a read fails; `errno` is the system's, or 0.
 */
Napi::Value readRuns(const Napi::CallbackInfo& info);

}  // namespace hf2gguf
