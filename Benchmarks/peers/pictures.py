#!/usr/bin/env python3
"""Milliseconds of processor time that Pillow takes for what `martlet-bench pictures --output DIR` measures.

    martlet-bench pictures --output DIR && Benchmarks/peers/pictures.py DIR
"""
import io
import pathlib
import sys
import time

from PIL import Image

folder = pathlib.Path(sys.argv[1])
jpeg, png = (folder / "picture.jpg").read_bytes(), (folder / "picture.png").read_bytes()
picture = Image.open(io.BytesIO(png)).convert("RGB")


def row(name, body):
    times = []
    start = time.monotonic()
    while len(times) < 3 or time.monotonic() < start + 0.4:
        before = time.process_time()
        body()
        times.append(time.process_time() - before)
    print(f"{name:38}{min(times) * 1e3:9.2f}")


row(f"decode JPEG, {len(jpeg)} bytes", lambda: Image.open(io.BytesIO(jpeg)).load())
row("encode JPEG, quality 95", lambda: picture.save(io.BytesIO(), "jpeg", quality=95, subsampling=0))
row(f"decode PNG, {len(png)} bytes", lambda: Image.open(io.BytesIO(png)).load())
row("encode PNG", lambda: picture.save(io.BytesIO(), "png"))
for name, method in [("nearest", "NEAREST"), ("bilinear", "BILINEAR"), ("box", "BOX")]:
    row(f"to 224x224, {name}", lambda: picture.resize((224, 224), Image.Resampling[method]))
row("to 854x1280, bilinear", lambda: picture.resize((1280, 854), Image.Resampling.BILINEAR))
