"""Writes a folder of reference cases: index.json and one safetensors file for each group."""

import json

import numpy
from safetensors.numpy import save_file

TOLERANCE = 3e-5
LAYOUT = (
    "NHWC; conv kernels (k...,in/groups,out); transposed (k...,out,in); depthwise (kh,kw,in,mult); dense (in,out)"
)


class Writer:
    """Collects cases; tensors go in as float64 and are rounded to float32 before anything is computed with them."""

    def __init__(self):
        self.cases = []
        self.files = {}

    def add(self, group, name, op, options, tensors, tolerance=TOLERANCE, note=None):
        case = f"{group}.{name}"
        arrays = {}
        for key, value in tensors.items():
            array = value.detach().numpy()
            arrays[key] = numpy.ascontiguousarray(array.astype("<i4" if array.dtype.kind == "i" else "<f4"))
        self.files.setdefault(group, {}).update({f"{case}/{key}": value for key, value in arrays.items()})
        entry = {
            "name": case,
            "group": group,
            "op": op,
            "options": options,
            "tensors": {key: list(value.shape) for key, value in arrays.items()},
            "file": f"{group}.safetensors",
            "tol": tolerance,
        }
        self.cases.append(entry | ({"note": note} if note else {}))

    def write(self, folder, name):
        folder.mkdir(parents=True, exist_ok=True)
        for group, arrays in self.files.items():
            save_file(arrays, folder / f"{group}.safetensors")
        write_index(folder / "index.json", name, self.cases)


def write_index(path, name, cases):
    """The index with one case a line, so that a difference shows which."""
    head = {
        "format": 1,
        "set": name,
        "tolerance": "max|a-b| <= tol * max(1e-3, max|b|) per tensor; tensors listed under 'exact' must be equal",
        "layout": LAYOUT,
        "gradient": "d* tensors are gradients of sum(y*dy)",
    }
    lines = ",\n".join(json.dumps(case) for case in cases)
    path.write_text(json.dumps(head, indent=1)[:-2] + ',\n "cases": [\n' + lines + "\n]}\n")
