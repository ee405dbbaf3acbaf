#!/usr/bin/env python3
"""What segmentation networks learn of Fashion scenes in the same number of steps, beside PyTorch, as a table.

  segmentation.py [--steps 1500] [--networks fcn32s,fcn16s,...] [--device cpu] [--no-peer]

One run after another, with the same Adam. It ends with an error where U-Net or FCN-8s are more than 0.02 below PyTorch's twin
of the same steps, where FCN-8s is not above FCN-16s and that not above FCN-32s, or DeconvNet is below FCN-8s.
"""
import argparse, json, os, subprocess, sys, tempfile

import driver

NETWORKS = ["fcn32s", "fcn16s", "fcn8s", "unet", "deconvnet"]
TWINS = ["unet", "fcn8s"]
BELOW = 0.02  # how far the mean IoU may be below the twin's


def output(command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def martlet(name, options):
    lines = [json.loads(line) for line in output([
        options.martlet, "train", "--json", "--model", name, "--data", "fashion-scenes", *settings(options),
        "--device", options.device]).splitlines()]
    seconds = sum(line["seconds"] for line in lines if "epoch" in line) / options.steps
    return {"mean_iou": lines[-1]["mean_iou"], "accuracy": lines[-1]["test_accuracy"], "seconds": seconds}


def twin(name, options, folder):
    python = os.path.join(driver.ENVIRONMENTS, driver.PEERS["torch"][0], "bin", "python")
    script = os.path.join(driver.HERE, "segmentation_torch.py")
    return json.loads(output([python, script, "--network", name, "--folder", folder, *settings(options)]))


def settings(options):
    return ["--steps", str(options.steps), "--batch-size", str(options.batch_size), "--learning-rate",
            str(options.learning_rate), "--threads", str(options.threads), "--seed", str(options.seed)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--no-peer", action="store_true", help="without PyTorch")
    build = os.path.join(driver.HERE, "../../.build/release")
    parser.add_argument("--martlet", default=os.path.join(build, "martlet"))
    parser.add_argument("--bench", default=os.path.join(build, "martlet-bench"))
    options = parser.parse_args()
    results = {}

    def note(name, result):
        results[name] = result
        print(f"{name}: {result}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        networks = options.networks.split(",")
        twins = [] if options.no_peer else [name for name in TWINS if name in networks]
        if twins:
            output([options.bench, "export", folder])
        for name in networks:
            note(name, martlet(name, options))
            if name in twins:
                note(f"{name}, PyTorch", twin(name, options, folder))

    print(f"{options.steps} steps of {options.batch_size} scenes, Adam at {options.learning_rate}, {options.threads} threads, "
          f"{options.device}\n")
    print("| | mean IoU | accuracy of pixels | ms a step |\n|---|--:|--:|--:|")
    for name, result in results.items():
        print(f"| {name} | {result['mean_iou']:.4f} | {result['accuracy']:.4f} | {1000 * result['seconds']:.0f} |")

    iou = lambda name: results[name]["mean_iou"]
    wrong = [f"{name} is more than {BELOW} below PyTorch" for name in twins if iou(name) < iou(f"{name}, PyTorch") - BELOW]
    for worse, better in (("fcn32s", "fcn16s"), ("fcn16s", "fcn8s"), ("fcn8s", "deconvnet")):
        if worse in results and better in results and iou(better) < iou(worse):
            wrong.append(f"{better} is below {worse}")
    if wrong:
        sys.exit("; ".join(wrong))


if __name__ == "__main__":
    main()
