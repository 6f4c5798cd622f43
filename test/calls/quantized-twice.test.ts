import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { plan } from '#src/calls/conversions.js';
import type { ConversionParams } from '#src/plan/params.js';
import { tempFolder } from '../temp.js';

const data = process.env.HF2GGUF_DATA;

async function planned(name: string, params: Partial<ConversionParams>) {
  const folder = join(data ?? '', 'corpus', name, 'source');
  const warnings: string[] = [];
  const source = join(folder, readdirSync(folder)[0] ?? '');
  const made = await plan({ source, preTokenizer: 'llama-bpe', output: tempFolder(), ...params }, (event) => {
    if (event.event === 'warning') {
      warnings.push(`${event.what} ${event.next ?? ''}`);
    }
  });
  const types = new Set(made.files.flatMap(({ tensors }) => tensors.map(({ type }) => type)));
  return { warnings, types: [...types].sort(), file: made.files[0]?.type };
}

if (data === undefined) {
  test.skip('skipped: HF2GGUF_DATA is not set', () => {});
} else {
  describe('blocks that ggml has too', () => {
    test.each([
      ['prequant-mlx-mxfp4', 'MXFP4', 'MXFP4_MOE'],
      ['prequant-mlx-nvfp4', 'NVFP4', 'NVFP4'],
    ])('%s: plain values and a hint; with --keep-blocks they stay %s', async (name, type, fileType) => {
      const plain = await planned(name, {});
      expect(plain.types).toEqual(['BF16', 'F32']);
      expect(plain.warnings.join()).toMatch(/blocks that ggml has too; they are decoded\. --keep-blocks keeps them/);
      const kept = await planned(name, { keepBlocks: true });
      expect(kept.types).toContain(type);
      expect(kept.file).toBe(fileType);
      expect(kept.warnings.join()).not.toMatch(/--keep-blocks/);
    });

    test('with a --quant they stay beside what is quantized, unless an option names them', async () => {
      const kept = await planned('prequant-ct-mxfp4', { keepBlocks: true, quant: 'q8_0' });
      expect(kept.types).toEqual(['F32', 'MXFP4', 'Q8_0']);
      expect(kept.file).toBe('Q8_0');
      await expect(
        planned('prequant-ct-mxfp4', { keepBlocks: true, quant: 'q8_0', tensorType: ['ffn_down=q6_k'] }),
      ).rejects.toThrow(/ffn_down.* is quantized already \(MXFP4\)/);
    });

    test('without such blocks there is no hint', async () => {
      expect((await planned('prequant-mlx-4bit', {})).warnings.join()).not.toMatch(/--keep-blocks/);
    });
  });

  test('quantizing what is quantized: one warning, not where values are kept', async () => {
    const twice = await planned('prequant-bnb-nf4', { quant: 'q8_0' });
    const said = twice.warnings.filter((text) => text.includes('loses quality twice'));
    expect(said).toEqual([expect.stringMatching(/^The checkpoint is quantized already \(bitsandbytes NF4\)/)]);
    const once = await planned('prequant-bnb-nf4', { outtype: 'bf16' });
    expect(once.warnings.join()).not.toMatch(/twice/);
  });
}
