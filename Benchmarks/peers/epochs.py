#!/usr/bin/env python3
"""Seconds that an epoch of Fashion-MNIST takes, beside Keras and PyTorch, and what was learnt in it, as a table.

  epochs.py [--threads 2] [--epochs 4] [--peers keras,torch] [--folder DIR]

All train basic-cnn in batches of 128 with the same Adam, one epoch of each in turn. An epoch's seconds are its training:
the order of the pictures, the batches, the steps; not the test after it. The first epoch does not count. Martlet's is
`martlet train`, the later ones with `--resume`, so each of them starts cold; the others go on in one process.

Where others use the machine too, set OMP_WAIT_POLICY=passive: PyTorch's threads spin at their barriers, and an epoch of 48
seconds took 236.
"""
import argparse, json, os, statistics, subprocess, sys, tempfile

import driver
import fashion_mnist as data

ALIKE = 0.02  # how far the accuracies may lie apart


class Martlet:
    """Answers as a `driver.Worker` does, with a run of the command for each epoch."""
    name = "martlet"

    def __init__(self, command, options, folder):
        self.start = [command, "train", "--json", "--threads", str(options.threads)]
        self.new = ["--model", "basic-cnn", "--data", "fashion-mnist", "--data-dir", options.folder,
                    "--batch-size", str(data.BATCH), "--learning-rate", str(data.RATE), "--output", folder]
        self.old = ["--resume", folder]
        version = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        self.ready = {"version": version}

    def ask(self, request):
        epoch = request["epoch"]
        command = [*self.start, "--epochs", str(epoch), *(self.new if epoch == 1 else self.old)]
        run = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        records = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
        record = next((record for record in records if record.get("epoch") == epoch), None)
        if run.returncode != 0 or record is None:
            return {"skip": f"martlet train ended with status {run.returncode}"}
        return {"seconds": record["seconds"], "loss": record["loss"], "accuracy": record["val_accuracy"]}


def peer(name, options):
    folder, _, environment = driver.PEERS[name]
    python = os.path.join(driver.ENVIRONMENTS, folder, "bin", "python")
    script = os.path.join(driver.HERE, f"epochs_{name}.py")
    with open(os.path.join(tempfile.gettempdir(), f"martlet-epochs-{name}.log"), "w") as log:
        return driver.Worker(name, [python, script, "--threads", str(options.threads), "--folder", options.folder],
                             environment, log)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=4, help="with the first, which does not count")
    parser.add_argument("--peers", default="keras,torch")
    parser.add_argument("--folder", default="/usr/share/datasets/fashion-mnist", help="the folder of Fashion-MNIST")
    parser.add_argument("--martlet", default=os.path.join(driver.HERE, "../../.build/release/martlet"))
    options = parser.parse_args()
    if options.epochs < 2:
        parser.error("the first epoch does not count; ask for two or more")

    answers = {}
    with tempfile.TemporaryDirectory() as folder:
        peers = [peer(name, options) for name in options.peers.split(",")]
        workers = [Martlet(options.martlet, options, os.path.join(folder, "run")), *peers]
        for epoch in range(1, options.epochs + 1):
            for worker in workers:
                answer = worker.ask({"epoch": epoch})
                if "skip" in answer:
                    sys.exit(f"{worker.name}: {answer['skip']}")
                answers.setdefault(worker.name, []).append(answer)
                print(f"epoch {epoch}, {worker.name}: {answer['seconds']:.1f} s, loss {answer['loss']:.4f}, "
                      f"accuracy {answer['accuracy']:.4f}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
        for worker in peers:
            worker.process.stdin.close()
            worker.process.wait()

    counted = {name: [answer["seconds"] for answer in each[1:]] for name, each in answers.items()}
    fastest = {key: min(key(counted[worker.name]) for worker in peers) for key in (statistics.median, min)}
    waiting = os.environ.get("OMP_WAIT_POLICY")
    print(f"{options.threads} threads, {options.epochs} epochs{waiting and f', OMP_WAIT_POLICY {waiting}' or ''}; "
          + ", ".join(f"{worker.name} {worker.ready['version']}" for worker in workers)
          + ". Seconds an epoch, and what share that is of the "
          "fastest other one's; the last epoch's loss and the accuracy after it.\n")
    print("| | median | ratio | least | ratio | loss | test accuracy |\n|---|--:|--:|--:|--:|--:|--:|")
    for name, seconds in counted.items():
        times = " | ".join(f"{key(seconds):.2f} | {key(seconds) / best:.2f}" for key, best in fastest.items())
        print(f"| {name} | {times} | {answers[name][-1]['loss']:.4f} | {answers[name][-1]['accuracy']:.4f} |")
    accuracies = [each[-1]["accuracy"] for each in answers.values()]
    apart = max(accuracies) - min(accuracies)
    if apart > ALIKE:
        sys.exit(f"they do not learn alike: the accuracies lie {apart:.3f} apart, more than {ALIKE}")


if __name__ == "__main__":
    main()
