#!/usr/bin/env python3
"""Small pictures as other programs write them, and what Pillow makes of pictures.

    python3 Tests/Reference/pictures/generate.py     # needs pillow, numpy and safetensors

Writes the files beside this script. `expected.safetensors` holds, as uint8 (H, W, C): the pixels of each file under its
name, and the picture `source` in other sizes under `<method>.<height>x<width>`.
"""
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

here = pathlib.Path(__file__).parent


def source():
    """Hills and stripes in three colours, 29 rows and 37 columns, the same on every machine."""
    y, x = np.mgrid[0:29, 0:37]
    red = (x * 7 + y * 3) % 256
    green = 128 + 100 * np.sign((x // 4 + y // 3) % 2 - 0.5)
    blue = (x * x + y * y) // 9 % 256
    return np.stack([red, green, blue], -1).astype(np.uint8)


def interlaced(pixels):
    """A PNG file of eight bits in Adam7's order, which Pillow does not write."""
    height, width, channels = pixels.shape
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = b""
    for top, left, down, right in passes:
        part = pixels[top::down, left::right]
        if part.size:
            rows += b"".join(b"\0" + row.tobytes() for row in part)

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2}[channels], 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


pixels = source()
picture = Image.fromarray(pixels)
grey = picture.convert("L")
small = picture.crop((0, 0, 19, 13))

small.save(here / "progressive.jpg", progressive=True, quality=80)
small.save(here / "restarts.jpg", quality=75, subsampling=0, restart_marker_rows=1)
small.save(here / "fewer-colours.jpg", quality=60, subsampling="4:2:2")
grey.crop((0, 0, 19, 13)).save(here / "grey.jpg", quality=90)
small.convert("CMYK").save(here / "cmyk.jpg", quality=75)
small.quantize(13).save(here / "palette.png")
small.quantize(13).save(here / "transparent.png", transparency=3)
Image.fromarray(np.asarray(grey.crop((0, 0, 19, 13))).astype(np.uint16) * 257).save(here / "deep.png")
(here / "interlaced.png").write_bytes(interlaced(np.asarray(small)))

expected = {"source": pixels}
for name in ["progressive.jpg", "restarts.jpg", "fewer-colours.jpg", "grey.jpg", "palette.png", "interlaced.png"]:
    image = Image.open(here / name)
    array = np.asarray(image.convert("L" if image.mode == "L" else "RGB"))
    expected[name] = array.reshape(*array.shape[:2], -1)
expected["deep.png"] = np.asarray(grey.crop((0, 0, 19, 13)))[..., None]
expected["inGrey"] = np.asarray(grey)[..., None]
sizes = [(29, 37), (58, 74), (13, 11), (7, 50), (40, 5), (1, 1), (100, 90)]
for method, filter in [("nearest", Image.Resampling.NEAREST), ("bilinear", Image.Resampling.BILINEAR)]:
    for height, width in sizes:
        result = picture.resize((width, height), filter)
        expected[f"{method}.{height}x{width}"] = np.asarray(result)
# Where each result covers whole pixels, Pillow's box is the mean.
even = picture.crop((0, 0, 36, 28))
expected["area.7x12"] = np.asarray(even.resize((12, 7), Image.Resampling.BOX))
save_file({name: np.ascontiguousarray(array) for name, array in expected.items()}, here / "expected.safetensors")
