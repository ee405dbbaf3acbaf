#!/usr/bin/env python3
"""Keras on TensorFlow: layers through tf.nn in a tf.function, networks through Keras. Without XLA, which is slower here."""
import worker

options = worker.arguments()
import numpy as np
import keras
import tensorflow as tf
import networks_keras as networks

tf.config.threading.set_intra_op_parallelism_threads(options.threads)
tf.config.threading.set_inter_op_parallelism_threads(1)
array = lambda shape: tf.constant(np.random.standard_normal(tuple(shape)).astype("f"))


def compiled(f, *inputs):
    """Runs a graph and waits until its first result is there."""
    graph = tf.function(f, autograph=False)
    return lambda: tf.nest.flatten(graph(*inputs))[0]._numpy()


def function(case):
    """A layer and the tensors that it is differentiated by."""
    op, padding = case["op"], case.get("pad", "same").upper()
    if op.startswith("signal"):
        convolution = tf.nn.conv1d if op == "signal1d" else tf.nn.conv2d
        return (lambda x, w: convolution(x, w, 1, "SAME"), [array([1, *case["x"], 1]), array([*case["k"], 1, 1])])
    x = array(case["x"])
    if op in ("conv1d", "conv2d", "conv3d"):
        channels, groups, bias = case["x"][-1], case["groups"], array([case["co"]])
        if groups == channels > 1:
            return (lambda x, w, b: tf.nn.bias_add(tf.nn.depthwise_conv2d(x, w, [1, *case["s"], 1], padding), b),
                    [x, array([*case["k"], channels, case["co"] // groups]), bias])
        return (lambda x, w, b: tf.nn.bias_add(tf.nn.convolution(x, w, case["s"], padding, dilations=case["d"]), b),
                [x, array([*case["k"], channels // groups, case["co"]]), bias])
    if op == "conv2d_transpose":
        return (lambda x, w, b: tf.nn.bias_add(tf.nn.conv2d_transpose(x, w, case["y"], case["s"], padding), b),
                [x, array([*case["k"], case["co"], case["x"][-1]]), array([case["co"]])])
    if op == "bn":
        normalization = keras.layers.BatchNormalization()
        normalization.build(x.shape)
        return (lambda x, w, b: normalization(x, training=True),
                [x, normalization.gamma.value, normalization.beta.value])
    if op == "dense":
        return (lambda x, w, b: tf.nn.bias_add(tf.matmul(x, w), b),
                [x, array([case["x"][1], case["co"]]), array([case["co"]])])
    if op == "xent":
        labels = tf.constant(np.random.randint(0, case["x"][1], case["x"][0]))
        return (lambda x: tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=x)), [x])
    if op == "add":
        return tf.add, [x, array(case["x"])]
    simple = {"maxpool": lambda x: tf.nn.max_pool2d(x, case["k"], case["s"], padding),
              "avgpool": lambda x: tf.nn.avg_pool2d(x, case["k"], case["s"], padding),
              "gap": lambda x: tf.reduce_mean(x, [1, 2]), "relu": tf.nn.relu,
              "upsample": lambda x: tf.image.resize(x, [2 * case["x"][1], 2 * case["x"][2]], "bilinear")}
    return simple[op], [x]


def layer(case, which):
    if case["op"] == "adam":
        variables = [tf.Variable(array(shape)) for shape in case["sizes"]]
        gradients = [array(shape) for shape in case["sizes"]]
        optimizer = keras.optimizers.Adam(1e-3)
        optimizer.build(variables)
        return tf.function(lambda: optimizer.apply(gradients, variables), autograph=False)
    f, inputs = function(case)
    if which == "fwd":
        return compiled(lambda *x: f(*x), *inputs)
    dy = tf.random.normal(f(*inputs).shape)
    def backward(*x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(*x)
        # The output too, or the graph's optimizer drops the forward pass.
        return [y, *tape.gradient(y, list(x), output_gradients=dy)]
    return compiled(backward, *inputs)


def network(case, which):
    if case["model"] == "dcgan":
        return adversarial(case["x"], which)
    model, x = networks.NETWORKS[case["model"]](case["x"], case.get("classes")), array(case["x"])
    if which == "infer":
        return compiled(lambda x: model(x, training=False), x)
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(model.trainable_variables)
    if "classes" in case:
        places = case["x"][1:3] if case["model"] in ("unet", "fcn8s") else []
        labels = tf.constant(np.random.randint(0, case["classes"], [case["x"][0], *places]))
        loss = lambda y: tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=y))
    else:
        loss = lambda y: tf.reduce_mean(y * y)
    def step(x):
        with tf.GradientTape() as tape:
            value = loss(model(x, training=True))
        optimizer.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)
        return value
    return compiled(step, x)


def adversarial(shape, which):
    """Both step at once from the same pictures, as in TensorFlow's example and in Martlet."""
    generator, discriminator, images = networks.generator(shape), networks.discriminator(shape), array(shape)
    noise = lambda: tf.random.normal([shape[0], 100])
    if which == "infer":
        return compiled(lambda: generator(noise(), training=False))
    painter, judge = keras.optimizers.Adam(2e-4, 0.5), keras.optimizers.Adam(2e-4, 0.5)
    painter.build(generator.trainable_variables)
    judge.build(discriminator.trainable_variables)
    def entropy(logits, label):
        labels = tf.fill(tf.shape(logits), label)
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))
    def step():
        with tf.GradientTape() as judged, tf.GradientTape() as painted:
            real, generated = discriminator(images), discriminator(generator(noise(), training=True))
            loss, wanted = entropy(real, 1.0) + entropy(generated, 0.0), entropy(generated, 1.0)
        judge.apply(judged.gradient(loss, discriminator.trainable_variables), discriminator.trainable_variables)
        painter.apply(painted.gradient(wanted, generator.trainable_variables), generator.trainable_variables)
        return loss
    return compiled(step)


worker.serve("keras", f"{keras.__version__} on TensorFlow {tf.__version__}", options, layer, network)
