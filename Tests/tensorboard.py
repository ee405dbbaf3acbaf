#!/usr/bin/env python3
"""Trains small runs, opens them with the real TensorBoard, and compares what it says over HTTP with the runs' files.

Needs `make build` and `pip install tensorboard`. Usage: Tests/tensorboard.py [--runs FOLDER] [--loader fast|slow]
"""
import argparse
import array
import csv
import json
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
RUNS = {
    "basic-cnn": ["--epochs", "3"],
    "unet": ["--steps", "2"],
    "dcgan": ["--steps", "20"],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--martlet", default=str(ROOT / ".build/release/martlet"))
    parser.add_argument("--tensorboard", default=shutil.which("tensorboard"))
    parser.add_argument("--runs", help="where the runs go, and stay; those that are there already are not trained again")
    parser.add_argument("--loader", choices=["fast", "slow"], help="TensorBoard's reader in Rust or the one in Python")
    options = parser.parse_args()
    if not options.tensorboard:
        sys.exit("TensorBoard is not installed: pip install tensorboard")
    with tempfile.TemporaryDirectory() as temporary:
        runs = pathlib.Path(options.runs or temporary)
        for name, length in RUNS.items():
            if not (runs / name / "weights.safetensors").exists():
                train(options.martlet, name, runs / name, length)
        kill_and_resume(options.martlet, runs)
        with Board(options.tensorboard, runs, options.loader) as board:
            for name in RUNS:
                check(board, name, runs / name)
            check_same_curves(board, "basic-cnn", "killed")
    print("TensorBoard shows what the runs wrote.")


def train(martlet, model, folder, length):
    command = [martlet, "train", "--model", model, "--data", "shapes", "--tensorboard", "--output", str(folder)]
    print("$", *command, *length, flush=True)
    subprocess.run(command + length, check=True)


def kill_and_resume(martlet, runs):
    """The run of basic-cnn again, killed in its second epoch."""
    if (runs / "killed").exists():
        return
    command = [martlet, "train", "--data", "shapes", "--checkpoint-every", "50", "--tensorboard"]
    command += ["--output", str(runs / "killed")] + RUNS["basic-cnn"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None and not (runs / "killed" / "history.csv").exists():
        time.sleep(0.05)
    time.sleep(0.5)
    process.kill()
    process.wait()
    subprocess.run([martlet, "train", "--resume", str(runs / "killed")], check=True)


class Board:
    """TensorBoard at a free port of this machine."""

    def __init__(self, program, runs, loader):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        command = [program, "--logdir", str(runs), "--host", "127.0.0.1", "--port", str(port)]
        if loader:
            command += ["--load_fast", "true" if loader == "fast" else "false"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def get(self, route, **query):
        text = urllib.parse.urlencode(query)
        with urllib.request.urlopen(f"{self.address}/data/plugin/{route}?{text}") as answer:
            return answer.read()

    def json(self, route, **query):
        return json.loads(self.get(route, **query))

    def tags(self, plugin, run):
        """The tags of a run, for which TensorBoard takes a while."""
        for _ in range(120):
            try:
                tags = self.json(plugin + "/tags").get(run)
                if tags:
                    return sorted(tags)
            except urllib.error.URLError:
                if self.process.poll() is not None:
                    sys.exit("TensorBoard has ended")
            time.sleep(0.5)
        sys.exit(f"TensorBoard knows no {plugin} of {run}")


def check(board, name, folder):
    with open(folder / "history.csv") as file:
        history = list(csv.DictReader(file))
    measures = [key for key in history[0] if key == "loss" or "val_" + key in history[0]]
    for part, prefix in [("train", ""), ("validation", "val_")]:
        run = f"{name}/tensorboard/{part}"
        tags = board.tags("scalars", run)
        for measure in measures:
            expect(f"epoch/{measure}" in tags, f"{run} has no epoch/{measure}: {tags}")
            points = board.json("scalars/scalars", run=run, tag=f"epoch/{measure}")
            expect([step for _, step, _ in points] == [int(row["steps"]) for row in history], f"steps of {run}: {points}")
            for (_, _, value), row in zip(points, history):
                expected = float(row[prefix + measure])
                expect(abs(value - expected) <= 1e-6 * max(1, abs(expected)), f"{run} {measure}: {value}, not {expected}")
        print(f"{run}: scalars {', '.join(tags)}")
    check_steps(board, f"{name}/tensorboard/train", int(history[-1]["steps"]))
    check_histograms(board, f"{name}/tensorboard/train", folder)
    check_images(board, f"{name}/tensorboard/validation", history)


def check_same_curves(board, whole, killed):
    for part in ["train", "validation"]:
        for tag in board.tags("scalars", f"{whole}/tensorboard/{part}"):
            curves = []
            for run in [whole, killed]:
                board.tags("scalars", f"{run}/tensorboard/{part}")
                points = board.json("scalars/scalars", run=f"{run}/tensorboard/{part}", tag=tag)
                curves.append([(step, value) for _, step, value in points])
            expect(curves[0] == curves[1], f"{tag} of the killed run: {curves[1]}, not {curves[0]}")
    print(f"{killed}: the curves of {whole}")


def check_steps(board, run, last):
    tags = board.tags("scalars", run)
    for tag in ["step/loss", "step/learning_rate"] if last >= 10 else []:
        expect(tag in tags, f"{run} has no {tag}: {tags}")
        steps = [step for _, step, _ in board.json("scalars/scalars", run=run, tag=tag)]
        expect(steps == list(range(10, last + 1, 10)), f"{run} {tag} has the steps {steps}")


def check_histograms(board, run, folder):
    tags = board.tags("histograms", run)
    weights = read_weights(folder / "weights.safetensors")
    for tag in tags:
        values = weights[tag.removeprefix("parameters/")]
        _, _, buckets = board.json("histograms/histograms", run=run, tag=tag)[-1]
        expect(sum(count for _, _, count in buckets) == len(values), f"{run} {tag}: numbers are missing")
        for left, right, count in buckets[1:-1]:
            # TensorBoard keeps the ends in single precision: numbers beside them may lie on either side.
            gap = 1e-5 * max(abs(left), abs(right))
            least = sum(left + gap < value < right - gap for value in values)
            most = sum(left - gap <= value <= right + gap for value in values)
            expect(least <= count <= most, f"{run} {tag}: {count} numbers in {left} ... {right}, not {least} to {most}")
            if len(values) > 20_000:
                break
        for end, extreme in [(buckets[0][0], min(values)), (buckets[-1][1], max(values))]:
            expect(abs(end - extreme) <= 1e-6 * max(1, abs(extreme)), f"{run} {tag}: ends at {end}, not {extreme}")
    print(f"{run}: {len(tags)} histograms")


def read_weights(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    weights = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            weights[name] = array.array("f", data[begin:end])
    return weights


def check_images(board, run, history):
    tags = board.tags("images", run)
    for tag in tags:
        images = board.json("images/images", run=run, tag=tag, sample=0)
        expect([image["step"] for image in images] == [int(row["steps"]) for row in history], f"{run} {tag}: {images}")
        for image in images:
            png = board.get("images/individualImage", **dict(urllib.parse.parse_qsl(image["query"])))
            expect(png[:8] == b"\x89PNG\r\n\x1a\n" and png[-8:-4] == b"IEND", f"{run} {tag} is no whole PNG picture")
    if run.startswith("dcgan/"):
        expect(tags == ["pictures/generated", "pictures/interpolated"], f"{run} has the images {tags}")
    print(f"{run}: images {', '.join(tags)}")


def expect(condition, message):
    if not condition:
        sys.exit(message)


main()
