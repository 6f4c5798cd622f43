import type { Hf2ggufError } from '#src/errors.js';
import { openModel } from '#src/plan/open-model.js';
import { tempFolder, writeFiles } from './kit.js';

const LLAMA = JSON.stringify({ architectures: ['LlamaForCausalLM'], model_type: 'llama' });

test.each<[Record<string, string>, number, RegExp]>([
  [{}, 4, /FOLDER is empty\. Give the repository of a model/],
  [
    { 'adapter_config.json': '{"base_model_name_or_path":"org/base"}', 'adapter_model.safetensors': '' },
    3,
    /holds an adapter \(LoRA\) of org\/base, .* Convert org\/base/,
  ],
  [{ 'adapter_model.bin': '' }, 3, /holds an adapter \(LoRA\), .* Convert its base model/],
  [{ 'model_index.json': '{}', 'unet/config.json': '{}' }, 3, /holds a pipeline of diffusers/],
  [
    { 'a-Q8_0.gguf': '', 'b-00001-of-00002.gguf': '', 'b-00002-of-00002.gguf': '', 'README.md': '' },
    4,
    /holds GGUF files \(a-Q8_0\.gguf, b-00001-of-00002\.gguf\) and no model .*`hf2gguf quantize FOLDER\/a-Q8_0\.gguf q4_0`/,
  ],
  [{ 'config.json': LLAMA, 'a-Q8_0.gguf': '' }, 4, /holds GGUF files/],
  [
    { 'config.json': LLAMA, 'params.json': '{}', 'consolidated.safetensors': '', 'tekken.json': '{}' },
    4,
    /holds a model in Mistral's own format .* Add --mistral-format/,
  ],
  [{ 'params.json': '{}', 'consolidated.00.pth': '' }, 3, /weights that are neither model\*\.safetensors nor/],
  [
    { 'config.json': LLAMA, 'onnx/model.onnx': '' },
    3,
    /holds an ONNX model, .* Give the model that it was exported from/,
  ],
  [{ 'model.onnx': '', 'model.onnx_data': '', 'tokenizer.json': '{}' }, 3, /holds an ONNX model/],
  [
    { 'adapter_config.json': '{}', 'adapter_model.bin': '', 'config.json': LLAMA },
    3,
    /holds an adapter \(LoRA\), .* Convert its base model/,
  ],
  [
    { 'model_index.json': '{}', 'unet/config.json': '{}', 'unet/diffusion_pytorch_model.safetensors': '' },
    3,
    /holds a pipeline of diffusers, .* Give the repository of a language model/,
  ],
  [{ 'unet/config.json': '{}', 'unet/diffusion_pytorch_model.bin': '' }, 3, /holds a pipeline of diffusers/],
  [
    { 'config.json': LLAMA, 'tf_model.h5': '' },
    3,
    /weights that are neither model\*\.safetensors nor pytorch_model\*\.bin/,
  ],
  [
    { 'model/config.json': LLAMA, 'model/model.safetensors': '' },
    4,
    /has its config\.json in model\. Give that folder/,
  ],
  [{ 'data/train.parquet': '' }, 4, /holds a dataset, and no model/],
  [{ 'README.md': '' }, 4, /has no config\.json\. Give the repository of a model/],
  [{ 'config.json': LLAMA }, 4, /There is no model\*\.safetensors or pytorch_model\*\.bin file/],
  [
    {
      'config.json': '{"architectures":["NoSuchModel"],"model_type":"none"}',
      'model.safetensors': '',
      'modules.json': '[]',
    },
    3,
    /NoSuchModel is not supported/,
  ],
])('%j', async (files, exitCode, sentence) => {
  const folder = tempFolder();
  writeFiles(folder, files);
  const error = await openModel({ source: folder }).then(
    () => null,
    (reason: Hf2ggufError) => reason,
  );
  expect(error?.message.replaceAll(folder, 'FOLDER')).toMatch(sentence);
  expect(error?.exitCode).toBe(exitCode);
});
