import { UsageError } from '../errors.js';
import type { Metadata } from './metadata.js';
import { strip } from './python.js';

export class FileNameTemplateError extends UsageError {}

/** What kind of file is named: `mtp` is a draft head alone, `vocab` a file without tensors. */
export type OutputKind = 'model' | 'vocab' | 'mmproj' | 'mtp' | 'lora';

/** Per kind: before the name, after it, and whether the size label and the file type are in it. */
const KINDS: Record<OutputKind, readonly [prefix: string, suffix: string, size: boolean, type: boolean]> = {
  model: ['', '', true, true],
  vocab: ['', '-vocab', false, false],
  mmproj: ['mmproj-', '', false, true],
  mtp: ['mtp-', '', false, true],
  lora: ['', '-LoRA', true, true],
};

/**
 * The converter's default file name, such as `Llama-2-7B-chat-v1-BF16.gguf`: gguf-py's `naming_convention`. A repository
 * has no say in more than the name. Only letters, digits and a few marks of its texts are taken, and no more bytes than
 * file systems have room for.
 * @param fileType as in `general.file_type`'s name: `BF16`, `Q4_K_M`, `MXFP4_MOE`.
 */
export function outputName({ texts }: Metadata, fileType: string, kind: OutputKind = 'model'): string {
  const [prefix, suffix, withSize, withType] = KINDS[kind];
  const part = (text: string | undefined) => (text === undefined ? '' : `-${dashed(text)}`);
  const given = dashed(texts.basename ?? texts.name ?? NO_NAME);
  // A folder named `-` gives an empty name, for which gguf-py writes nothing.
  const base = given === '' ? '' : wellBegun(plain(given));
  const size = withSize && texts.size_label !== undefined ? `-${plain(texts.size_label)}` : '';
  const [finetune = '', version = ''] = [part(texts.finetune), part(texts.version)].map(plain);
  const end = `${withType ? part(fileType).toUpperCase() : ''}${suffix}.gguf`;
  const room = MAX_BYTES - byteLength(prefix + end);
  return `${prefix}${cutToBytes(base + size + finetune + version, room)}${end}`;
}

const NO_NAME = 'ggml-model';
/** File systems allow 255; the number of a part, such as `-00001-of-00005`, comes on top. */
const MAX_BYTES = 240;

function dashed(text: string): string {
  return strip(text).replaceAll(' ', '-');
}

/** What a name keeps: letters and digits of all scripts, and the marks that names of models have. */
const UNUSUAL = /[^\p{L}\p{M}\p{N}._'+,()-]/gu;
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Without what can't be seen. Separators of folders become dashes, as in gguf-py; so do all other unusual characters. */
function plain(text: string): string {
  return text.replace(INVISIBLE, '').replace(UNUSUAL, '-');
}

/** A file whose name begins with a dot is hidden; one that begins with a dash is taken for an option. */
function wellBegun(name: string): string {
  const begun = name.replace(/^[.-]+(?=.*[\p{L}\p{N}])/u, '');
  return begun === '' || begun.startsWith('.') ? NO_NAME : begun;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** The beginning, in whole characters. */
function cutToBytes(text: string, room: number): string {
  if (byteLength(text) <= room) {
    return text;
  }
  // `encodeInto` writes no part of a character.
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(room));
  return text.slice(0, read).replace(/[.-]+$/, '');
}

/**
 * Fills `{ftype}`, `{outtype}`, `{}` or `{0}` (lower case), `{FTYPE}`, `{OUTTYPE}` (upper case) into a file's name;
 * `{{` and `}}` are braces. These are the fields that Python's `str.format` gets in the reference.
 * @throws FileNameTemplateError
 */
export function fillTemplate(name: string, fileType: string): string {
  const lower = fileType.toLowerCase();
  const upper = fileType.toUpperCase();
  const fields = new Map([
    ['', lower],
    ['0', lower],
    ['ftype', lower],
    ['outtype', lower],
    ['FTYPE', upper],
    ['OUTTYPE', upper],
  ]);
  return name.replace(/\{\{|\}\}|\{([^{}]*)\}|[{}]/g, (match, field: string | undefined) => {
    if (match === '{{' || match === '}}') {
      return match.charAt(0);
    }
    const value = field === undefined ? undefined : fields.get(field);
    if (value === undefined) {
      throw new FileNameTemplateError(
        `The file name ${name} has "${match}", which stands for nothing.`,
        'Use {ftype} or {FTYPE} for the type, and {{ or }} for a brace.',
      );
    }
    return value;
  });
}
