#!/usr/bin/env python3
"""PyTorch's twin for epochs.py: a loop over batches that are picked out of the arrays in memory, in channels_last, with the
fused Adam, which saves a twentieth here."""
import worker

options = worker.arguments("--folder")
import torch
import torch.nn.functional as F
import fashion_mnist as data
import networks_torch as networks

torch.set_num_threads(options.threads)
torch.manual_seed(0)
place = lambda t: t.to(memory_format=torch.channels_last)


def part(name):
    images, labels = data.part(options.folder, name)
    return place(torch.from_numpy(images).permute(0, 3, 1, 2)), torch.from_numpy(labels)


images, labels = part("train")
tests = part("t10k")
model = place(networks.NETWORKS["seedcnn"]([data.BATCH, *data.IMAGES], data.CLASSES))
optimizer = torch.optim.Adam(model.parameters(), data.RATE, eps=data.EPSILON, fused=True)


def train():
    model.train()
    sum = 0.0
    for places in torch.randperm(len(images)).split(data.BATCH):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images[places]), labels[places])
        loss.backward()
        optimizer.step()
        sum += loss.item() * len(places)
    return sum / len(images)


def test():
    model.eval()
    with torch.inference_mode():
        right = [(model(x).argmax(1) == y).sum().item() for x, y in zip(*(t.split(500) for t in tests))]
    return sum(right) / len(tests[0])


data.serve("torch", torch.__version__, train, test)
