#!/usr/bin/env python3
"""Writes reference cases for `martlet conformance`: PyTorch in float64, stored as float32.

    python3 generate.py OUT                        # every family, 4 cases each, seed 1
    python3 generate.py OUT --families conv2d dense --count 20 --seed 7

OUT gets index.json and one safetensors file for each group. README.md describes the format. Needs torch, numpy and
safetensors.
"""

import argparse
import pathlib

import torch
import torch.nn.functional as F
from writer import Writer


class Source:
    """Random inputs that are exact in float32."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)

    def normal(self, *shape, scale=1.0):
        values = torch.randn(*shape, generator=self.generator, dtype=torch.float64) * scale
        return values.float().double().requires_grad_()

    def int(self, low, high):
        """A whole number in low ... high."""
        return int(torch.randint(low, high + 1, (), generator=self.generator))

    def ints(self, low, high, *shape):
        return torch.randint(low, high + 1, shape, generator=self.generator)

    def pair(self, low, high):
        return [self.int(low, high), self.int(low, high)]

    def pick(self, choices):
        return choices[self.int(0, len(choices) - 1)]


def with_gradients(source, y, inputs):
    """y, dy, and the gradient of sum(y * dy) for each input."""
    dy = source.normal(*y.shape)
    gradients = torch.autograd.grad((y * dy).sum(), list(inputs.values()))
    named = {f"d{key}": gradient for key, gradient in zip(inputs, gradients)}
    return inputs | {"y": y, "dy": dy} | named


ACTIVATIONS = {None: lambda z: z, "relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}


def same(size, effective, stride):
    """Keras's padding before and after: the odd one goes to the end."""
    total = max(0, (-(-size // stride) - 1) * stride + effective - size)
    return total // 2, total - total // 2


def padded(x, padding, effective, strides, value=0.0):
    """NHWC to NCHW, with the borders that the padding asks for."""
    x = x.permute(0, 3, 1, 2)
    if padding == "valid":
        return x
    (top, bottom), (left, right) = (same(x.shape[2 + i], effective[i], strides[i]) for i in (0, 1))
    return F.pad(x, (left, right, top, bottom), value=value)


def convolution(x, kernel, bias, strides, padding, dilation, groups=1):
    effective = [(kernel.shape[i] - 1) * dilation[i] + 1 for i in (0, 1)]
    y = F.conv2d(
        padded(x, padding, effective, strides), kernel.permute(3, 2, 0, 1), bias, strides, 0, dilation, groups
    )
    return y.permute(0, 2, 3, 1)


def conv2d(source, writer, index):
    """Strides and dilation together, groups, uneven kernels: what Keras itself may refuse to mix."""
    kernel_size, strides, dilation = source.pair(1, 4), source.pair(1, 3), source.pair(1, 2)
    groups, padding = source.pick([1, 1, 2, 3]), source.pick(["valid", "same"])
    channels, filters = groups * source.int(1, 5), groups * source.int(1, 7)
    size = [(kernel_size[i] - 1) * dilation[i] + source.int(1, 7) for i in (0, 1)]
    use_bias, activation = source.pick([True, False]), source.pick(list(ACTIVATIONS))
    inputs = {
        "x": source.normal(source.int(1, 3), *size, channels),
        "kernel": source.normal(*kernel_size, channels // groups, filters, scale=0.5),
    } | ({"bias": source.normal(filters)} if use_bias else {})
    y = convolution(inputs["x"], inputs["kernel"], inputs.get("bias"), strides, padding, dilation, groups)
    options = {
        "filters": filters, "kernel_size": kernel_size, "strides": strides, "padding": padding,
        "dilation_rate": dilation, "groups": groups, "use_bias": use_bias, "activation": activation,
    }
    tensors = with_gradients(source, ACTIVATIONS[activation](y), inputs)
    writer.add("generated_conv2d", f"random{index:02}", "Conv2D", options, tensors)


def dense(source, writer, index):
    features, units = source.int(1, 70), source.int(1, 70)
    leading = [source.int(1, 5) for _ in range(source.int(1, 3))]
    use_bias, activation = source.pick([True, False]), source.pick(list(ACTIVATIONS))
    inputs = {
        "x": source.normal(*leading, features),
        "kernel": source.normal(features, units, scale=features**-0.5),
    } | ({"bias": source.normal(units)} if use_bias else {})
    y = ACTIVATIONS[activation](inputs["x"] @ inputs["kernel"] + inputs.get("bias", 0))
    options = {"units": units, "use_bias": use_bias, "activation": activation}
    writer.add("generated_dense", f"random{index:02}", "Dense", options, with_gradients(source, y, inputs))


def pooling(source, writer, index):
    pool_size, strides = source.pair(1, 4), source.pair(1, 4)
    padding, kind = source.pick(["valid", "same"]), source.pick(["MaxPooling2D", "AveragePooling2D"])
    x = source.normal(source.int(1, 3), *(pool_size[i] + source.int(0, 7) for i in (0, 1)), source.int(1, 9))
    if kind == "MaxPooling2D":
        y = F.max_pool2d(padded(x, padding, pool_size, strides, value=-float("inf")), pool_size, strides)
    else:
        # The mean of what is not padding.
        sums, counts = (
            F.avg_pool2d(padded(values, padding, pool_size, strides), pool_size, strides)
            for values in (x, torch.ones_like(x))
        )
        y = sums / counts
    options = {"pool_size": pool_size, "strides": strides, "padding": padding}
    tensors = with_gradients(source, y.permute(0, 2, 3, 1), {"x": x})
    writer.add("generated_pooling", f"random{index:02}", kind, options, tensors)


def unpooling(source, writer, index):
    """Maxima put back to where they were found; rows and columns that fill no window stay empty."""
    pool_size = source.pair(1, 4)
    sizes = [pool_size[i] + source.int(0, 7) for i in (0, 1)]
    x = source.normal(source.int(1, 3), *sizes, source.int(1, 9))
    maxima, places = F.max_pool2d(x.permute(0, 3, 1, 2), pool_size, return_indices=True)
    y = F.max_unpool2d(maxima, places, pool_size, output_size=sizes).permute(0, 2, 3, 1)
    tensors = with_gradients(source, y, {"x": x})
    writer.add("generated_unpooling", f"random{index:02}", "MaxUnpooling2D", {"pool_size": pool_size}, tensors)


def normalization(source, writer, index):
    """Batch normalisation as the index's other cases have it: training steps, then inference."""
    rank, channels, steps = source.pick([2, 3, 4, 5]), source.int(1, 9), source.int(1, 3)
    momentum, epsilon = source.pick([0.99, 0.9, 0.5]), source.pick([1e-3, 1e-5])
    center, scale = source.pick([True, True, False]), source.pick([True, True, False])
    shape = [source.int(3, 6)] + [source.int(2, 4) for _ in range(rank - 2)] + [channels]
    learned = ({"gamma": source.normal(channels)} if scale else {}) | ({"beta": source.normal(channels)} if center else {})
    gamma, beta = learned.get("gamma", torch.tensor(1.0)), learned.get("beta", torch.tensor(0.0))
    mean, variance = torch.zeros(channels).double(), torch.ones(channels).double()
    tensors = dict(learned)
    for step in range(steps):
        x = source.normal(*shape, scale=2.0)
        batch_mean = x.mean(dim=list(range(rank - 1)))
        batch_variance = ((x - batch_mean) ** 2).mean(dim=list(range(rank - 1)))
        y = (x - batch_mean) / torch.sqrt(batch_variance + epsilon) * gamma + beta
        results = with_gradients(source, y, {"x": x} | learned)
        tensors |= {f"{key}{step}": value for key, value in results.items() if key not in learned}
        mean = (mean * momentum + batch_mean * (1 - momentum)).detach()
        variance = (variance * momentum + batch_variance * (1 - momentum)).detach()
        tensors |= {f"moving_mean{step}": mean, f"moving_variance{step}": variance}
    x = source.normal(*shape)
    y = (x - mean) / torch.sqrt(variance + epsilon) * gamma + beta
    tensors |= {f"{key}_infer": value for key, value in with_gradients(source, y, {"x": x}).items()}
    options = {"momentum": momentum, "epsilon": epsilon, "center": center, "scale": scale, "steps": steps}
    note = "training steps 0..steps-1 with unchanged gamma/beta, then inference with the moving statistics"
    writer.add("generated_normalization", f"random{index:02}", "BatchNormalization", options, tensors, 1e-4, note)


def network(source, writer, index):
    """The network of the seed program over some steps of Keras's Adam."""
    steps, rate, batch, classes = 4, 1e-3, source.int(2, 6), 10
    filters, units, size = source.pair(2, 8), source.int(5, 30), 2 * source.int(5, 8)
    flat = ((size - 2) // 2 - 2) // 2
    shapes = {
        "k1": (3, 3, 1, filters[0]), "b1": (filters[0],), "k2": (3, 3, filters[0], filters[1]),
        "b2": (filters[1],), "w3": (flat * flat * filters[1], units), "b3": (units,),
        "w4": (units, classes), "b4": (classes,),
    }
    weights = {key: source.normal(*shape, scale=0.3) for key, shape in shapes.items()}
    moments = {key: (torch.zeros(shape).double(), torch.zeros(shape).double()) for key, shape in shapes.items()}
    tensors, losses = {f"{key}_0": value for key, value in weights.items()}, []
    for step in range(1, steps + 1):
        x, label = source.normal(batch, size, size, 1), source.ints(0, classes - 1, batch)
        hidden = x
        for layer in "12":
            hidden = torch.relu(
                convolution(hidden, weights[f"k{layer}"], weights[f"b{layer}"], [1, 1], "valid", [1, 1])
            )
            hidden = F.max_pool2d(hidden.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
        hidden = torch.relu(hidden.flatten(1) @ weights["w3"] + weights["b3"])
        logits = hidden @ weights["w4"] + weights["b4"]
        loss = F.cross_entropy(logits, label)
        losses.append(loss.detach())
        gradients = dict(zip(weights, torch.autograd.grad(loss, list(weights.values()))))
        tensors |= {f"x_{step}": x, f"label_{step}": label}
        if step == 1:
            tensors |= {"out_1": logits} | {f"d{key}_1": value for key, value in gradients.items()}
        scaled = rate * (1 - 0.999**step) ** 0.5 / (1 - 0.9**step)
        for key, gradient in gradients.items():
            m, v = moments[key]
            m.mul_(0.9).add_(gradient * 0.1)
            v.mul_(0.999).add_(gradient**2 * 0.001)
            weights[key] = (weights[key] - scaled * m / (v.sqrt() + 1e-7)).detach().requires_grad_()
    tensors |= {"losses": torch.stack(losses)} | {f"{key}_{steps}": value for key, value in weights.items()}
    options = {
        "layers": "Conv3x3 relu, MaxPool2, Conv3x3 relu, MaxPool2, Flatten, Dense relu, Dense10; "
        "sparse CE from logits",
        "steps": steps, "optimizer": "Adam", "learning_rate": rate,
    }
    writer.add("generated_network", f"seed_cnn{index:02}", "SeedCNN", options, tensors, 5e-4)


FAMILIES = {
    "conv2d": conv2d, "dense": dense, "pooling": pooling, "normalization": normalization, "network": network,
    "unpooling": unpooling,
}


def main():
    parser = argparse.ArgumentParser(description="Write reference cases for `martlet conformance`.")
    parser.add_argument("out", type=pathlib.Path, help="the folder to write")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=4, help="cases of each family")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    arguments = parser.parse_args()
    writer = Writer()
    for family in arguments.families:
        for index in range(arguments.count):
            # Each case has its own seed, so that a case does not depend on how many stand before it.
            number = list(FAMILIES).index(family)
            FAMILIES[family](Source(arguments.seed * 1_000_003 + number * 10_007 + index), writer, index)
    writer.write(arguments.out, f"generated, seed {arguments.seed}")
    print(f"{len(writer.cases)} cases in {arguments.out}")


if __name__ == "__main__":
    main()
