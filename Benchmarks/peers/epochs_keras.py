#!/usr/bin/env python3
"""Keras's twin for epochs.py: compile and fit, from a tf.data pipeline, which saves a twenty-fifth here."""
import worker

options = worker.arguments("--folder")
import keras
import tensorflow as tf
import fashion_mnist as data
import networks_keras as networks

tf.config.threading.set_intra_op_parallelism_threads(options.threads)
tf.config.threading.set_inter_op_parallelism_threads(1)
keras.utils.set_random_seed(0)
images, labels = data.part(options.folder, "train")
batches = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(len(images)).batch(data.BATCH)
batches = batches.prefetch(tf.data.AUTOTUNE)
tests = data.part(options.folder, "t10k")

model = networks.NETWORKS["seedcnn"]([data.BATCH, *data.IMAGES], data.CLASSES)
model.compile(keras.optimizers.Adam(data.RATE, epsilon=data.EPSILON),
              keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])


def train():
    return model.fit(batches, epochs=1, verbose=0).history["loss"][0]


def test():
    return float(model.evaluate(*tests, batch_size=500, verbose=0)[1])


data.serve("keras", f"{keras.__version__} on TensorFlow {tf.__version__}", train, test)
