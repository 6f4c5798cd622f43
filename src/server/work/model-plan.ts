import { plan } from '../../calls/conversions.js';
import type { PlacedFile } from '../../layout/plan.js';
import { fallbackWarning } from '../../plan/finish-plan.js';
import type { SplitOptions } from '../../plan/split-parts.js';
import { cacheSize } from '../../publish/cache-size.js';
import { readSource, type SourceFacts } from '../../publish/source-facts.js';
import type { QuantName } from '../../quantize/file-types.js';
import { hubSettings } from '../../repo/hub-settings.js';
import { estimateCheckSeconds } from '../../runner/check-time.js';
import type { ModelPlan } from '../api.js';
import type { Work } from '../queue/queue.js';
import { isLocal, type LocalSources } from '../users/local-sources.js';
import type { Reading } from '../users/reading.js';

/** Types that need no importance matrix, the largest first. */
const TYPES = [
  ...(['F16', 'BF16', 'Q8_0', 'Q6_K', 'Q5_K_M', 'Q5_K_S', 'Q4_K_M', 'Q4_K_S', 'IQ4_XS', 'Q4_0'] as const),
  ...(['Q3_K_L', 'Q3_K_M', 'Q3_K_S', 'Q2_K'] as const),
] satisfies readonly QuantName[];

type Emit = (event: { readonly event: string; readonly what?: unknown }) => void;

/** What a name stands for now. */
interface Pinned {
  /** As users name it. */
  readonly source: string;
  /** The commit, or what stands for one. */
  readonly commit: string;
  /** As the library names it: a name on the Hub that no folder of this machine can stand for, or a folder. */
  readonly place: string;
  readonly facts: SourceFacts;
}

/** @throws as `openRepo`; LocalSourceError */
export async function pin(
  source: string,
  local: LocalSources,
  reading: Reading,
  emit: Emit = () => {},
): Promise<Pinned> {
  if (isLocal(source)) {
    const place = await local.folder(source);
    const facts = await readSource(place, { ...reading, emit });
    return { source, commit: await local.fingerprint(source, facts.repo), place, facts };
  }
  const facts = await readSource(hubSource(source), { ...reading, emit });
  const { id, repo } = facts;
  return { source: id, commit: repo.revision ?? '', place: hubSource(id, repo.revision ?? ''), facts };
}

/** A name on the Hub that no folder of this machine can stand for. */
export function hubSource(source: string, commit?: string): string {
  return commit === undefined ? `hf://${source}` : `hf://${source}@${commit}`;
}

/** What a model is, and how large it becomes, from its headers alone. @throws as `plan` */
export async function planModel(source: string, local: LocalSources, reading: Reading): Promise<ModelPlan> {
  const warnings: string[] = [];
  const emit: Emit = (event) => {
    if (event.event === 'warning') {
      warnings.push(local.named(String(event.what)));
    }
  };
  const { facts, ...pinned } = await pin(source, local, reading, emit);
  const files = await planTypes(pinned.place, TYPES, reading, emit);
  const [first] = files;
  const architecture = String(new Map(first?.kv).get('general.architecture')?.value ?? '');
  const { parameters = 0 } = first ?? {};
  const { endpoint } = hubSettings(process.env, reading);
  return {
    ...{ source: pinned.source, commit: pinned.commit, licences: [...facts.licences], isGated: facts.isGated },
    url: isLocal(source) ? null : `${endpoint}/${facts.id}/tree/${pinned.commit}`,
    // That types fall back to others is shown with each of them.
    warnings: [...new Set(warnings)].filter((what) => !files.some((file) => fallbackWarning(file) === what)),
    ...{ architecture, parameters, checkSeconds: estimateCheckSeconds(architecture, parameters) },
    types: files.map(({ type, name, size, bitsPerWeight, fallbackShare, kv }) => {
      return { type: type ?? '', path: name, size, bitsPerWeight, fallbackShare, memory: size + (cacheSize(kv) ?? 0) };
    }),
  };
}

/** The commit that a name stands for now, and the files that an order gives. @throws as `plan` */
export async function measureOrder(
  name: string,
  { quant, splitMaxSize }: Pick<Work, 'quant' | 'splitMaxSize'>,
  local: LocalSources,
  reading: Reading,
): Promise<{ source: string; commit: string; files: readonly PlacedFile[] }> {
  const { source, commit, place } = await pin(name, local, reading);
  const split = splitMaxSize === null ? {} : { splitMaxSize };
  const files = await planTypes(place, quant as readonly QuantName[], { ...reading, ...split }, () => {});
  return { source, commit, files };
}

async function planTypes(
  source: string,
  quant: readonly QuantName[],
  options: Reading & SplitOptions,
  emit: Emit,
): Promise<readonly PlacedFile[]> {
  return (await plan({ ...options, source, quant: [...quant] }, emit)).files;
}
