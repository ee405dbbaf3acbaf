#!/usr/bin/env python3
"""Times matrix products of Martlet and of PyTorch (its BLAS) in turn, and prints a Markdown table.

  gemm.py [--threads 1] [--rounds 3] [--sweep --below 0.9] [--shapes 512x512x512,128x10x1024,aT:1024x10x128,bT:128x1024x10]

A shape is m x n x k; `aT:` and `bT:` before it say which side is stored transposed, as dense layers' gradients have it.
Both get memory that stays, and write to the same result again and again. Our right side counts as new each time, as
PyTorch's does, unless `--keeps` is given: then ours may keep it packed, as it does for weights in inference. The ratio
is PyTorch's time over ours; more than 1 is faster.
"""
import argparse, json, math, os, sys

import driver
import worker

SQUARES = [f"{size}x{size}x{size}" for size in (256, 512, 1024, 2048)]
SKINNY = ["32x4096x1024", "3136x64x64", "3136x64x576", "784x128x1152", "49x512x4608", "2048x32x2048"]
# The three products of a dense layer: y = x w, dx = dy wT, dw = xT dy.
DENSE = [shape for batch, inputs, units in
         [(128, 1600, 1024), (128, 1024, 10), (64, 2048, 16), (64, 2048, 32), (1, 2048, 1000), (1, 4096, 4096),
          (8, 9216, 4096), (32, 1024, 1024)]
         for shape in (f"{batch}x{units}x{inputs}", f"bT:{batch}x{inputs}x{units}", f"aT:{inputs}x{units}x{batch}")]
# Products of few rows, in every way that they can be stored.
SWEEP = [f"{flags}{m}x{n}x{k}" for flags in ("", "bT:", "aT:", "aT:bT:") for m in (1, 2, 3, 5, 8, 12, 16, 24, 32, 64)
         for n in (1, 10, 16, 32, 100, 1000, 4096) for k in (1, 4, 16, 64, 512, 4096)]


def request(shape):
    """The request that both workers understand."""
    *flags, sizes = shape.split(":")
    m, n, k = map(int, sizes.split("x"))
    return {"m": m, "n": n, "k": k, "transpose_a": "aT" in flags, "transpose_b": "bT" in flags}


def serve(threads):
    """PyTorch's side: answers as `martlet-bench products` does, and times in the same way."""
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
    import torch
    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    print(json.dumps({"ready": f"torch {torch.__version__}"}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        m, n, k = asked["m"], asked["n"], asked["k"]
        a = torch.rand(k, m).t() if asked["transpose_a"] else torch.rand(m, k)
        b = torch.rand(n, k).t() if asked["transpose_b"] else torch.rand(k, n)
        c = torch.empty(m, n)
        print(json.dumps(worker.measure(lambda: torch.mm(a, b, out=c), asked["repeats"], asked["budget"])), flush=True)


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--budget", type=float, default=0.3, help="seconds for a shape of each side in a round")
    parser.add_argument("--statistic", choices=["min", "median"], default="min")
    parser.add_argument("--shapes", type=lambda text: text.split(","), default=SQUARES + SKINNY + DENSE)
    parser.add_argument("--sweep", action="store_const", dest="shapes", const=SWEEP,
                        help="1680 products of few rows instead of the usual shapes")
    parser.add_argument("--below", type=float, default=math.inf, help="print only ratios below this")
    parser.add_argument("--keeps", action="store_true", help="let Martlet keep the right side packed")
    parser.add_argument("--martlet", default=os.path.join(driver.HERE, "../../.build/release/martlet-bench"))
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve(options.threads)

    threads = ["--threads", str(options.threads)]
    python = os.path.join(driver.ENVIRONMENTS, "pt", "bin", "python")
    commands = {"martlet": ([options.martlet, "products", *threads], {}),
                "torch": ([python, os.path.abspath(__file__), "--serve", *threads], driver.KEPT_BLOCKS)}
    workers = [driver.Worker(name, command, environment, driver.log(name))
               for name, (command, environment) in commands.items()]
    print(f"\n| {options.threads} threads, m x n x k | Martlet us | PyTorch us | GFLOP/s | ratio |\n|---|--:|--:|--:|--:|")
    ratios = []
    for shape in options.shapes:
        asked = request(shape)
        limits = {"repeats": options.repeats, "budget": options.budget, "keeps": options.keeps}
        own, other = driver.best_answers(
            workers, {**asked, **limits}, options.rounds, f"{options.statistic}_s").values()
        if "skip" in own or "skip" in other:
            print(f"| {shape} | {own.get('skip', '')} | {other.get('skip', '')} | | |", flush=True)
            continue
        ratios.append(other["seconds"] / own["seconds"])
        if ratios[-1] >= options.below:
            continue
        rate = 2 * asked["m"] * asked["n"] * asked["k"] / own["seconds"] / 1e9
        print(f"| {shape} | {own['seconds'] * 1e6:.1f} | {other['seconds'] * 1e6:.1f} | {rate:.1f} | {ratios[-1]:.2f} |",
              flush=True)
    print(f"| geometric mean of {len(ratios)}, lowest | | | | "
          f"{geometric_mean(ratios):.2f}, {min(ratios, default=float('nan')):.2f} |")


if __name__ == "__main__":
    main()
