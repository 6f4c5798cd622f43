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
 * has no say in more than the name: what could lead to another folder or show as another name is taken out.
 * @param fileType as in `general.file_type`'s name: `BF16`, `Q4_K_M`, `MXFP4_MOE`.
 */
export function outputName({ texts }: Metadata, fileType: string, kind: OutputKind = 'model'): string {
  const [prefix, suffix, withSize, withType] = KINDS[kind];
  const part = (text: string | undefined) => (text === undefined ? '' : `-${dashed(text)}`);
  const base = withoutDots(harmless(dashed(texts.basename ?? texts.name ?? NO_NAME)));
  const size = withSize && texts.size_label !== undefined ? `-${harmless(texts.size_label)}` : '';
  const type = withType ? part(fileType).toUpperCase() : '';
  const [finetune, version] = [part(texts.finetune), part(texts.version)].map(harmless);
  return `${prefix}${base}${size}${finetune}${version}${type}${suffix}.gguf`;
}

const NO_NAME = 'ggml-model';

function dashed(text: string): string {
  return strip(text).replaceAll(' ', '-');
}

/** Separators of folders become dashes, as gguf-py has it for the first part; what can't be seen goes. */
function harmless(text: string): string {
  return text.replace(/[/\\]/g, '-').replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '');
}

/** A file whose name begins with a dot is hidden, and two dots are a folder. */
function withoutDots(name: string): string {
  return name.startsWith('.') ? name.replace(/^[.-]+/, '') || NO_NAME : name;
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
