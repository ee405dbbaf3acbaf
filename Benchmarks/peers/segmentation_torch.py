#!/usr/bin/env python3
"""PyTorch's twin for segmentation.py: trains unet or fcn8s on the scenes of a folder, and prints one line of JSON with the
mean IoU, the accuracy of the pixels and the seconds of a step. The first values are drawn as Martlet draws them."""
import argparse, json, time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import networks_torch as networks

CLASSES = 11


def scenes(folder, part):
    with np.load(f"{folder}/{part}.npz") as arrays:
        images = torch.from_numpy(arrays["images"]).permute(0, 3, 1, 2).to(memory_format=torch.channels_last)
        return images, torch.from_numpy(arrays["masks"]).long()


def network(name):
    model = networks.NETWORKS[name]([1, 64, 64, 1], CLASSES)
    body = [] if name == "unet" else [*model.stages.modules(), *model.head.modules()]
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d) and any(layer is other for other in body):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        elif isinstance(layer, nn.Conv2d) or isinstance(layer, nn.ConvTranspose2d) and name == "unet":
            nn.init.xavier_uniform_(layer.weight)
        if getattr(layer, "bias", None) is not None:
            nn.init.zeros_(layer.bias)
    return model.to(memory_format=torch.channels_last)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", choices=["unet", "fcn8s"], required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    images, masks = scenes(options.folder, "train")
    model = network(options.network)
    optimizer = torch.optim.Adam(model.parameters(), options.learning_rate, eps=1e-7, fused=True)

    def batches():
        while True:
            yield from torch.randperm(len(images)).split(options.batch_size)

    start = time.perf_counter()
    for _, places in zip(range(options.steps), batches()):
        optimizer.zero_grad()
        F.cross_entropy(model(images[places] / 255), masks[places]).backward()
        optimizer.step()
    seconds = (time.perf_counter() - start) / options.steps

    counts = torch.zeros(CLASSES, CLASSES, dtype=torch.long)
    model.eval()
    with torch.inference_mode():
        for x, y in zip(*(t.split(100) for t in scenes(options.folder, "test"))):
            pairs = y * CLASSES + model(x / 255).argmax(1)
            counts += pairs.flatten().bincount(minlength=CLASSES * CLASSES).view(CLASSES, CLASSES)
    hits = counts.diagonal()
    iou = hits / (counts.sum(0) + counts.sum(1) - hits)
    print(json.dumps({"mean_iou": iou.nanmean().item(), "accuracy": (hits.sum() / counts.sum()).item(),
                      "seconds": seconds}))


if __name__ == "__main__":
    main()
