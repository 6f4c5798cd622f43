// hf2gguf-tensor-pipe: the kernels of native/tensor over standard input and output, for checking those of a machine that
// has no Node. Requests, one after the other: a line "TARGET KERNEL WHAT TYPE COUNT", then the bytes that the kernel reads.
//   cast     elements of WHAT (a dtype) to TYPE
//   unary    the function WHAT (as src/tensor/kernels.ts names it) of TYPE's elements
//   binary   the operation WHAT on COUNT elements of TYPE and as many
//   unpack   COUNT codes of WHAT bits
//   repack   COUNT blocks of WHAT: their codes, then their scales
//   copy     a transpose of COUNT rows and as many columns, of elements of WHAT bytes
// Answers: what the kernel wrote.
#include <algorithm>
#include <cstdio>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "../quantize/types.h"
#include "../tensor/kernels.h"

using namespace hf2gguf;
using Bytes = std::vector<uint8_t>;

static Bytes readBytes(size_t size) {
  Bytes bytes(size);
  if (std::fread(bytes.data(), 1, size, stdin) != size) throw std::runtime_error("the request is incomplete");
  return bytes;
}

template <class Names>
static size_t indexOf(const Names& names, const std::string& name) {
  const auto found = std::find(std::begin(names), std::end(names), name);
  if (found == std::end(names)) throw std::runtime_error("unknown: " + name);
  return size_t(found - std::begin(names));
}

static DType dtypeOf(const std::string& name) {
  const auto found = std::find_if(std::begin(DTYPE_INFOS), std::end(DTYPE_INFOS),
                                  [&](const DTypeInfo& info) { return name == info.name; });
  if (found == std::end(DTYPE_INFOS)) throw std::runtime_error("unknown: " + name);
  return DType(found - std::begin(DTYPE_INFOS));
}

static Bytes answer(const TensorKernels& kernels, const std::string& kernel, const std::string& what,
                    const std::string& type, size_t count) {
  if (kernel == "cast") {
    const DType from = dtypeOf(what), to = dtypeOf(type);
    Bytes source = readBytes(count * bytesOf(from)), target(count * bytesOf(to));
    if (!kernels.cast(source.data(), from, target.data(), to, count)) throw std::runtime_error("not exact");
    return target;
  }
  if (kernel == "unary" || kernel == "binary") {
    const DType dtype = dtypeOf(type);
    Bytes left = readBytes(count * bytesOf(dtype)), target(left.size());
    if (kernel == "unary") {
      kernels.unary(UnaryOp(indexOf(UNARY_OPS, what)), dtype, left.data(), target.data(), count);
    } else {
      const Bytes right = readBytes(left.size());
      kernels.binary(BinaryOp(indexOf(BINARY_OPS, what)), dtype, left.data(), right.data(), count, target.data(), count);
    }
    return target;
  }
  if (kernel == "unpack") {
    const size_t bits = std::stoul(what);
    Bytes source = readBytes((count * bits + 7) / 8), target(count);
    kernels.unpack(source.data(), bits, target.data(), count);
    return target;
  }
  if (kernel == "repack") {
    const bool isMXFP4 = what == "MXFP4";
    const Bytes codes = readBytes(count * (isMXFP4 ? 16 : 32)), scales = readBytes(count * (isMXFP4 ? 1 : 4));
    Bytes target(count * (isMXFP4 ? sizeof(BlockMXFP4) : sizeof(BlockNVFP4)));
    (isMXFP4 ? kernels.repackMXFP4 : kernels.repackNVFP4)(codes.data(), scales.data(), target.data(), count);
    return target;
  }
  if (kernel != "copy") throw std::runtime_error("unknown: " + kernel);
  const size_t bytes = std::stoul(what), row = count * bytes;
  Bytes source = readBytes(count * row), target(source.size());
  kernels.copy({bytes, 2, {{count, ptrdiff_t(bytes), ptrdiff_t(row)}, {count, ptrdiff_t(row), ptrdiff_t(bytes)}}},
               source.data(), target.data());
  return target;
}

int main() {
  char target[16], kernel[16], what[16], type[16];
  size_t count;
  try {
    while (std::scanf("%15s %15s %15s %15s %zu", target, kernel, what, type, &count) == 5) {
      const TensorKernels* kernels = tensorKernelsOf(target);
      if (std::getchar() != '\n' || kernels == nullptr) throw std::runtime_error("bad request");
      const Bytes bytes = answer(*kernels, kernel, what, type, count);
      std::fwrite(bytes.data(), 1, bytes.size(), stdout);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return std::feof(stdin) ? 0 : 1;
}
