#!/usr/bin/env python3
"""What training steps take at most, beside PyTorch: the growth of the process's resident high-water mark, as a table.

  memory.py [--threads 1] [--steps 3] [--cases seedcnn_mnist,unet_128]

Each figure comes from a process of its own that has trained a small network before, so that code and threads count for
nobody. PyTorch stands twice: with glibc's allocator as it is, and told to keep freed blocks, as the driver times it. The
ratio is to the smaller of the two.
"""
import argparse, json, os, subprocess, tempfile

import driver


def answer(name, command, environment, request):
    with open(os.path.join(tempfile.gettempdir(), f"martlet-memory-{name}.log"), "w") as log:
        worker = driver.Worker(name, command, environment, log)
        result = worker.ask(request)
        worker.process.stdin.close()
        worker.process.wait()
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--cases", default="seedcnn_mnist,resnet20_cifar,unet_128,alexnet_b8,resnet50_b8")
    parser.add_argument("--martlet", default=os.path.join(driver.HERE, "../../.build/release/martlet-bench"))
    options = parser.parse_args()

    python = os.path.join(driver.ENVIRONMENTS, "pt", "bin", "python")
    table = subprocess.run([options.martlet, "cases", "--models"], capture_output=True, text=True, check=True).stdout
    print("| MB | Martlet | its buffers | PyTorch | PyTorch, blocks kept | ratio |\n|---|--:|--:|--:|--:|--:|")
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(table)
        file.flush()
        shared = ["--threads", str(options.threads), "--cases", file.name]
        torch = [python, os.path.join(driver.HERE, "worker_torch.py"), *shared]
        for case in options.cases.split(","):
            request = {"case": case, "pass": "train", "memory": options.steps}
            own = answer("martlet", [options.martlet, "serve", *shared], {}, request)
            others = [answer("torch", torch, environment, request) for environment in ({}, driver.KEPT_BLOCKS)]
            if "skip" in own or any("skip" in other for other in others):
                print(f"| {case} | not done: {own.get('skip')}; {[other.get('skip') for other in others]} |")
                continue
            peaks = [other["peak_bytes"] for other in others]
            ratio = own["peak_bytes"] / min(peaks)
            cells = [own["peak_bytes"], own["buffer_bytes"], *peaks]
            print(f"| {case} | " + " | ".join(f"{cell / 1e6:.0f}" for cell in cells) + f" | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
