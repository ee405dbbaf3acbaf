#!/usr/bin/env python3
"""Compares what martlet-bench times with PyTorch in float64: outputs and gradients of every layer, on the same arrays.

  $MARTLET_PEERS/pt/bin/python check.py [REGEX]
"""
import json, os, re, subprocess, sys, tempfile
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from worker import pads, same_pads

HERE = os.path.dirname(os.path.abspath(__file__))
MARTLET = os.environ.get("MARTLET_BENCH", os.path.join(HERE, "../../.build/release/martlet-bench"))
TOLERANCE = 1e-4


def first(t):
    """Channels first."""
    return t.movedim(-1, 1)


def last(t):
    return t.movedim(1, -1)


def padded(x, sides, value=0.0):
    return F.pad(x, [pad for pair in reversed(sides) for pad in pair], value=value)


def reference(case, a):
    """The layer in PyTorch, of arrays that are channels last."""
    op, x, rank = case["op"], a["x"], len(case.get("k", []))
    if op in ("conv1d", "conv2d", "conv3d"):
        f = {"conv1d": F.conv1d, "conv2d": F.conv2d, "conv3d": F.conv3d}[op]
        kernel = a["kernel"].movedim(-1, 0).movedim(-1, 1)
        return last(f(padded(first(x), pads(case)), kernel, a["bias"], case["s"], 0, case["d"], case["groups"]))
    if op == "conv2d_transpose":
        kernel = a["kernel"].permute(3, 2, 0, 1)
        y = F.conv_transpose2d(first(x), kernel, None, case["s"])
        for axis, (size, k, s) in enumerate(zip(case["y"][1:-1], case["k"], case["s"])):
            before, after = same_pads(size, k, s)
            length = y.shape[axis + 2]
            y = y.narrow(axis + 2, before, min(size, length - before))
        return last(y) + a["bias"]
    if op.startswith("signal"):
        kernel = a["kernel"].flip(list(range(rank)))[None, None]
        f = F.conv1d if rank == 1 else F.conv2d
        return f(x[None, None], kernel, padding=[size // 2 for size in case["k"]])[0, 0]
    if op == "maxpool":
        return last(F.max_pool2d(padded(first(x), pads(case), float("-inf")), case["k"], case["s"]))
    if op == "bn":
        return last(F.batch_norm(first(x), None, None, a["gamma"], a["beta"], True, 0, 1e-3))
    if op == "upsample":
        return last(F.interpolate(first(x), scale_factor=2, mode="bilinear"))
    simple = {"avgpool": lambda: last(F.avg_pool2d(first(x), case["k"], case["s"])), "gap": lambda: x.mean((1, 2)),
              "relu": lambda: F.relu(x), "add": lambda: x + a["z"], "dense": lambda: x @ a["kernel"] + a["bias"],
              "xent": lambda: F.cross_entropy(x, a["labels"].long())}
    return simple[op]()


def errors(case, arrays):
    """The largest difference of each result, as a share of its largest element."""
    names = ["x"] + [name for name in ("kernel", "bias", "gamma", "beta", "z") if name in arrays]
    inputs = {name: arrays[name].double() for name in names}
    for t in inputs.values():
        t.requires_grad_(True)
    y = reference(case, {**arrays, **inputs})
    expected = {"y": y}
    if "dy" in arrays:
        gradients = torch.autograd.grad(y, list(inputs.values()), arrays["dy"].double().reshape(y.shape))
        expected.update({"d" + name: gradient for name, gradient in zip(inputs, gradients)})
    for name, value in expected.items():
        if value.shape != arrays[name].shape:
            yield name, float("inf")
        else:
            yield name, ((value - arrays[name]).abs().max() / value.abs().max().clamp(min=1e-3)).item()


def main():
    pattern = sys.argv[1] if len(sys.argv) > 1 else "."
    cases = json.loads(subprocess.run([MARTLET, "cases"], capture_output=True, text=True, check=True).stdout)
    worker = subprocess.Popen([MARTLET, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    worker.stdout.readline()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "case.safetensors")
        for case in cases:
            if case["op"] == "adam" or not re.search(pattern, case["name"]):
                continue
            request = {"case": case["name"], "pass": case["passes"][-1], "check": path}
            worker.stdin.write(json.dumps(request) + "\n")
            worker.stdin.flush()
            answer = json.loads(worker.stdout.readline())
            found = list(errors(case, load_file(path))) if "skip" not in answer else [(answer["skip"], float("inf"))]
            is_right = all(error <= TOLERANCE for _, error in found)
            wrong += not is_right
            print(("ok   " if is_right else "WRONG"), case["name"], " ".join(f"{n} {e:.1e}" for n, e in found), flush=True)
    sys.exit(f"{wrong} cases are wrong" if wrong else 0)


if __name__ == "__main__":
    main()
