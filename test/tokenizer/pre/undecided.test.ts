import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { autoTokenizer } from '#src/hf-tokenizer/auto-tokenizer.js';
import { readTokenizerFiles } from '#src/hf-tokenizer/tokenizer-files.js';
import { type PreTokenizerName, plan } from '#src/index.js';
import { openFolder } from '#src/repo/folder.js';
import { SmallFiles } from '#src/repo/small-files.js';
import { PRE_TOKENIZERS, type PreTokenizerSettings } from '#src/tokenize/pre-tokenizers.js';
import { NoTokenizerError } from '#src/tokenizer/errors.js';
import { agreement, Cuts } from '#src/tokenizer/pre/cuts.js';
import { factsOf } from '#src/tokenizer/pre/facts.js';
import { dataTest } from '../../paths.js';

// The reference knows a pre-tokenizer by a fingerprint. The small tokenizers of the corpus have none that it knows, so
// their records were made with a name that was given. Without that name, the structure must lead to one that llama.cpp
// treats alike, unless the tokenizer is not what the given name stands for.

interface Case {
  readonly repo: string;
  readonly runs?: readonly { readonly id: string; readonly args: readonly string[] }[];
}

interface Recorded {
  readonly name: string;
  readonly source: string;
  readonly options: { readonly targetModelDir?: string; readonly mistralFormat?: true };
  /** The recorded `tokenizer.ggml.pre`, and `tokenizer.ggml.model`. */
  readonly pre: string;
  readonly model: string;
}

function recordedOf(corpus: string, name: string): readonly Recorded[] {
  const folder = join(corpus, name);
  const { repo, runs = [] } = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as Case;
  const found = runs.flatMap(({ id, args }): Recorded[] => {
    const record = join(folder, 'expected', `${id}.json`);
    if (args.includes('--mmproj') || !existsSync(record)) {
      return [];
    }
    const kv: readonly [string, string, unknown][] = JSON.parse(readFileSync(record, 'utf8')).files[0].kv;
    const value = (key: string) => kv.find(([known]) => known === `tokenizer.ggml.${key}`)?.[2];
    const pre = value('pre');
    const target = args[args.indexOf('--target-model-dir') + 1];
    const options = {
      ...(args.includes('--target-model-dir') && target && { targetModelDir: join(folder, target.replace(/^@/, '')) }),
      ...(args.includes('--mistral-format') && { mistralFormat: true as const }),
    };
    const source = join(folder, 'source', repo);
    // `default` is no name that is recognised: the reference writes it for vocabularies of SentencePiece.
    return typeof pre === 'string' && pre !== 'default'
      ? [{ name, source, options, pre, model: String(value('model')) }]
      : [];
  });
  return [...new Map(found.map((recorded) => [JSON.stringify(recorded), recorded])).values()];
}

async function writtenPre({ source, options }: Recorded, preTokenizer?: PreTokenizerName): Promise<unknown> {
  const { files } = await plan({ source, vocabOnly: true, ...options, ...(preTokenizer && { preTokenizer }) });
  return files[0]?.kv.find(([key]) => key === 'tokenizer.ggml.pre')?.[1].value;
}

function settingsOf(name: unknown): PreTokenizerSettings | undefined {
  return PRE_TOKENIZERS.find(({ names }) => names.some((known) => known === name));
}

/** Why nothing in the repository leads to the recorded name; null if something does. */
async function reason({ source, pre, model }: Recorded, found: unknown): Promise<string | null> {
  if (model === 'bert') {
    return 'llama.cpp cuts text for WordPiece in one way, whatever the name';
  }
  const [wanted, got] = [settingsOf(pre), settingsOf(found)];
  if (wanted === got) {
    return 'llama.cpp treats both names alike';
  }
  const files = await readTokenizerFiles(new SmallFiles(await openFolder(source)));
  if (!wanted || !got || files.tokenizer === null) {
    return null;
  }
  const auto = autoTokenizer(files, String(files.config?.model_type ?? ''));
  const cuts = new Cuts(auto);
  if (!cuts.areThoseOf(wanted)) {
    return 'the tokenizer does not cut text as the recorded name does';
  }
  const facts = factsOf(auto);
  return cuts.areThoseOf(got) && agreement(got, facts) > agreement(wanted, facts)
    ? "both cut alike, but the found name's flags are the tokenizer's: BOS, separator, merges and spaces"
    : null;
}

dataTest('without --pre-tokenizer, the name is found wherever the repository decides it', async (data) => {
  const classes: string[][] = JSON.parse(readFileSync(join(data, 'tools', 'pre-classes.json'), 'utf8'));
  const corpus = join(data, 'corpus');
  const names = readdirSync(corpus).filter((name) => existsSync(join(corpus, name, 'case.json')));
  const undecided = new Map<string, string[]>();
  const wrong: string[] = [];
  let decided = 0;
  for (const recorded of names.flatMap((name) => recordedOf(corpus, name))) {
    const { name, pre } = recorded;
    const found = await writtenPre(recorded).catch((cause: Error) => cause);
    const note = (why: string, line: string) => undecided.set(why, [...(undecided.get(why) ?? []), line]);
    if (found instanceof NoTokenizerError) {
      note('there is no tokenizer that could decide', `${name}: recorded ${pre}`);
    } else if (found instanceof Error) {
      // A repository that cannot be converted with the name either says nothing about it.
      await writtenPre(recorded, pre as PreTokenizerName).then(
        () => wrong.push(`${name}: ${found.message}`),
        () => {},
      );
    } else if (found === pre || classes.some((same) => same.includes(String(found)) && same.includes(pre))) {
      decided++;
    } else {
      const why = await reason(recorded, found);
      const line = `${name}: ${String(found)}, recorded ${pre}`;
      why === null ? wrong.push(line) : note(why, line);
    }
  }
  const list = [...undecided].map(([why, lines]) => `${why} (${lines.length}):\n  ${lines.join('\n  ')}\n`);
  process.stdout.write(`Not decided by fingerprint or structure, while ${decided} are:\n${list.join('')}`);
  expect(wrong).toEqual([]);
  expect(decided).toBeGreaterThan(250);
});
