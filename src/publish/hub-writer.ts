export interface LocalUpload {
  readonly path: string;
  readonly file: string;
  readonly size: number;
  readonly sha256: string;
}
export type UploadedFile = Pick<LocalUpload, 'path' | 'size' | 'sha256'>;
export interface Target {
  readonly name: string;
  readonly url: string;
  readonly exists: boolean;
  readonly isPrivate?: boolean;
  readonly commit?: string;
  readonly files: readonly UploadedFile[];
  readText(path: string): Promise<string | undefined>;
}
export declare function openTarget(name: string, options: object): Promise<Target>;
export declare function createTarget(target: Target, o: { isPrivate: boolean }): Promise<Target>;
export declare function uploadLarge(
  target: Target,
  file: LocalUpload,
  o: { signal: AbortSignal | undefined; onProgress(bytes: number): void },
): Promise<void>;
export declare function commitFiles(
  target: Target,
  o: {
    summary: string;
    uploaded: readonly UploadedFile[];
    small: readonly { path: string; text: string }[];
    deleted: readonly string[];
    pr: boolean;
  },
): Promise<{ commitId: string; url: string; pullRequestUrl?: string }>;
