"""Keeps the matrices of a bfloat16 Llama as a method does, and beside that their decoded values as bfloat16.

    python quantized-smollm2.py METHOD SOURCE QUANTIZED DECODED

Methods: `nf4` (quantized and decoded by bitsandbytes), `mlx` (by mlx), and `awq` (AutoAWQ's GEMM layout, without its search
for better scales). Ends with code 3 and a name where a package isn't installed.
"""

import json
import pathlib
import shutil
import sys

GROUP = 64


def is_kept(name, weight):
    return name.endswith("_proj.weight") and len(weight.shape) == 2


def with_torch(source, encode):
    from safetensors.torch import load_file

    quantized, decoded = {}, {}
    for name, weight in load_file(source).items():
        if is_kept(name, weight):
            parts, decoded[name] = encode(weight)
            stem = name[: -len("weight")]
            quantized.update({stem + end: part.contiguous() for end, part in parts.items()})
        else:
            quantized[name] = decoded[name] = weight
    return quantized, decoded


def save_torch(tensors, path):
    from safetensors.torch import save_file

    save_file(tensors, path, metadata={"format": "pt"})


def nf4(source):
    from bitsandbytes import functional

    def encode(weight):
        options = {"blocksize": GROUP, "compress_statistics": True, "quant_type": "nf4"}
        codes, state = functional.quantize_4bit(weight, **options)
        parts = {f"weight.{end}": part for end, part in state.as_dict(packed=True).items()}
        return {"weight": codes, **parts}, functional.dequantize_4bit(codes, state)

    config = {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}
    return *with_torch(source, encode), {"quantization_config": config}, save_torch


def awq(source):
    import torch

    order = [0, 2, 4, 6, 1, 3, 5, 7]

    def packed(codes):
        columns = codes.reshape(codes.shape[0], -1, 8)[:, :, order].to(torch.int64)
        words = sum(columns[:, :, i] << (4 * i) for i in range(8))
        return torch.where(words >= 2**31, words - 2**32, words).to(torch.int32)

    def encode(weight):
        groups = weight.float().reshape(weight.shape[0], -1, GROUP)
        low, high = groups.amin(2, keepdim=True), groups.amax(2, keepdim=True)
        scales = ((high - low).clamp(min=1e-5) / 15).half()
        zeros = (-low / scales.float()).round().clamp(0, 15)
        codes = ((groups / scales.float()).round() + zeros).clamp(0, 15)
        values = ((codes - zeros).half() * scales).reshape(weight.shape)
        parts = {
            "qweight": packed(codes.reshape(weight.shape).T),
            "qzeros": packed(zeros[:, :, 0].T),
            "scales": scales[:, :, 0].T,
        }
        return parts, values.to(weight.dtype)

    config = {"quant_method": "awq", "bits": 4, "group_size": GROUP, "version": "gemm", "zero_point": True}
    return *with_torch(source, encode), {"quantization_config": config}, save_torch


def mlx(source):
    import mlx.core as mx

    quantized, decoded = {}, {}
    for name, weight in mx.load(source).items():
        if is_kept(name, weight) or "embed_tokens" in name:
            codes, scales, biases = mx.quantize(weight, group_size=GROUP, bits=4)
            stem = name[: -len("weight")]
            quantized.update({name: codes, stem + "scales": scales, stem + "biases": biases})
            decoded[name] = mx.dequantize(codes, scales, biases, group_size=GROUP, bits=4)
        else:
            quantized[name] = decoded[name] = weight

    def save(tensors, path):
        mx.save_safetensors(path, tensors, metadata={"format": "mlx"})

    sizes = {"group_size": GROUP, "bits": 4}
    return quantized, decoded, {"quantization": sizes, "quantization_config": sizes}, save


def main(method, source, *folders):
    source = pathlib.Path(source)
    config = json.loads((source / "config.json").read_text())
    try:
        *tensors, fields, save = {"nf4": nf4, "awq": awq, "mlx": mlx}[method](str(source / "model.safetensors"))
    except ModuleNotFoundError as error:
        print(f"{error.name} isn't installed")
        sys.exit(3)
    for own, folder, more in zip(tensors, folders, (fields, {})):
        folder = pathlib.Path(folder)
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*.safetensors"))
        save(own, str(folder / "model.safetensors"))
        (folder / "config.json").write_text(json.dumps({**config, **more}))


main(*sys.argv[1:])
