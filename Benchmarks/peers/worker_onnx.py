#!/usr/bin/env python3
"""ONNX Runtime, forward only: a graph of one node for a layer, PyTorch's export for a network."""
import worker

options = worker.arguments()
import io
import warnings
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

warnings.filterwarnings("ignore")
array = lambda *shape: np.random.standard_normal(shape).astype("f")


def runner(model, x):
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads, settings.inter_op_num_threads = options.threads, 1
    session = onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    feed = {session.get_inputs()[0].name: onnxruntime.OrtValue.ortvalue_from_numpy(x)}
    return lambda: session.run_with_ort_values(names, feed)


def node(op, x, *weights, **attributes):
    names = [f"w{index}" for index in range(len(weights))]
    graph = helper.make_graph(
        [helper.make_node(op, ["x", *names], ["y"], **attributes)], "layer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(weight, name) for weight, name in zip(weights, names)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return runner(model.SerializeToString(), x)


def layer(case, which):
    op = case["op"]
    if which != "fwd" or op in ("adam", "bn", "xent"):
        return None
    if op.startswith("signal"):
        return node("Conv", array(1, 1, *case["x"]), array(1, 1, *case["k"]), pads=[size // 2 for size in case["k"]] * 2)
    shape = case["x"]
    x = array(shape[0], shape[-1], *shape[1:-1])
    if op in ("conv1d", "conv2d", "conv3d"):
        sides = worker.pads(case)
        return node("Conv", x, array(case["co"], shape[-1] // case["groups"], *case["k"]), array(case["co"]),
                    strides=case["s"], dilations=case["d"], group=case["groups"],
                    pads=[before for before, _ in sides] + [after for _, after in sides])
    if op == "conv2d_transpose":
        return node("ConvTranspose", x, array(shape[-1], case["co"], *case["k"]), array(case["co"]), strides=case["s"],
                    auto_pad="SAME_UPPER")
    if op in ("maxpool", "avgpool"):
        sides = worker.pads(case)
        return node("MaxPool" if op == "maxpool" else "AveragePool", x, kernel_shape=case["k"], strides=case["s"],
                    pads=[before for before, _ in sides] + [after for _, after in sides])
    if op == "dense":
        return node("Gemm", x, array(shape[1], case["co"]), array(case["co"]))
    if op == "upsample":
        return node("Resize", x, np.zeros(0, "f"), np.array([1, 1, 2, 2], "f"), mode="linear")
    if op == "add":
        return node("Add", x, array(*x.shape))
    return node({"gap": "GlobalAveragePool", "relu": "Relu"}[op], x)


def network(case, which):
    if which != "infer":
        return None
    import torch
    import networks_torch as networks
    shape = case["x"]
    if case["model"] == "dcgan":
        model, x = networks.generator(shape), torch.randn(shape[0], 100)
    else:
        model = networks.NETWORKS[case["model"]](shape, case.get("classes"))
        x = torch.randn(shape[0], shape[-1], *shape[1:3])
    file = io.BytesIO()
    torch.onnx.export(model.eval(), (x,), file, dynamo=False, opset_version=17)
    return runner(file.getvalue(), x.numpy())


worker.serve("onnxruntime", onnxruntime.__version__, options, layer, network)
