"""Keras' side of claim `weights` (on TensorFlow). Answers {"network", "train" or "load": FILE.weights.h5, "predictions":
FILE.npy}: trains a network a little and saves its weights, or loads them; writes its predictions."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from contest import serve
from weights_networks import BATCH, EPOCHS, NETWORKS, data

layers = keras.layers
HIDDEN = {
    "text classifier": lambda: [layers.LSTM(128, return_sequences=True), layers.LSTM(128)],
    "gru": lambda: [layers.GRU(6)],
    "gru, reset before": lambda: [layers.GRU(6, reset_after=False)],
    "simple_rnn": lambda: [layers.SimpleRNN(6)],
    "bidirectional lstm": lambda: [layers.Bidirectional(layers.LSTM(6, return_sequences=True)), layers.GlobalAveragePooling1D()],
    "shared, frozen": lambda: [layers.GlobalAveragePooling1D(), *[layers.Dense(8, "tanh")] * 2],
}


def build(name):
    network = NETWORKS[name]
    tokens = keras.Input((network.tokens,), dtype="int32")
    frozen = {"trainable": False, "embeddings_initializer": keras.initializers.RandomNormal(stddev=1.0)}
    hidden = layers.Embedding(network.vocabulary, network.size, **frozen if name == "shared, frozen" else {})(tokens)
    for layer in [*HIDDEN[name](), layers.Dropout(0.2), layers.Dense(network.classes, "softmax")]:
        hidden = layer(hidden)
    return keras.Model(tokens, hidden)


def answer(request):
    keras.utils.set_random_seed(0)
    name = request["network"]
    network, model, rows = NETWORKS[name], build(name), data(name)
    if "train" in request:
        model.compile(keras.optimizers.Adam(network.rate), "sparse_categorical_crossentropy")
        model.fit(rows["tokens"], rows["label"], epochs=EPOCHS, batch_size=BATCH, verbose=0)
        model.save_weights(request["train"])
    else:
        model.load_weights(request["load"])
    np.save(request["predictions"], np.asarray(model(rows["tokens"], training=False)))


serve(answer)
