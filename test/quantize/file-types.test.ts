import { KeyValues } from '#src/gguf/key-values.js';
import type { GgmlType } from '#src/gguf/types.js';
import { copiedFileType, FileTypeKeyError, parseFileType } from '#src/quantize/file-types.js';

describe('names of file types', () => {
  test.each([
    ['q4_k_m', 'Q4_K_M'],
    ['Q3_K', 'Q3_K_M'],
    ['q4_k', 'Q4_K_M'],
    ['Q5_k', 'Q5_K_M'],
    ['copy', 'COPY'],
    ['mxfp4_moe', 'MXFP4_MOE'],
    ['15', 'Q4_K_M'],
    ['0', 'F32'],
    ['41', 'Q2_0'],
  ])('%s is %s', (name, type) => {
    expect(parseFileType(name)).toBe(type);
  });

  // 4 was removed; 39 is NVFP4, a number without a name in llama-quantize.
  test.each(['NVFP4', '4', '39', '-1', '2bit', 'constructor', ''])('%j is none', (name) => {
    expect(parseFileType(name)).toBeUndefined();
  });
});

describe('general.file_type of a copy', () => {
  const ofTypes = (...types: GgmlType[]) =>
    copiedFileType(
      new KeyValues(),
      types.map((type) => ({ type })),
    );

  test("is the source's own, known or not", () => {
    expect(copiedFileType(new KeyValues().u32('general.file_type', 15), [{ type: 'F32' }])).toBe(15);
    expect(copiedFileType(new KeyValues().u32('general.file_type', 999), [])).toBe(999);
  });

  test('must be a u32', () => {
    const kv = new KeyValues().string('general.file_type', 'Q8_0');
    expect(() => copiedFileType(kv, [])).toThrow(FileTypeKeyError);
  });

  // src/llama-model-loader.cpp: the most frequent tensor type's number, or LLAMA_FTYPE_GUESSED (1024).
  test('is guessed without the key', () => {
    expect(ofTypes('F32', 'Q4_K', 'Q4_K')).toBe(1024 + 15);
    expect(ofTypes('F32', 'F32', 'Q4_K')).toBe(1024);
    expect(ofTypes('IQ2_S')).toBe(1024 + 28);
    expect(ofTypes('NVFP4')).toBe(1024 + 39);
    expect(ofTypes('MXFP4')).toBe(1024);
    expect(ofTypes()).toBe(1024);
  });

  test('of equally frequent types the first to get there counts', () => {
    expect(ofTypes('BF16', 'Q8_0', 'Q8_0', 'BF16')).toBe(1024 + 7);
    expect(ofTypes('Q8_0', 'F16')).toBe(1024 + 7);
  });
});
