import { isAlpha, isDecimal, isLower, splitWords, strip, title } from './python.js';

/**
 * A model's name taken apart, after gguf-py's `Metadata.get_model_id_components`:
 * "meta-llama/Llama-2-7b-chat" is organization, basename "Llama-2", size label "7B" and finetune "chat".
 */
export interface ModelId {
  readonly fullName: string;
  readonly organization?: string;
  readonly basename?: string;
  readonly finetune?: string;
  readonly version?: string;
  readonly sizeLabel?: string;
}

type Role = 'basename' | 'size_label' | 'finetune' | 'version' | 'type';
interface Part {
  text: string;
  readonly roles: Set<Role>;
}

const VERSION = /^(?:v|iter)?\p{Nd}+(?:\.\p{Nd}+)*$/iu;
const QUANT_TYPE = /^(?:i?q\p{Nd}(?:_[\p{L}\p{N}_])*|b?fp?(?:16|32))$/iu;
const SIZE = /^(?:(?:A|\p{Nd}+x)?\p{Nd}+(?:[._]\p{Nd}+)?[KMBT]\p{Nd}?|small|mini|medium|large|x?xl)$/iu;
const FINETUNE = /^(?:chat|instruct|vision|lora)$/iu;

/** @param totalParameters of the model at hand, negative for an adapter (not exact), 0 if unknown: tells sizes from context lengths. */
export function parseModelId(id: string, totalParameters: number): ModelId {
  if (id.includes(' ')) {
    return { fullName: id };
  }
  const slash = id.indexOf('/');
  const organization = slash === -1 ? undefined : id.slice(0, slash);
  const fullName = id.slice(slash + 1);
  const parts = fullName
    .split('-')
    .filter((text) => text !== '')
    .map((text): Part => ({ text, roles: new Set() }));

  parts.forEach((part, index) => {
    annotate(part, index === 0, totalParameters);
  });
  dropWordSizes(parts);
  findBasename(parts);

  const finetune = joined(parts, (roles) => roles.has('finetune'));
  const version = joined(parts, (roles) => roles.has('version') && !roles.has('basename'));
  const sizeLabel = joined(parts, (roles) => roles.has('size_label'), true);
  // A basename alone is too ambiguous.
  const basename = finetune || version || sizeLabel ? joined(parts, (roles) => roles.has('basename')) : undefined;
  return {
    fullName,
    ...(organization !== undefined && !organization.startsWith('.') && { organization }),
    ...(basename && { basename }),
    ...(finetune && { finetune }),
    ...(version && { version }),
    ...(sizeLabel && { sizeLabel }),
  };
}

/** "llama-2-7b-chat" → "Llama 2 7b Chat": words in lower case get a capital, versions and numbers don't. */
export function titleOf(id: string): string {
  const words = splitWords(strip(id).replaceAll('-', ' '));
  return words
    .map((word) => (isLower(word) && !/^(?:v\p{Nd}+(?:\.\p{Nd}+)*$|\p{Nd})/u.test(word) ? title(word) : word))
    .join(' ');
}

function annotate(part: Part, first: boolean, totalParameters: number): void {
  if (VERSION.test(part.text)) {
    part.roles.add('version');
  } else if (QUANT_TYPE.test(part.text)) {
    part.roles.add('type');
    part.text = part.text.toUpperCase();
  } else if (!first && SIZE.test(part.text)) {
    annotateSize(part, totalParameters);
  } else if (!first && FINETUNE.test(part.text)) {
    part.roles.add(totalParameters < 0 && part.text.toLowerCase() === 'lora' ? 'type' : 'finetune');
  }
}

function annotateSize(part: Part, totalParameters: number): void {
  let chars = [...part.text.replaceAll('_', '.')];
  // bloom-7b1 means 7.1B.
  if (isDecimal(chars.at(-1))) {
    chars = [...chars.slice(0, -2), '.', ...chars.slice(-1), ...chars.slice(-2, -1)];
  }
  const number = chars.slice(0, -1).join('');
  let unit = chars.at(-1) ?? '';
  if (isDecimal(chars.at(-2)) && 'kmbt'.includes(unit)) {
    unit = unit.toUpperCase();
  }
  if (isContextLength(number, unit, totalParameters)) {
    part.roles.add('finetune');
    unit = unit.toLowerCase();
  } else {
    part.roles.add('size_label');
  }
  part.text = number + unit;
}

/** Whether a label like "128K" is too far from the model's size to mean it. */
function isContextLength(number: string, unit: string, totalParameters: number): boolean {
  if (totalParameters === 0 || !/^\d+(?:\.\d+)?$/.test(number)) {
    return false;
  }
  const label = Number(number) * 1000 ** ' KMBT'.indexOf(unit);
  return totalParameters < 0
    ? label < Math.floor(-totalParameters / 8)
    : Math.abs(label - totalParameters) > Math.floor((7 * totalParameters) / 8);
}

/** Words such as "small" are not the size where a number is. */
function dropWordSizes(parts: readonly Part[]): void {
  const sizes = parts.filter(({ roles }) => roles.has('size_label'));
  if (sizes.some(({ text }) => [...text].some(isDecimal))) {
    for (const { text, roles } of sizes) {
      if (isAlpha(text)) {
        roles.delete('size_label');
      }
    }
  }
}

/** The leading words and versions, without a version at their end; whatever is still unknown is a finetune. */
function findBasename(parts: readonly Part[]): void {
  let atStart = true;
  for (const { text, roles } of parts) {
    if (atStart && ((roles.size === 0 && isAlpha([...text][0])) || roles.has('version'))) {
      roles.add('basename');
      continue;
    }
    atStart = false;
    if (roles.size === 0) {
      roles.add('finetune');
    }
  }
  for (const { roles } of [...parts].reverse()) {
    if (!roles.has('basename') || roles.size === 1) {
      break;
    }
    roles.delete('basename');
  }
}

function joined(parts: readonly Part[], wanted: (roles: Set<Role>) => boolean, unique = false): string {
  const texts = parts.filter(({ roles }) => wanted(roles)).map(({ text }) => text);
  return (unique ? [...new Set(texts)] : texts).join('-');
}
