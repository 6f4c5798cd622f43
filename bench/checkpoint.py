"""Times the decoding of a quantized checkpoint's matrices to bfloat16: by bitsandbytes, by MLX, or by formulas in PyTorch.

    python checkpoint.py METHOD FOLDER

METHOD is a name of QUANTIZED in bench/synthetic-quantized.ts. Prints the least of three times, or what isn't installed.
"""

import collections
import pathlib
import sys
import time

E2M1 = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]


def unpacked(words, bits, dim):
    """Codes of words of 32 bits, the low bits first, as a new dimension behind `dim`."""
    import torch

    shifts = torch.arange(0, 32, bits, dtype=torch.int32)
    shape = [1] * (words.dim() + 1)
    shape[dim + 1] = -1
    return (words.unsqueeze(dim + 1) >> shifts.view(shape)) & (2**bits - 1)


def gptq(bits):
    def decode(p):
        scales, inputs = p["scales"], p["qweight"].shape[0] * 32 // bits
        codes = unpacked(p["qweight"], bits, 0).reshape(inputs, -1)
        zeros = unpacked(p["qzeros"], bits, 1).reshape(scales.shape) + 1
        if "g_idx" in p:
            scales, zeros = scales[p["g_idx"].long()], zeros[p["g_idx"].long()]
        else:
            scales, zeros = (each.repeat_interleave(inputs // scales.shape[0], 0) for each in (scales, zeros))
        return (scales.float() * (codes - zeros).float()).T

    return decode


def awq(p):
    order = [0, 4, 1, 5, 2, 6, 3, 7]
    codes, zeros = (unpacked(p[name], 4, 1)[:, :, order].flatten(1) for name in ("qweight", "qzeros"))
    size = codes.shape[0] // zeros.shape[0]
    return ((codes - zeros.repeat_interleave(size, 0)) * p["scales"].repeat_interleave(size, 0)).T


def pairs(codes, table):
    """Values of two codes of 4 bits a byte, the low one first."""
    import torch

    codes = codes.view(torch.uint8)
    both = torch.stack([codes & 15, codes >> 4], -1).flatten(-2)
    return torch.tensor(table)[both.int()]


def groups(values, scales):
    return (values.unflatten(-1, (scales.shape[-1], -1)) * scales.float().unsqueeze(-1)).flatten(-2)


SIGNED_E2M1 = E2M1 + [-value for value in E2M1]


def fp8_blocks(p):
    scales = p["weight_scale_inv"].repeat_interleave(128, 0).repeat_interleave(128, 1)
    return p["weight"].float() * scales


def mxfp4(p):
    import torch

    return groups(pairs(p["weight_packed"], SIGNED_E2M1), torch.exp2(p["weight_scale"].float() - 127))


def nvfp4(p):
    return groups(pairs(p["weight"], SIGNED_E2M1), p["weight_scale"].float() * p["weight_scale_2"])


def hqq(p):
    import torch

    codes = torch.cat([p["W_q"] >> 4, p["W_q"] & 15]).to(p["scale"].dtype)
    return ((codes - p["zero"]) * p["scale"]).reshape(p["shape"].tolist())


def bitnet(p):
    import torch

    codes = torch.cat([p["weight"] >> shift & 3 for shift in (0, 2, 4, 6)])
    return (codes.float() - 1) / p["weight_scale"].float()


def nf4(p):
    from bitsandbytes import functional

    parts = {name.removeprefix("weight."): value for name, value in p.items() if name != "weight"}
    state = functional.QuantState.from_dict(parts, device="cpu")
    return functional.dequantize_4bit(p["weight"], state)


PYTORCH = {
    "FP8 by block": fp8_blocks,
    "compressed-tensors int8": lambda p: p["weight"].float() * p["weight_scale"].float(),
    "compressed-tensors int4": lambda p: groups(pairs(p["weight_packed"], [i - 8.0 for i in range(16)]), p["weight_scale"]),
    "compressed-tensors mxfp4": mxfp4,
    "modelopt NVFP4": nvfp4,
    "GPTQ 4 bits": gptq(4),
    "GPTQ 4 bits, act-order": gptq(4),
    "GPTQ 8 bits": gptq(8),
    "AutoRound 4 bits": gptq(4),
    "AWQ": awq,
    "bitsandbytes nf4": nf4,
    "bitsandbytes int8": lambda p: p["weight"].float() * p["SCB"][:, None] * (1 / 127),
    "BitNet": bitnet,
    "HQQ 4 bits": hqq,
}


def modules(tensors, ends):
    """The parts of each quantized module: what follows its name, to the tensor."""
    found = collections.defaultdict(dict)
    for name, tensor in tensors.items():
        module = name.split("_proj.")[0] + "_proj." if "_proj." in name else name.rpartition(".")[0] + "."
        found[module][name[len(module) :]] = tensor
    return [parts for parts in found.values() if any(end in parts for end in ends)]


def with_pytorch(name, path):
    import torch
    from safetensors.torch import load_file

    ends = ("qweight", "weight_packed", "W_q", "SCB", "weight_scale", "weight_scale_inv", "weight.quant_map")
    kept = modules(load_file(path), ends)
    library = "bitsandbytes" if "nf4" in name else "PyTorch"

    def run():
        for parts in kept:
            PYTORCH[name](parts).to(torch.bfloat16).contiguous()

    return library, run


def with_mlx(name, path):
    import mlx.core as mx

    kept = modules(mx.load(path), ("scales",))
    bits = int(name.split()[1])

    def run():
        for p in kept:
            mx.eval(mx.dequantize(p["weight"], p["scales"], p["biases"], group_size=64, bits=bits))

    return "mlx", run


def main(name, folder):
    path = str(pathlib.Path(folder) / "model.safetensors")
    try:
        library, run = (with_mlx if name.startswith("MLX") else with_pytorch)(name, path)
        times = []
        for _ in range(3):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
    except ModuleNotFoundError as error:
        print(f"its own library is left out, {error.name} isn't installed")
        return
    print(f"{library} decodes the same tensors in {min(times):.2f} s")


main(*sys.argv[1:])
