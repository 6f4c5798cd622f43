import type { Config } from '../config/config.js';
import type { Known } from '../config/derivations.js';
import { SourceError, UnsupportedError, UsageError } from '../errors.js';
import { didYouMean, isSlip, sameName } from '../options/near-names.js';
import type { NamedExpr } from '../tensor/expr.js';
import type { Architecture } from './architecture.js';
import { holds } from './conditions.js';
import * as afmoe from './families/afmoe.js';
import * as apertus from './families/apertus.js';
import * as arctic from './families/arctic.js';
import * as baichuan from './families/baichuan.js';
import * as bailingMoe from './families/bailing-moe.js';
import * as bert from './families/bert.js';
import * as bitnet from './families/bitnet.js';
import * as bloom from './families/bloom.js';
import * as chameleon from './families/chameleon.js';
import * as chatglm from './families/chatglm.js';
import * as cohere from './families/cohere.js';
import * as dbrx from './families/dbrx.js';
import * as deci from './families/deci.js';
import * as deepseek from './families/deepseek.js';
import * as deepseek4 from './families/deepseek4.js';
import * as dflash from './families/dflash.js';
import * as diffusion from './families/diffusion.js';
import * as dots1 from './families/dots1.js';
import * as dots3 from './families/dots3.js';
import * as eagle3 from './families/eagle3.js';
import * as ernie from './families/ernie.js';
import * as euroBert from './families/euro-bert.js';
import * as exaone from './families/exaone.js';
import * as falconH1 from './families/falcon-h1.js';
import * as gemma from './families/gemma.js';
import * as gemma4 from './families/gemma4.js';
import * as glm from './families/glm.js';
import * as gptOss from './families/gpt-oss.js';
import * as gpt2 from './families/gpt2.js';
import * as granite from './families/granite.js';
import * as graniteHybrid from './families/granite-hybrid.js';
import * as graniteMoe from './families/granite-moe.js';
import * as grok from './families/grok.js';
import * as grovemoe from './families/grovemoe.js';
import * as hrmText from './families/hrm-text.js';
import * as hunyuan from './families/hunyuan.js';
import * as hyV4 from './families/hy-v4.js';
import * as internlm from './families/internlm.js';
import * as jamba from './families/jamba.js';
import * as jinaBert from './families/jina-bert.js';
import * as kimiK3 from './families/kimi-k3.js';
import * as kimiLinear from './families/kimi-linear.js';
import * as laguna from './families/laguna.js';
import * as lfm2 from './families/lfm2.js';
import * as llama from './families/llama.js';
import * as llama4 from './families/llama4.js';
import * as maincoder from './families/maincoder.js';
import * as mamba from './families/mamba.js';
import * as mellum from './families/mellum.js';
import * as mimo from './families/mimo.js';
import * as minicpm from './families/minicpm.js';
import * as minimax from './families/minimax.js';
import * as mistral3 from './families/mistral3.js';
import * as mistral4 from './families/mistral4.js';
import * as modernBert from './families/modern-bert.js';
import * as museGlimmer from './families/muse-glimmer.js';
import * as nemotron from './families/nemotron.js';
import * as nemotronH from './families/nemotron-h.js';
import * as neoBert from './families/neo-bert.js';
import * as nomicBert from './families/nomic-bert.js';
import * as olmo from './families/olmo.js';
import * as openelm from './families/openelm.js';
import * as pangu from './families/pangu.js';
import * as phi from './families/phi.js';
import * as plamo from './families/plamo.js';
import * as plm from './families/plm.js';
import * as qwen from './families/qwen.js';
import * as qwenMoe from './families/qwen-moe.js';
import * as qwenNext from './families/qwen-next.js';
import * as qwenVl from './families/qwen-vl.js';
import * as qwen2 from './families/qwen2.js';
import * as qwen3 from './families/qwen3.js';
import * as qwen4exp from './families/qwen4exp.js';
import * as roberta from './families/roberta.js';
import * as rwkv from './families/rwkv.js';
import * as sarashina2 from './families/sarashina2.js';
import * as smallthinker from './families/smallthinker.js';
import * as spark25 from './families/spark2-5.js';
import * as stablelm from './families/stablelm.js';
import * as step3 from './families/step3.js';
import * as t5 from './families/t5.js';
import * as talkie from './families/talkie.js';
import { fits } from './fit.js';
import { UNSUPPORTED } from './unsupported.js';

/** The files of all families; a new one gets its line here. */
const FILES = [
  afmoe,
  apertus,
  arctic,
  baichuan,
  bailingMoe,
  bert,
  bitnet,
  bloom,
  chameleon,
  chatglm,
  cohere,
  dbrx,
  deci,
  deepseek,
  deepseek4,
  dflash,
  diffusion,
  dots1,
  dots3,
  eagle3,
  ernie,
  euroBert,
  exaone,
  falconH1,
  gemma,
  gemma4,
  glm,
  gptOss,
  gpt2,
  granite,
  graniteHybrid,
  graniteMoe,
  grok,
  grovemoe,
  hrmText,
  hunyuan,
  hyV4,
  internlm,
  jamba,
  jinaBert,
  kimiK3,
  kimiLinear,
  laguna,
  lfm2,
  llama,
  llama4,
  maincoder,
  mamba,
  mellum,
  mimo,
  minicpm,
  minimax,
  mistral3,
  mistral4,
  modernBert,
  museGlimmer,
  nemotron,
  nemotronH,
  neoBert,
  nomicBert,
  olmo,
  openelm,
  pangu,
  phi,
  plamo,
  plm,
  qwen,
  qwenMoe,
  qwenNext,
  qwenVl,
  qwen2,
  qwen3,
  qwen4exp,
  roberta,
  rwkv,
  sarashina2,
  smallthinker,
  spark25,
  stablelm,
  step3,
  t5,
  talkie,
];

/** What the files export that is a family, and not a part of one that others share. */
export const ARCHITECTURES: readonly Architecture[] = FILES.flatMap((file) => Object.values(file)).filter(
  (value): value is Architecture => typeof value === 'object' && 'classes' in value,
);

/** What `--arch` takes: a class, or a GGUF name; `listArchitectures` lists them. */
export type ArchName = string;

export class UnsupportedArchitectureError extends UnsupportedError {}

export class UnknownClassError extends UsageError {}

/** A file of `--arch-file` that describes no family. */
export class ArchFileError extends SourceError {}

const LIST = 'hf2gguf archs lists the classes that are.';

/** A model under a class that is supported, but of a kind that is not. */
export class UnsupportedVariantError extends UnsupportedError {}

/**
 * The family of a model.
 * @param name a class or GGUF name (`--arch`) to take instead of the configuration's class.
 * @throws UnsupportedArchitectureError, UnsupportedVariantError, UnknownClassError
 */
export function findArchitecture(known: Known, name?: string): Architecture {
  const found = name === undefined ? byClass(known) : (byClass(known, familiesNamed(name)) ?? parseArchitecture(name));
  if (!found) {
    throw unsupported(known.config);
  }
  const variant = UNSUPPORTED.find(
    ({ classes, when }) => classes.some((own) => found.classes.includes(own)) && holds(when, known),
  );
  if (variant) {
    throw new UnsupportedVariantError(`The model is ${variant.what}, which is not supported yet.`, variant.next);
  }
  return found;
}

/**
 * A family that the user describes, for a model that is of it.
 * @param file where it is described, for messages.
 * @throws UnsupportedArchitectureError for a model of another class, or that does not meet the family's condition.
 */
export function checkArchitecture(own: Architecture, known: Known, file = '--arch-file'): Architecture {
  const { architecture } = known.config;
  if (!own.classes.includes(architecture) || !holds(own.when, known)) {
    throw new UnsupportedArchitectureError(
      `${file} describes ${own.classes.join(', ')}${own.when ? ' under a condition' : ''}, and the model (${architecture.slice(0, MAX_NAME)}) is another.`,
      'Change its "classes" or "when" if the model is built alike.',
    );
  }
  return own;
}

/** A family by the name of one of its classes, or its name in GGUF, however it is spelt. @throws UnknownClassError */
export function parseArchitecture(name: string): Architecture {
  const [found] = familiesNamed(name);
  if (!found) {
    throw new UnknownClassError(
      `--arch ${name} is no class of models that is supported.`,
      didYouMean(name, NAMES, LIST),
    );
  }
  return found;
}

const NAMES = ARCHITECTURES.flatMap(({ classes, gguf }) => [...classes, gguf]);

/** The families with this name among their classes, or in GGUF. Those that every model may be of come first. */
function familiesNamed(name: string): readonly Architecture[] {
  const known = sameName(name, NAMES);
  const families = ARCHITECTURES.filter(({ classes, gguf }) => known && [...classes, gguf].includes(known));
  return families.sort((a, b) => Number(a.when !== undefined) - Number(b.when !== undefined));
}

/** The first of a class whose condition holds. */
function byClass(known: Known, families = ARCHITECTURES): Architecture | undefined {
  const { architecture } = known.config;
  return families.find(({ classes, when }) => classes.includes(architecture) && holds(when, known));
}

/** Another class of its own is built otherwise, however near its name: another way is named for a slip alone. */
function unsupported({ architecture }: Config): UnsupportedArchitectureError {
  const name = architecture.slice(0, MAX_NAME);
  const slip = NAMES.find((known) => isSlip(name, known));
  return new UnsupportedArchitectureError(
    `The architecture ${name} is not supported.`,
    slip ? `If config.json means ${slip}, say --arch ${slip}; ${LIST}` : LIST,
  );
}

/** The most families and tensors that a message names. */
const MAX_NAMED = 16;

/**
 * What is said of an unknown class when its checkpoint's headers are there: the families that have a place for every
 * tensor, or else the nearest one and what it has none for.
 */
export function unknownClass(known: Known, tensors: Iterable<NamedExpr>): UnsupportedArchitectureError {
  const name = known.config.architecture.slice(0, MAX_NAME);
  const all = fits(ARCHITECTURES, known, tensors);
  const fitting = all.filter(({ misfits }) => misfits.length === 0).map(({ architecture }) => architecture.gguf);
  const [first, ...others] = [...new Set(fitting)].slice(0, MAX_NAMED);
  if (first !== undefined) {
    const also = others.length > 0 ? ` (or else ${others.join(', ')})` : '';
    return new UnsupportedArchitectureError(
      `The architecture ${name} is not supported, but its tensors fit ${first}${also}.`,
      `If the model computes alike, try --arch ${first}; what it writes is right only then.`,
    );
  }
  const [nearest] = all;
  if (nearest === undefined) {
    return unsupported(known.config);
  }
  const { architecture, misfits } = nearest;
  const shown = misfits.slice(0, MAX_NAMED).join(', ');
  return new UnsupportedArchitectureError(
    `The architecture ${name} is not supported. ${architecture.gguf} is nearest, but has no place for ${shown}${misfits.length > MAX_NAMED ? ` and ${misfits.length - MAX_NAMED} more` : ''}.`,
    `A family can be described in a file for --arch-file; start from "hf2gguf archs ${architecture.gguf} --json".`,
  );
}

/** Longer names are cut before they are shown. */
const MAX_NAME = 100;

/** What `hf2gguf archs` lists. */
export function listArchitectures(): Pick<Architecture, 'classes' | 'gguf' | 'example' | 'unproven'>[] {
  return ARCHITECTURES.map(({ classes, gguf, example, unproven }) => ({
    ...{ classes, gguf, example },
    ...(unproven && { unproven }),
  }));
}
