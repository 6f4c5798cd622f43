import { repack } from '../../tensor/blocks.js';
import { reshape, transpose } from '../../tensor/build.js';
import { dtypeOf, shapeOf } from '../../tensor/rows.js';
import { MXFP4_MOE } from './block-file-types.js';
import { type Declared, isDeepSeek4, type Method } from './method.js';
import { microFloats, type Packed, packedBytes } from './micro-floats.js';
import type { BlockTensor, PlainTensors } from './plain-tensors.js';

/**
 * Experts of MXFP4, which the reference writes as ggml's blocks before all other tensors. `MICRO_FLOATS` has the format; the
 * codes are U8 or I8 [out, in / 2], the scales U8 or F8_E8M0 [out, in / 32].
 *
 * Facts: `_write_mxfp4_experts` in conversion/kimi_k3.py and conversion/mimo.py, `_write_mxfp4_expert_tensor` in
 * conversion/deepseek.py.
 */
export const mxfp4Experts: Method = {
  name: 'MXFP4',
  is: (declared) => EXPERTS.some(({ is }) => is(declared)),
  decode(tensors, declared) {
    for (const { codes, scales } of EXPERTS.filter(({ is }) => is(declared))) {
      const experts = tensors
        .names()
        .filter((name) => EXPERT.test(name) && name.endsWith(codes))
        .map((name) => ({ name, stem: name.slice(0, -codes.length) }))
        .filter(({ name, stem }) => tensors.has(stem + scales) && isByte(tensors, name))
        .sort((a, b) => compareExperts(a.stem, b.stem));
      const blocks = experts.map(({ name, stem }) =>
        blocksOf(`${stem}.weight`, { codes: tensors.get(name), scales: tensors.get(stem + scales) }, name),
      );
      tensors.keepBlocks(blocks, { ...MXFP4_MOE, always: true });
      tensors.drop(...experts.flatMap(({ name, stem }) => [name, stem + scales]));
    }
  },
};

/** Whose experts are of MXFP4, and what the names of codes and scales end with. */
const EXPERTS: readonly { is(declared: Declared): boolean; codes: string; scales: string }[] = [
  {
    is: ({ family, config }) => family === 'kimi-k3' && config.format === 'mxfp4-pack-quantized',
    codes: '.weight_packed',
    scales: '.weight_scale',
  },
  { is: ({ config }) => config.store_dtype === 'mxfp4', codes: '.weight', scales: '.weight_scale' },
  { is: isDeepSeek4, codes: '.weight', scales: '.scale' },
];

const EXPERT = /^(?:.*\.)?(?:layers|mtp)\.(\d+)\..*\.experts\.(\d+)\.(\w+)\./;

function isByte(tensors: PlainTensors, name: string): boolean {
  return ['U8', 'I8'].includes(dtypeOf(tensors.get(name)));
}

/** By block, projection and expert. */
function compareExperts(a: string, b: string): number {
  const [[blockA = 0, expertA = 0, nameA = ''], [blockB = 0, expertB = 0, nameB = '']] = [a, b].map((name) => {
    const [, block, expert, projection] = EXPERT.exec(`${name}.`) ?? [];
    return [Number(block), Number(expert), projection] as const;
  }) as [[number, number, string], [number, number, string]];
  return blockA - blockB || (nameA < nameB ? -1 : Number(nameA > nameB)) || expertA - expertB;
}

/** @param plain the name of the values. @param name of the codes, for messages */
function blocksOf(plain: string, packed: Packed, name: string): BlockTensor {
  const { codes, scales } = packedBytes('MXFP4', packed, name);
  return {
    name: plain,
    expr: repack('MXFP4', codes, scales),
    plain: () => microFloats('MXFP4', packed, name),
    kept: 'MXFP4',
  };
}

/**
 * gpt-oss: `X_blocks` [experts, out, in / 32, 16] and `X_scales` [experts, out, in / 32] for a tensor X [experts, in, out],
 * whose rows are the halves of two tensors in turn.
 * Facts: `generate_extra_tensors` in conversion/gpt_oss.py.
 */
export const mxfp4Stacked: Method = {
  name: 'MXFP4',
  is: ({ method }) => method === 'mxfp4',
  decode(tensors) {
    const found = tensors.names().filter((name) => name.endsWith(BLOCKS));
    const blocks = found.map((name) => {
      const plain = name.slice(0, -BLOCKS.length);
      const codes = tensors.get(name);
      const [experts = 0, rows = 0, groups = 0, bytes = 0] = shapeOf(codes);
      const joined = reshape(codes, [experts, rows, groups * bytes]);
      const own = blocksOf(plain, { codes: joined, scales: tensors.get(`${plain}_scales`) }, name);
      return { ...own, expr: transpose(own.expr, 1, 2), plain: () => transpose(own.plain(), 1, 2) };
    });
    tensors.keepBlocks(blocks, MXFP4_MOE);
    tensors.drop(...blocks.flatMap(({ name }) => [`${name}${BLOCKS}`, `${name}_scales`]));
  },
};

const BLOCKS = '_blocks';
