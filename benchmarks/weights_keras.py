"""Keras' side of claim `weights` (on TensorFlow). Answers {"network", "train" or "load": FILE.weights.h5, "predictions": FILE.npy}:
trains a network a little and saves its weights, or loads them; writes its predictions."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from contest import serve
from weights_networks import NETWORKS, data

layers = keras.layers
HIDDEN = {
    "text classifier": lambda: [layers.LSTM(128, return_sequences=True), layers.LSTM(128)],
    "gru": lambda: [layers.GRU(6)],
    "gru, reset before": lambda: [layers.GRU(6, reset_after=False)],
    "simple_rnn": lambda: [layers.SimpleRNN(6)],
    "bidirectional lstm": lambda: [layers.Bidirectional(layers.LSTM(6, return_sequences=True)), layers.GlobalAveragePooling1D()],
}


def answer(request):
    name = request["network"]
    _, tokens, vocabulary, classes, _ = NETWORKS[name]
    model = keras.Sequential([keras.Input((tokens,), dtype="int32"),
                              layers.Embedding(vocabulary, 128 if name == "text classifier" else 8), *HIDDEN[name](),
                              layers.Dropout(0.2), layers.Dense(classes, "softmax")])
    rows = data(name)
    if "train" in request:
        model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy")
        model.fit(rows["tokens"], rows["label"], epochs=2, verbose=0)
        model.save_weights(request["train"])
    else:
        model.load_weights(request["load"])
    np.save(request["predictions"], model.predict(rows["tokens"], verbose=0))


serve(answer)
