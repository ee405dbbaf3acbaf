"""Fashion-MNIST in memory, and what the workers of epochs.py share.

A worker is started with --threads N --folder DIR, prints {"ready": name, "version": v}, and answers each line
  {"epoch": number}      with one line      {"seconds", "loss", "accuracy"}
after training for one epoch: its seconds without the test, the mean loss during it, and the accuracy on the test part.
"""
import gzip, json, os, sys, time

IMAGES, CLASSES, BATCH, RATE, EPSILON = [28, 28, 1], 10, 128, 1e-3, 1e-7


def part(folder, name):
    """The pictures of "train" or "t10k" as float32 in 0...1, channels last, and their labels."""
    import numpy as np
    def values(kind, offset):
        with gzip.open(os.path.join(folder, f"{name}-{kind}-ubyte.gz")) as file:
            return np.frombuffer(file.read(), np.uint8, offset=offset)
    return values("images-idx3", 16).reshape(-1, *IMAGES).astype("f") / 255, values("labels-idx1", 8).astype("i8")


def serve(name, version, train, test):
    """`train` goes through the training part once, in a new order, and returns the mean loss; `test` the accuracy."""
    print(json.dumps({"ready": name, "version": version}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        loss = train()
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "loss": loss, "accuracy": test()}), flush=True)
