import { plan } from '../calls/conversions.js';
import type { PlacedFile } from '../layout/plan.js';
import { fallbackWarning } from '../plan/finish-plan.js';
import { cacheSize } from '../publish/cache-size.js';
import { readSource, type SourceFacts } from '../publish/source-facts.js';
import type { QuantName } from '../quantize/file-types.js';
import { hubSettings } from '../repo/hub-settings.js';
import { estimateCheckSeconds } from '../runner/check-time.js';
import type { ModelPlan } from './api.js';

/** Types that need no importance matrix, the largest first. */
const TYPES = [
  ...(['F16', 'BF16', 'Q8_0', 'Q6_K', 'Q5_K_M', 'Q5_K_S', 'Q4_K_M', 'Q4_K_S', 'IQ4_XS', 'Q4_0'] as const),
  ...(['Q3_K_L', 'Q3_K_M', 'Q3_K_S', 'Q2_K'] as const),
] satisfies readonly QuantName[];

export interface PlanOptions {
  /** Whether the model is read without the token of this machine. */
  readonly isPublic?: boolean;
  readonly endpoint?: string;
  readonly signal?: AbortSignal;
}

/** A name on the Hub that no folder of this machine can stand for. */
export function hubSource(source: string, commit?: string): string {
  return commit === undefined ? `hf://${source}` : `hf://${source}@${commit}`;
}

/** An empty token is none. */
export function tokenOf({ isPublic }: { readonly isPublic?: boolean | undefined }): { readonly token?: string } {
  return isPublic ? { token: '' } : {};
}

/** What a model is, and how large it becomes, from its headers alone. @throws as `plan` */
export async function planModel(source: string, options: PlanOptions = {}): Promise<ModelPlan> {
  const warnings: string[] = [];
  const emit = (event: { readonly event: string; readonly what?: unknown }) => {
    if (event.event === 'warning') {
      warnings.push(String(event.what));
    }
  };
  const facts = await readSource(hubSource(source), { ...options, ...tokenOf(options), emit });
  const { commit, files } = await planTypes(facts, TYPES, options, emit);
  const [first] = files;
  const architecture = String(new Map(first?.kv).get('general.architecture')?.value ?? '');
  const { parameters = 0 } = first ?? {};
  const { endpoint } = hubSettings(process.env, options);
  return {
    ...{ source: facts.id, commit, licences: [...facts.licences], isGated: facts.isGated },
    url: `${endpoint}/${facts.id}/tree/${commit}`,
    // That types fall back to others is shown with each of them.
    warnings: [...new Set(warnings)].filter((what) => !files.some((file) => fallbackWarning(file) === what)),
    ...{ architecture, parameters, checkSeconds: estimateCheckSeconds(architecture, parameters) },
    types: files.map(({ type, name, size, bitsPerWeight, fallbackShare, kv }) => {
      return { type: type ?? '', path: name, size, bitsPerWeight, fallbackShare, memory: size + (cacheSize(kv) ?? 0) };
    }),
  };
}

/** The commit that a name stands for now, and the bytes of the files that an order of types gives. @throws as `plan` */
export async function measureOrder(source: string, quant: readonly string[], options: PlanOptions = {}) {
  const facts = await readSource(hubSource(source), { ...options, ...tokenOf(options), emit: () => {} });
  const { commit, files } = await planTypes(facts, quant as readonly QuantName[], options, () => {});
  return { source: facts.id, commit, size: files.reduce((sum, file) => sum + file.size, 0) };
}

async function planTypes(
  { id, repo }: SourceFacts,
  quant: readonly QuantName[],
  { isPublic, ...options }: PlanOptions,
  emit: (event: { readonly event: string; readonly what?: unknown }) => void,
): Promise<{ commit: string; files: readonly PlacedFile[] }> {
  const commit = repo.revision ?? '';
  const { files } = await plan(
    { ...options, ...tokenOf({ isPublic }), source: hubSource(id, commit), quant: [...quant] },
    emit,
  );
  return { commit, files };
}
