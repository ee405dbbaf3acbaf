"""Martlet's networks in PyTorch: the same layers with the same sizes."""
import torch
from torch import nn


class Residual(nn.Module):
    """relu(body(x) + shortcut(x))."""

    def __init__(self, body, shortcut):
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x):
        return torch.relu(self.body(x) + self.shortcut(x))


class Parallel(nn.Module):
    """The results of several branches, one after another along the channels."""

    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


def normalized(inputs, outputs, kernel, stride=1):
    return [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)]


def activated(inputs, outputs, kernel, stride=1, padding=None):
    return [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2 if padding is None else padding), nn.ReLU()]


def seedcnn(shape, classes):
    reduced = lambda size: ((size - 2) // 2 - 2) // 2
    return nn.Sequential(
        *activated(shape[-1], 32, 3, padding=0), nn.MaxPool2d(2), *activated(32, 64, 3, padding=0), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * reduced(shape[1]) * reduced(shape[2]), 1024), nn.ReLU(), nn.Linear(1024, classes))


def resnet20(shape, classes):
    layers, inputs = [*normalized(shape[-1], 16, 3), nn.ReLU()], 16
    for outputs in (16, 32, 64):
        for block in range(3):
            changes = block == 0 and outputs != 16
            stride = 2 if changes else 1
            body = nn.Sequential(*normalized(inputs, outputs, 3, stride), nn.ReLU(), *normalized(outputs, outputs, 3))
            shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if changes else nn.Identity()
            layers.append(Residual(body, shortcut))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes))


def resnet50(shape, classes):
    layers, inputs = [*normalized(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)], 64
    for stage, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            body = nn.Sequential(*normalized(inputs, width, 1), nn.ReLU(), *normalized(width, width, 3, stride),
                                 nn.ReLU(), *normalized(width, 4 * width, 1))
            shortcut = nn.Sequential(*normalized(inputs, 4 * width, 1, stride)) if block == 0 else nn.Identity()
            layers.append(Residual(body, shortcut))
            inputs = 4 * width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, classes))


class UNet(nn.Module):
    def __init__(self, channels, classes, widths=(16, 32, 64, 128)):
        super().__init__()
        twice = lambda a, b: nn.Sequential(*activated(a, b, 3), *activated(b, b, 3))
        larger, smaller = widths[-2::-1], widths[:0:-1]
        self.down = nn.ModuleList(twice(a, b) for a, b in zip((channels, *widths), widths[:-1]))
        self.middle = twice(*widths[-2:])
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, 2) for a, b in zip(smaller, larger))
        self.merged = nn.ModuleList(twice(2 * b, b) for b in larger)
        self.logits = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x):
        seen = []
        for layer in self.down:
            x = layer(x)
            seen.append(x)
            x = torch.max_pool2d(x, 2)
        x = self.middle(x)
        for enlarge, merge in zip(self.up, self.merged):
            x = merge(torch.cat([enlarge(x), seen.pop()], 1))
        return self.logits(x)


class FCN(nn.Module):
    """Sizes that divide by 32; transposed convolutions begin as linear interpolation."""

    def __init__(self, channels, classes, stride=8, widths=(16, 32, 64, 128, 128), units=256):
        super().__init__()
        twice = lambda a, b: nn.Sequential(*activated(a, b, 3), *activated(b, b, 3), nn.MaxPool2d(2))
        self.stages = nn.ModuleList(twice(a, b) for a, b in zip((channels, *widths), widths))
        self.head = nn.Sequential(*activated(widths[-1], units, 3), *activated(units, units, 1))
        skips = (32 // stride).bit_length() - 1
        seen = (units, *widths[::-1][1:])
        self.scores = nn.ModuleList(nn.Conv2d(inputs, classes, 1) for inputs in seen[:skips + 1])
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(classes, classes, 2 * by, by, by // 2, bias=False) for by in [2] * skips + [stride])
        for layer in self.up:
            size = layer.kernel_size[0]
            tent = 1 - (torch.arange(size) - (size - 1) / 2).abs() / (size // 2)
            layer.weight.data[:] = torch.eye(classes)[:, :, None, None] * tent[:, None] * tent

    def forward(self, x):
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        x = self.scores[0](self.head(features.pop()))
        for enlarge, score in zip(self.up, self.scores[1:]):
            x = enlarge(x) + score(features.pop())
        return self.up[-1](x)


def alexnet(shape, classes):
    return nn.Sequential(
        *activated(3, 96, 11, 4, padding=0), nn.MaxPool2d(3, 2), *activated(96, 256, 5), nn.MaxPool2d(3, 2),
        *activated(256, 384, 3), *activated(384, 384, 3), *activated(384, 256, 3), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(4096, classes))


def inception3a(shape, classes=None):
    return Parallel(
        nn.Sequential(*activated(192, 64, 1)), nn.Sequential(*activated(192, 96, 1), *activated(96, 128, 3)),
        nn.Sequential(*activated(192, 16, 1), *activated(16, 32, 5)),
        nn.Sequential(nn.MaxPool2d(3, 1, 1), *activated(192, 32, 1)))


def generator(shape):
    side, channels = shape[1] // 4, shape[-1]
    return nn.Sequential(
        nn.Linear(100, side * side * 128, bias=False), nn.BatchNorm1d(side * side * 128), nn.LeakyReLU(0.2),
        nn.Unflatten(1, (128, side, side)), nn.ConvTranspose2d(128, 64, 5, 2, 2, 1, bias=False), nn.BatchNorm2d(64),
        nn.LeakyReLU(0.2), nn.ConvTranspose2d(64, channels, 5, 2, 2, 1), nn.Tanh())


def discriminator(shape):
    side, channels = shape[1] // 4, shape[-1]
    return nn.Sequential(
        nn.Conv2d(channels, 64, 5, 2, 2), nn.LeakyReLU(0.2), nn.Conv2d(64, 128, 5, 2, 2), nn.LeakyReLU(0.2), nn.Flatten(),
        nn.Linear(side * side * 128, 1))


NETWORKS = dict(
    seedcnn=seedcnn, resnet20=resnet20, resnet50=resnet50, alexnet=alexnet, inception3a=inception3a,
    unet=lambda shape, classes: UNet(shape[-1], classes), fcn8s=lambda shape, classes: FCN(shape[-1], classes))
