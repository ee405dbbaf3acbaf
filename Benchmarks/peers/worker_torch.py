#!/usr/bin/env python3
"""PyTorch in channels_last, its best layout here. The driver tells glibc to keep freed blocks, or every large output is
paged in anew and it is up to twice as slow."""
import worker

options = worker.arguments()
import torch
import torch.nn.functional as F
import networks_torch as networks

torch.set_num_threads(options.threads)
torch.manual_seed(0)


def channels_last(t):
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    return t.contiguous(memory_format=formats[t.dim()]) if t.dim() in formats else t


def array(shape):
    """Random numbers of a channels-last shape, as a tensor (N, C, ...)."""
    return channels_last(torch.randn([shape[0], shape[-1], *shape[1:-1]] if len(shape) > 2 else shape))


def symmetric(case):
    """PyTorch's pads, equal on both sides: where Keras's are odd, that is one more, and the same work."""
    return [after for _, after in worker.pads(case)]


def function(case):
    """A layer and the tensors that it is differentiated by."""
    op, x = case["op"], None if case["op"].startswith("signal") else array(case["x"])
    if op in ("conv1d", "conv2d", "conv3d"):
        convolution = {"conv1d": F.conv1d, "conv2d": F.conv2d, "conv3d": F.conv3d}[op]
        kernel = array([case["co"], *case["k"], case["x"][-1] // case["groups"]])
        padding = symmetric(case)
        return (lambda x, w, b: convolution(x, w, b, case["s"], padding, case["d"], case["groups"]),
                [x, kernel, torch.randn(case["co"])])
    if op == "conv2d_transpose":
        kernel, stride = case["k"][0], case["s"][0]
        pad = max(0, kernel - stride + 1) // 2
        extra = 2 * pad - (kernel - stride)
        weights = channels_last(torch.randn([case["x"][-1], case["co"], *case["k"]]))
        return (lambda x, w, b: F.conv_transpose2d(x, w, b, stride, pad, extra), [x, weights, torch.randn(case["co"])])
    if op.startswith("signal"):
        convolution = F.conv1d if op == "signal1d" else F.conv2d
        padding = [size // 2 for size in case["k"]]
        return (lambda x, w: convolution(x, w, padding=padding),
                [torch.randn([1, 1, *case["x"]]), torch.randn([1, 1, *case["k"]])])
    if op == "maxpool":
        padding = symmetric(case)
        return lambda x: F.max_pool2d(x, case["k"], case["s"], padding), [x]
    if op == "bn":
        channels = case["x"][-1]
        mean, variance = torch.zeros(channels), torch.ones(channels)
        return (lambda x, w, b: F.batch_norm(x, mean, variance, w, b, True, 0.01, 1e-3),
                [x, torch.ones(channels), torch.zeros(channels)])
    if op == "dense":
        return F.linear, [x, torch.randn(case["co"], case["x"][1]), torch.randn(case["co"])]
    if op == "xent":
        labels = torch.randint(0, case["x"][1], [case["x"][0]])
        return lambda x: F.cross_entropy(x, labels), [x]
    if op == "add":
        return torch.add, [x, array(case["x"])]
    simple = {"avgpool": lambda x: F.avg_pool2d(x, case["k"], case["s"]), "gap": lambda x: x.mean((2, 3)), "relu": F.relu,
              "upsample": lambda x: F.interpolate(x, scale_factor=2, mode="bilinear")}
    return simple[op], [x]


def layer(case, which):
    if case["op"] == "adam":
        parameters = [torch.nn.Parameter(torch.randn(shape)) for shape in case["sizes"]]
        for parameter in parameters:
            parameter.grad = torch.randn_like(parameter)
        return torch.optim.Adam(parameters, 1e-3).step
    f, inputs = function(case)
    if which == "fwd":
        def forward():
            with torch.inference_mode():
                f(*inputs)
        return forward
    dy = torch.randn_like(f(*inputs))
    for tensor in inputs:
        tensor.requires_grad_(True)
    return lambda: torch.autograd.grad(f(*inputs), inputs, dy)


def inference(model, make):
    model.eval()
    def run():
        with torch.inference_mode():
            model(make())
    return run


def network(case, which):
    place = lambda model: model.to(memory_format=torch.channels_last)
    x, batch = array(case["x"]), case["x"][0]
    if case["model"] == "dcgan":
        return adversarial(place(networks.generator(case["x"])), place(networks.discriminator(case["x"])), x, which)
    model = place(networks.NETWORKS[case["model"]](case["x"], case.get("classes")))
    if which == "infer":
        return inference(model, lambda: x)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    if "classes" in case:
        places = case["x"][1:3] if case["model"] in ("unet", "fcn8s") else []
        labels = torch.randint(0, case["classes"], [batch, *places])
        loss = lambda y: F.cross_entropy(y, labels)
    else:
        loss = lambda y: (y * y).mean()
    def step():
        optimizer.zero_grad()
        loss(model(x)).backward()
        optimizer.step()
    return step


def adversarial(generator, discriminator, images, which):
    """Both step at once from the same pictures, as in TensorFlow's example and in Martlet."""
    batch = len(images)
    noise = lambda: torch.randn(batch, 100)
    if which == "infer":
        return inference(generator, noise)
    of_generator, of_discriminator = list(generator.parameters()), list(discriminator.parameters())
    painter = torch.optim.Adam(of_generator, 2e-4, (0.5, 0.999))
    judge = torch.optim.Adam(of_discriminator, 2e-4, (0.5, 0.999))
    ones, zeros = torch.ones(batch, 1), torch.zeros(batch, 1)
    entropy = F.binary_cross_entropy_with_logits
    def step():
        real, generated = discriminator(images), discriminator(generator(noise()))
        loss = entropy(real, ones) + entropy(generated, zeros)
        judged = torch.autograd.grad(loss, of_discriminator, retain_graph=True)
        painted = torch.autograd.grad(entropy(generated, ones), of_generator)
        for parameter, gradient in zip(of_discriminator + of_generator, judged + painted):
            parameter.grad = gradient
        judge.step()
        painter.step()
    return step


worker.serve("torch", torch.__version__, options, layer, network)
