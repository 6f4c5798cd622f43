/** The file type that a checkpoint's blocks give a file of F32, F16 or BF16: name and number of `LlamaFileType` in gguf-py. */
export interface BlockFileType {
  readonly name: 'MXFP4_MOE' | 'NVFP4';
  /** `general.file_type` */
  readonly id: number;
  /** Files of Q8_0 get it too. */
  readonly always?: boolean;
}

export const MXFP4_MOE: BlockFileType = { name: 'MXFP4_MOE', id: 38 };
export const NVFP4_FILE: BlockFileType = { name: 'NVFP4', id: 39 };
