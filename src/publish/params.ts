import type { ConvertEvent } from '../calls/events.js';
import type { ConvertParams } from '../calls/params.js';
import type { DoneEvent } from '../events.js';
import type { Manifest, PublishedFile } from './manifest.js';

/** What `publish` takes: the options of a conversion to given types, and where the files go. */
export interface PublishParams
  extends Omit<
    ConvertParams,
    | 'output'
    | 'imatrix'
    | 'targetSize'
    | 'targetBpw'
    | 'sensitivities'
    | 'sensitivitiesOut'
    | 'imatrixOut'
    | 'vocabOnly'
    | 'stats'
    | 'splitMaxTensors'
    | 'noTensorFirstSplit'
  > {
  /** The repository on the Hub, `owner/name`; it is created where there is none. */
  readonly to: string;
  /** An importance matrix: a file, `org/model:file`, or `auto`: computed from the source first. */
  readonly imatrix?: string;
  /** Create the repository as a private one. @default false */
  readonly private?: boolean;
  /** Open a pull request instead of changing the repository. @default false */
  readonly pr?: boolean;
  /** A folder in which the files stay. @default they are removed when the Hub has them */
  readonly keep?: string;
  /**
   * What `convert` has written into the folder `keep`, of this source and with these options: it is published as it is, with
   * these figures. Files that are not of the planned size are made again.
   */
  readonly made?: Made;
  /** Publish openly what is gated, private or under a licence that restricts who may have it. @default false */
  readonly acceptLicence?: boolean;
}

/** Files by their types, with what was measured of them. */
export interface Made extends Pick<Manifest, 'check'> {
  readonly files: readonly Pick<PublishedFile, 'type' | 'measured'>[];
}

/** The Hub has a file; its commit comes when all are there. */
export interface UploadEvent {
  readonly event: 'upload';
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** What will be made, and in how many reads of the source. */
export interface PublishPlan {
  /** `owner/name`. */
  readonly repository: string;
  /** Whether the repository will be created. */
  readonly creates: boolean;
  readonly source: { readonly id: string; readonly commit: string | null };
  /** Types that are made from one read of the source each; as many at once as the disk has room for. */
  readonly reads: readonly (readonly string[])[];
  readonly files: readonly { readonly path: string; readonly type: string | null; readonly size: number }[];
  /** Files that the repository has already, of the same source and recipe. */
  readonly kept: readonly PublishedFile[];
  /** The model card: README.md, without what is measured later. */
  readonly card: string;
}

export interface PublicationEvent {
  readonly event: 'publication';
  readonly plan: PublishPlan;
}

export type PublishEvent =
  | Exclude<ConvertEvent, { readonly event: 'done' | 'plan' }>
  | UploadEvent
  | PublicationEvent
  | DoneEvent<PublishResult>;

export interface PublishResult {
  /** `owner/name`. */
  readonly repository: string;
  /** Its page, or that of the pull request. */
  readonly url: string;
  /** The commit that holds the files; null where nothing had to be changed. */
  readonly commit: string | null;
  /** All that the repository has of this model. */
  readonly files: readonly PublishedFile[];
  /** What the figures of the files were measured on; null where there are none. */
  readonly check: Manifest['check'];
}
