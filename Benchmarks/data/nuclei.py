#!/usr/bin/env python3
"""Nuclei of cells with a mask for each picture: a small real data set for networks with a class for every pixel.

    Benchmarks/data/nuclei.py data/nuclei
    martlet train --model unet --data folder:data/nuclei --epochs 40 --output runs/nuclei

The picture is of the 2018 Data Science Bowl (Caicedo and others 2019, "Nucleus segmentation across imaging experiments"),
as it comes with StarDist 0.9.2 (Schmidt, Weigert, Broaddus, Myers 2018, "Cell detection with star-convex polygons"; BSD
3-Clause, https://github.com/stardist/stardist): 512x512 pixels of 16 bits with 125 nuclei, each labelled. It is fetched by
pip, and not passed on with Martlet.

It is cut into 64 tiles of 64x64, of which the 16 in the rightmost quarter are the test part, so that no test pixel was
trained on. A mask is 1 where there is a nucleus; the shades that 1 % and 99.8 % of the training pixels lie below become
0 and 255.
"""

import argparse
import array
import hashlib
import os
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib

PACKAGE = "stardist==0.9.2"
# One wheel for every machine: nothing in it is run, only its pictures are read.
PLATFORM = ["--platform", "manylinux_2_28_x86_64", "--implementation", "cp", "--python-version", "3.11"]
WHEEL = "stardist-0.9.2-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl"
SHA256 = "2316c0feb7bd5621e7a277cb3868df475c338943c591925c420ee3622c42f023"
FOLDER = "stardist/data/images"
TILE = 64
TEST_COLUMNS = range(384, 512)


def fail(message):
    sys.exit(f"nuclei.py: {message}")


def fetched(folder):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", *PLATFORM, "--dest", folder, PACKAGE]
    if subprocess.run(command).returncode != 0:
        fail(
            f"pip could not fetch {PACKAGE}. Where there is a network, get {WHEEL} from "
            "https://pypi.org/project/stardist/0.9.2/#files, and name it with --wheel; --data shapes and fashion-scenes "
            "have masks and need no network"
        )
    return os.path.join(folder, WHEEL)


def checked(path):
    try:
        with open(path, "rb") as file:
            found = hashlib.sha256(file.read()).hexdigest()
    except OSError as error:
        fail(f"{path}: cannot be read: {error.strerror}")
    if found != SHA256:
        fail(f"{path}: has the SHA-256 {found}; {WHEEL} has {SHA256}. Download it again")
    return path


def tiff(data):
    """The rows of a TIFF of one channel, 16 bits and one strip that is not compressed, as these are."""
    order = {b"II*\0": "<", b"MM\0*": ">"}[data[:4]]
    (directory,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, directory)
    tags = {}
    for index in range(count):
        place = directory + 2 + 12 * index
        tag, kind, _ = struct.unpack_from(order + "HHI", data, place)
        (tags[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, place + 8)
    width, height, start = tags[256], tags[257], tags[273]
    if (tags[258], tags[259], tags[277], tags[279]) != (16, 1, 1, 2 * width * height):
        fail("a picture in the wheel is of another kind than one channel of 16 bits, not compressed")
    values = array.array("H", data[start : start + 2 * width * height])
    if (order == "<") != (sys.byteorder == "little"):
        values.byteswap()
    return [values[row * width : (row + 1) * width] for row in range(height)]


def png(rows):
    """The bytes of a grey PNG of 8 bits."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    pixels = b"".join(b"\0" + bytes(row) for row in rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b"")


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".partial", "wb") as file:
        file.write(data)
    os.replace(path + ".partial", path)


def scaled(image):
    shades = sorted(value for row in image for value in row[: TEST_COLUMNS.start])
    dark, bright = shades[len(shades) // 100], shades[len(shades) * 998 // 1000]
    return [[max(0, min(255, round((value - dark) * 255 / (bright - dark)))) for value in row] for row in image]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", default="data/nuclei", help="what to write (default: %(default)s)")
    parser.add_argument("--wheel", help=f"{WHEEL}, where it is there already")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        with zipfile.ZipFile(checked(options.wheel or fetched(temporary))) as wheel:
            image, labels = (tiff(wheel.read(f"{FOLDER}/{name}.tif")) for name in ("img2d", "mask2d"))
    kinds = {"images": scaled(image), "masks": [[int(value > 0) for value in row] for row in labels]}
    counts = {"train": 0, "test": 0}
    for top in range(0, len(image), TILE):
        for left in range(0, len(image[0]), TILE):
            part = "test" if left in TEST_COLUMNS else "train"
            counts[part] += 1
            for kind, rows in kinds.items():
                tile = [row[left : left + TILE] for row in rows[top : top + TILE]]
                write(os.path.join(options.folder, part, kind, f"{top:03}-{left:03}.png"), png(tile))
    write(os.path.join(options.folder, "classes.txt"), b"background\nnucleus\n")
    print(f"{options.folder}: {counts['train']} tiles to train and {counts['test']} to test, {TILE}x{TILE} pixels each")


if __name__ == "__main__":
    main()
