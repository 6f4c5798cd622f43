import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PreTokenizerName } from '#src/tokenizer/pre/fingerprints.js';
import { readJson } from '../archs/corpus.js';
import type { Dice } from '../fuzz/dice.js';
import { rewriteSafetensors, type StoredTensor } from './safetensors.js';

/** A repository of the corpus. */
export interface Source {
  readonly name: string;
  readonly folder: string;
  readonly preTokenizer: PreTokenizerName | undefined;
}

export function findSource(corpus: string, name: string): Source {
  const { repo, pre } = readJson(join(corpus, name, 'case.json')) as { repo: string; pre: PreTokenizerName | null };
  return { name, folder: join(corpus, name, 'source', repo), preTokenizer: pre ?? undefined };
}

type Json = Record<string, unknown>;

/** Copies a repository, with something in it that contradicts the rest. @returns what that is. */
export function contradict({ folder }: Source, copy: string, dice: Dice): { kind: string; what: string } {
  cpSync(folder, copy, { recursive: true });
  const kind = dice.pick(Object.keys(KINDS) as (keyof typeof KINDS)[]);
  return { kind, what: KINDS[kind](copy, dice) };
}

const SIZES = [
  ...['hidden_size', 'intermediate_size', 'num_hidden_layers', 'num_attention_heads', 'num_key_value_heads'],
  ...['head_dim', 'vocab_size'],
];

const KINDS = {
  /** A size of the configuration is another number. */
  size: (copy: string, dice: Dice) =>
    changeConfig(copy, (config) => {
      const key = dice.pick(SIZES.filter((name) => typeof config[name] === 'number'));
      const old = Number(config[key]);
      config[key] = dice.pick([old + 1, old - 1, old * 2, Math.floor(old / 2), 0, dice.below(2 * old)]);
      return `${key} ${old} -> ${config[key]}`;
    }),
  /** A field of the configuration is null, or not there. */
  field: (copy: string, dice: Dice) =>
    changeConfig(copy, (config) => {
      const key = dice.pick(Object.keys(config).filter((name) => config[name] !== null));
      if (dice.chance(0.7)) {
        config[key] = null;
      } else {
        delete config[key];
      }
      return `${key} is ${config[key]}`;
    }),
  dropped: (copy: string, dice: Dice) =>
    changeTensors(copy, dice, (tensors, name) => {
      tensors.delete(name);
      return name;
    }),
  renamed: (copy: string, dice: Dice) =>
    changeTensors(copy, dice, (tensors, name, stored) => {
      const other = otherName(name, dice);
      tensors.delete(name);
      tensors.set(other, stored);
      return `${name} -> ${other}`;
    }),
  doubled: (copy: string, dice: Dice) =>
    changeTensors(copy, dice, (tensors, name, stored) => {
      const other = otherName(name, dice);
      tensors.set(other, stored);
      return `${name} as ${other}`;
    }),
  transposed: (copy: string, dice: Dice) =>
    changeTensors(copy, dice, (tensors, name, stored) => {
      tensors.set(name, { ...stored, shape: [...stored.shape].reverse() });
      return `${name} [${stored.shape}]`;
    }),
  cut: (copy: string, dice: Dice) =>
    changeTensors(copy, dice, (tensors, name, { dtype, shape, bytes }) => {
      const [rows = 1, ...others] = shape;
      const kept = dice.pick([Math.ceil(rows / 2), rows - 1, 1]);
      const shorter = bytes.subarray(0, (bytes.length / rows) * kept);
      tensors.set(name, { dtype, shape: [kept, ...others], bytes: shorter });
      return `${name} [${shape}] -> [${[kept, ...others]}]`;
    }),
};

/** Of another block, another tensor, a bias in place of a weight, or nothing that is known. */
function otherName(name: string, dice: Dice): string {
  return dice.pick([
    name.replace(/\.(\d+)\./, (_, layer) => `.${Number(layer) + 1 + dice.below(3)}.`),
    name.replace(/(q|k|v|o)_proj/, () => `${dice.pick(['q', 'k', 'v', 'o'])}_proj`),
    name.replace(/\.weight$/, '.bias'),
    name.replace(/[^.]+\.weight$/, 'other.weight'),
    name.includes('embed_tokens') ? 'lm_head.weight' : `${name}.weight`,
  ]);
}

function changeConfig(copy: string, change: (config: Json) => string): string {
  const path = join(copy, 'config.json');
  const config = JSON.parse(readFileSync(path, 'utf8')) as Json;
  const what = change(typeof config.text_config === 'object' ? (config.text_config as Json) : config);
  writeFileSync(path, JSON.stringify(config));
  return what;
}

const INDEX = 'model.safetensors.index.json';

/** Of one weights file; the index, where there is one, follows. */
function changeTensors(
  copy: string,
  dice: Dice,
  change: (tensors: Map<string, StoredTensor>, name: string, stored: StoredTensor) => string,
): string {
  const file = dice.pick(readdirSync(copy).filter((name) => name.endsWith('.safetensors')));
  let what = '';
  let names: string[] = [];
  rewriteSafetensors(join(copy, file), (tensors) => {
    const name = dice.pick([...tensors.keys()]);
    what = change(tensors, name, tensors.get(name) as StoredTensor);
    names = [...tensors.keys()];
  });
  const index = join(copy, INDEX);
  if (existsSync(index)) {
    const { weight_map, ...rest } = readJson(index) as { weight_map: Record<string, string> };
    const others = Object.entries(weight_map).filter(([, of]) => of !== file);
    const map = Object.fromEntries([...others, ...names.map((name) => [name, file])]);
    writeFileSync(index, JSON.stringify({ ...rest, weight_map: map }));
  }
  return what;
}
