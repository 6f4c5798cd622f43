import { type Call, stream } from '../async/stream.js';
import { plotCheck } from '../plot/plot-check.js';
import { CARD, PLOT, writeCard } from './card.js';
import { checkWriteToken, commitFiles, createTarget, type Target, uploadLarge } from './hub-writer.js';
import type { LfsFile } from './lfs-upload.js';
import { IMATRIX, localSource, Maker } from './make.js';
import { MANIFEST, type Manifest, manifestText, type PublishedFile, sizeOfFile } from './manifest.js';
import type { PublishEvent, PublishParams, PublishPlan, PublishResult } from './params.js';
import { type Prepared, prepare } from './prepare.js';
import { WorkFolder } from './work-folder.js';

type Emit = (event: PublishEvent) => void;

/**
 * Converts a model to one type or several, measures them where asked, and publishes the files with a model card in one
 * commit. A run that was killed is gone on with by the same call; where nothing has changed, nothing is done.
 * @example await publish({ source: 'org/model', to: 'me/model-GGUF', quant: ['q4_k_m', 'q8_0'] });
 * @throws Hf2ggufError; as `convert`, `check` and `collectImatrix`, LicenceError for a source that not everyone may have,
 * HubError where the Hub doesn't take the files
 */
export function publish(params: PublishParams): Call<PublishEvent, PublishResult> {
  return stream((emit, signal) => run({ ...params, signal }, emit), params.signal);
}

/** What `publish` would do, from headers alone; the Hub is only read. @throws as `publish` */
export async function planPublish(params: PublishParams, emit: Emit = () => {}): Promise<PublishPlan> {
  const prepared = await prepare(params, emit);
  const { plan, source, target, making } = prepared;
  const card = {
    source,
    repository: params.to,
    manifest: { ...prepared.manifest, files: expectedFiles(prepared) },
    making,
  };
  return { ...plan, card: writeCard(card, await target.readText(CARD)) };
}

/** What the repository has, and what will be made: not hashed yet. */
function expectedFiles({ plan, manifest, missing }: Prepared): PublishedFile[] {
  const made = missing.map(({ type, recipe, files, cache }) => {
    const parts = files.map(({ path, size }) => ({ path, size, sha256: '' }));
    const bitsPerWeight = files[0]?.bitsPerWeight ?? 0;
    return { ...{ type, recipe, parts, bitsPerWeight, cache }, commit: plan.source.commit, measured: null };
  });
  return [...manifest.files.filter(({ type }) => !made.some((file) => file.type === type)), ...made];
}

async function run(params: PublishParams, emit: Emit): Promise<PublishResult> {
  const options = { ...params, emit };
  checkWriteToken(options);
  const prepared = await prepare(params, emit);
  const { plan, source, manifest, missing, making, target } = prepared;
  emit({ event: 'publication', plan: { ...plan, card: '' } });
  if (missing.length === 0) {
    const { files, check } = manifest;
    return done({ repository: params.to, url: target.url, commit: null, files, check }, emit);
  }
  const work = new WorkFolder(prepared.folder, prepared.pinned, params.keep !== undefined);
  await work.open(missing.map(({ recipe }) => recipe));
  const owned = target.exists ? target : await createTarget(target, params.private ?? false, options);
  const maker = new Maker(params, prepared, work, emit);
  for (const group of prepared.groups) {
    for (const file of await maker.make(group)) {
      await upload(owned, file, work, emit);
    }
  }
  const imatrix = await uploadImatrix(owned, maker, emit);
  const whole = joined(manifest, work, prepared);
  const card = {
    source,
    repository: params.to,
    manifest: whole,
    making: { ...making, imatrix: imatrix?.path ?? null },
  };
  const plot = await plotOf(whole, source.repo.name);
  const change = {
    summary: `${missing.map(({ type }) => type).join(', ')} of ${source.repo.name}`,
    uploaded: [...work.made.flatMap(({ parts }) => parts), ...(imatrix ? [imatrix] : [])],
    small: [
      { path: CARD, text: writeCard(card, await target.readText(CARD)) },
      { path: MANIFEST, text: manifestText(whole) },
      ...(plot === null ? [] : [{ path: PLOT, text: plot }]),
    ],
    deleted: replacedPaths(manifest, whole),
    pr: params.pr ?? false,
  };
  const { commit, url } = await commitFiles(owned, change, options);
  await work.close([IMATRIX]);
  return done({ repository: params.to, url, commit, files: whole.files, check: whole.check }, emit);
}

function done(result: PublishResult, emit: Emit): PublishResult {
  emit({ event: 'done', result });
  return result;
}

/** Sends a file's parts, unless an earlier run did, and removes them where they are not to stay. */
async function upload(target: Target, file: PublishedFile, work: WorkFolder, emit: Emit) {
  if (!work.uploaded.has(file.recipe)) {
    emit({ event: 'phase', phase: 'upload' });
    const total = sizeOfFile(file);
    let before = 0;
    for (const { path, size, sha256 } of file.parts) {
      const source = localSource({ path, size, sha256 }, work.file(path));
      const onProgress = (bytes: number) => emit({ event: 'progress', unit: 'bytes', done: before + bytes, total });
      await uploadLarge(target, { ...source, onProgress });
      before += size;
      emit({ event: 'upload', path, size });
    }
    work.uploaded.add(file.recipe);
    await work.note();
  }
  await work.drop(file);
}

async function uploadImatrix(target: Target, maker: Maker, emit: Emit): Promise<LfsFile | null> {
  const file = await maker.imatrixFile();
  if (file !== null) {
    await uploadLarge(target, file);
    emit({ event: 'upload', path: file.path, size: file.size });
  }
  return file;
}

/** The manifest of all that the repository will have. */
function joined(before: Manifest, work: WorkFolder, { source }: Prepared): Manifest {
  const check = work.check ?? before.check;
  const isSame = JSON.stringify({ ...before.check, perplexity: 0 }) === JSON.stringify({ ...check, perplexity: 0 });
  const kept = before.files
    .filter(({ type }) => !work.made.some((file) => file.type === type))
    // Figures on another text cannot stand beside these.
    .map((file) => (isSame ? file : { ...file, measured: null }));
  const files = [...kept, ...work.made].sort((a, b) => sizeOfFile(a) - sizeOfFile(b));
  return { version: 1, source: source.id, check, files };
}

/** What the manifest had of types that have other files now. */
function replacedPaths(before: Manifest, after: Manifest): string[] {
  const paths = ({ files }: Manifest) => files.flatMap(({ parts }) => parts.map(({ path }) => path));
  const now = new Set(paths(after));
  return paths(before).filter((path) => !now.has(path));
}

/** Size against divergence of all measured files; null where there are none. */
async function plotOf({ check, files }: Manifest, name: string): Promise<string | null> {
  const models = files.flatMap((file) => {
    const { type, measured } = file;
    const source = file.parts[0]?.path ?? type;
    return measured ? [{ source, type, size: sizeOfFile(file), divergence: { kld: measured.kld } }] : [];
  });
  return check && models.length > 0 ? plotCheck({ ...check, base: { source: name }, models }) : null;
}
