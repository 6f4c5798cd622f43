import type { Outputs } from '#src/runner/engine.js';
import { continueTokens, type End } from '#src/runner/generate/continue.js';
import { decodeTokens } from '#src/runner/generate/decode.js';
import { createSampler, likeliest } from '#src/runner/generate/sample.js';
import { ChatTemplateError, renderChat } from '#src/runner/template.js';
import { fakeEngine, letters } from './fakes.js';

async function all(tokens: AsyncGenerator<number, End>): Promise<[number[], End]> {
  const got: number[] = [];
  for (;;) {
    const { done, value } = await tokens.next();
    if (done) {
      return [got, value];
    }
    got.push(value);
  }
}

describe('continuing', () => {
  /** 3, 4, 5, ... at most 9. */
  const engine = fakeEngine({ vocabulary: 10, next: (token) => Math.min(token + 1, 9) });
  const options = { limit: 5, ends: new Set<number>(), sample: likeliest };

  test('each token follows the one before', async () => {
    expect(await all(continueTokens(engine, Int32Array.of(1, 2), options))).toEqual([[3, 4, 5, 6, 7], 'limit']);
  });

  test('a token of the end ends it, and is not part of the text', async () => {
    expect(await all(continueTokens(engine, Int32Array.of(2), { ...options, ends: new Set([5]) }))).toEqual([
      [3, 4],
      'end',
    ]);
  });

  test('every token runs once, at its position, and a long prompt in pieces', async () => {
    const runs: [number, number][] = [];
    const watched = {
      ...engine,
      run: (tokens: Int32Array, past: number, from: number) => {
        runs.push([tokens.length, past]);
        return engine.run(tokens, past, from);
      },
    };
    await all(continueTokens(watched, new Int32Array(1000).fill(1), { ...options, limit: 3 }));
    expect(runs).toEqual([
      [512, 0],
      [488, 512],
      [1, 1000],
      [1, 1001],
    ]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('a model that predicts %d is refused', async (bad) => {
    const broken = { ...engine, run: async (): Promise<Outputs> => [Float32Array.of(0, 1, bad, 0)] };
    await expect(all(continueTokens(broken, Int32Array.of(1, 2), options))).rejects.toMatchObject({
      name: 'NoNumberError',
      exitCode: 4,
      what: expect.stringContaining('after 2 tokens'),
    });
  });

  test('an abort ends it', async () => {
    const stop = new AbortController();
    const tokens = continueTokens(engine, Int32Array.of(1), { ...options, signal: stop.signal });
    await tokens.next();
    stop.abort();
    expect(await tokens.next()).toEqual({ done: true, value: 'interrupted' });
  });
});

describe('tokens as text', () => {
  async function* given(bytes: Uint8Array): AsyncGenerator<number, End> {
    yield* bytes;
    return 'end';
  }
  const pieces = async (bytes: Uint8Array) => {
    const got: string[] = [];
    for await (const piece of decodeTokens(given(bytes), letters())) {
      got.push(piece);
    }
    return got;
  };

  test('characters of several tokens come whole', async () => {
    expect(await pieces(Buffer.from('aé€😀\ufeff'))).toEqual(['a', 'é', '€', '😀', '\ufeff']);
  });

  test('half a character at the end is none', async () => {
    expect(await pieces(Uint8Array.of(0x61, 0xf0, 0x9f))).toEqual(['a', '\ufffd']);
  });
});

describe('sampling', () => {
  /** Probabilities 0.5, 0.3, 0.15, 0.05 of the tokens 2, 0, 3, 1. */
  const logits = Float32Array.from([0.3, 0.05, 0.5, 0.15], Math.log);
  const shares = (options: object) => {
    const sample = createSampler({ temperature: 1, topK: 0, topP: 1, seed: 7, ...options });
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 20_000; i++) {
      const token = sample(logits);
      counts[token] = (counts[token] ?? 0) + 1;
    }
    return counts.map((count) => count / 20_000);
  };
  const near = (expected: number[]) => expected.map((share) => (share === 0 ? 0 : expect.closeTo(share, 1)));

  test('by probability', () => {
    const [a = 0, b = 0, c = 0, d = 0] = shares({});
    // Four standard deviations of 20,000 draws.
    expect([Math.abs(a - 0.3), Math.abs(b - 0.05), Math.abs(c - 0.5), Math.abs(d - 0.15)].every((x) => x < 0.015)).toBe(
      true,
    );
  });

  test('a low temperature sharpens, 0 takes the likeliest', () => {
    // 0.25, 0.09, 0.0225, 0.0025 over their sum.
    expect(shares({ temperature: 0.5 })).toEqual(near([0.25, 0.01, 0.68, 0.06]));
    expect(shares({ temperature: 0 })).toEqual([0, 0, 1, 0]);
  });

  test('top-k and top-p leave out the unlikely', () => {
    expect(shares({ topK: 2 })).toEqual(near([0.375, 0, 0.625, 0]));
    expect(shares({ topP: 0.9 })).toEqual(near([0.316, 0, 0.526, 0.158]));
    expect(shares({ topP: 0 })).toEqual([0, 0, 1, 0]);
  });

  test('a seed repeats its text', () => {
    const draw = (seed: number) => {
      const sample = createSampler({ temperature: 1, seed });
      return Array.from({ length: 50 }, () => sample(logits)).join('');
    };
    expect(draw(1)).toBe(draw(1));
    expect(draw(1)).not.toBe(draw(2));
  });
});

describe('chat templates', () => {
  const tokens = { bos: '<s>', eos: '</s>' };
  const user = [{ role: 'user', content: 'Hi' }] as const;

  test("SmolLM2's", async () => {
    const template =
      "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
    expect(await renderChat(template, user, tokens)).toBe(
      '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n',
    );
  });

  test('the special tokens have names', async () => {
    expect(await renderChat('{{ bos_token }}{{ messages[0].content }}{{ eos_token }}', user, tokens)).toBe('<s>Hi</s>');
  });

  test('tools and documents are none, as transformers has them without any', async () => {
    const template = '{% if tools is none and documents is none and not custom_tools is defined %}none{% endif %}';
    expect(await renderChat(template, user, tokens)).toBe('none');
  });

  test.each([
    ['broken', '{{ bos_token }}\n{% for %}', /can't be rendered: line 2: /],
    ['one that refuses', "{{ raise_exception('Only users may speak') }}", /Only users may speak/],
    ['a macro that calls itself', '{% macro f(f) %}{{ f(f) }}{% endmacro %}{{ f(f) }}', /call stack/],
    ['deep brackets', `{{ ${'('.repeat(100_000)}1${')'.repeat(100_000)} }}`, /call stack/],
    ['a range without end', '{% for i in range(1000000000000) %}{{ i }}{% endfor %}', /Range too big/],
    ['a loop that takes no memory', `${'{% for i in range(1000) %}'.repeat(9)}${'{% endfor %}'.repeat(9)}`, /10 s/],
    ['a string that doubles', doubled('"a"', 40, ''), /string length/],
    ['a long text', doubled('"a"', 25, ''), /writes 33554432 characters/],
    ['a list that doubles', doubled('[1]', 40, ''), /256 MiB/],
    // These run out of memory within V8, which ends its process then.
    ['parts of a string', doubled('"a "', 27, '.split("a")'), /256 MiB/],
    ['a string replaced', doubled('"a"', 24, '|replace("a", "aaa")'), /256 MiB/],
  ])(
    '%s: an error that says so',
    async (_, template, message) => {
      const rendering = renderChat(template, user, tokens);
      await expect(rendering).rejects.toThrow(ChatTemplateError);
      await expect(rendering).rejects.toThrow(message);
    },
    60_000,
  );

  /** A value added to itself, and what is done with it then. */
  function doubled(value: string, times: number, use: string): string {
    const grow = `{% for i in range(${times}) %}{% set all.x = all.x + all.x %}{% endfor %}`;
    return `{% set all = namespace(x=${value}) %}${grow}{{ all.x${use} }}`;
  }
});
