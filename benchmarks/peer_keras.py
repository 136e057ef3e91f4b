"""Keras' side of peers.py (on TensorFlow): peer_keras.py NETWORK THREADS plain|xla WEIGHTS.npz."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from contest import serve_steps
from networks import CLASSES, VOCABULARY, Network


def flagship(network):
    layers = keras.layers
    return keras.Sequential([
        keras.Input((network.tokens,), dtype="int32"),
        layers.Embedding(VOCABULARY, network.units, name="embedding"),
        layers.LSTM(network.units, return_sequences=True, name="lstm"),
        layers.LSTM(network.units, name="lstm_1"),
        layers.Dense(CLASSES, name="dense"),
    ])


def perceptron(network):
    layers, (inputs, first, second, classes) = keras.layers, network.widths
    return keras.Sequential([keras.Input((inputs,)), layers.Dense(first, "relu", name="dense"),
                             layers.Dense(second, "relu", name="dense_1"), layers.Dense(classes, name="dense_2")])


def main():
    network, threads, mode = Network(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    model = flagship(network) if network.is_flagship else perceptron(network)
    with np.load(sys.argv[4]) as weights:
        for layer in model.layers:
            # The parts of a layer's parameters come in the order of Keras' own.
            own = [weights[name] for name in weights if name.startswith(f"classifier.{layer.name}.")]
            layer.set_weights(own)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=mode == "xla")
    data = {name: tf.constant(value) for name, value in network.data().items()}
    label = data.pop("label")
    (x,) = data.values()

    # Keras' own compiled step, called as fit calls it, on a batch that is there already.
    model.make_train_function()
    batches = iter(tf.data.Dataset.from_tensors((x, label)).repeat())

    def step():
        model.reset_metrics()
        return float(model.train_function(batches)["loss"])

    serve_steps(step)


main()
