// Declares functions that the files of a target define for each other. They are plain loops, which the compiler
// vectorises. Headers with inline functions must not be included here: the linker could keep this instruction set's
// copy for all targets.
#pragma once
#include "../kernels.h"

namespace hf2gguf::HF2GGUF_NAMESPACE {

void copy(const Layout& layout, const uint8_t* source, uint8_t* target);
bool cast(const uint8_t* source, DType from, uint8_t* target, DType to, size_t count);
void binary(BinaryOp op, DType dtype, const uint8_t* left, const uint8_t* right, size_t rightCount, uint8_t* target,
            size_t count);
void unary(UnaryOp op, DType dtype, const uint8_t* source, uint8_t* target, size_t count);
void formula(const FormulaStep* steps, size_t stepCount, DType to, uint8_t* target, size_t count);
/** Of float32 values; `to` does not overlap the operands. */
void pairwise(BinaryOp op, const float* left, const float* right, float* to, size_t count);
void each(UnaryOp op, const float* x, float* to, size_t count);
/** The codes `first`, `first + stride`, ... as float32. */
void readCodes(const uint8_t* data, const CodesView& view, size_t first, size_t stride, float* x, size_t count);
void unpack(const uint8_t* source, size_t bits, uint8_t* target, size_t count);
void repackMXFP4(const uint8_t* codes, const uint8_t* scales, uint8_t* target, size_t blocks);
void repackNVFP4(const uint8_t* codes, const uint8_t* scales, uint8_t* target, size_t blocks);
void gather(const uint8_t* source, size_t bytes, const int32_t* indices, uint8_t* target, size_t count);

}  // namespace hf2gguf::HF2GGUF_NAMESPACE
