"""The networks whose weights claim `weights` takes to and fro: their model files, and data for them."""

import os

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = 64


def small(layers):
    return f"""
nn.model @classifier(%tokens: tensor<?x12xi32>) -> tensor<?x3xf32> {{
  %e = nn.embedding %tokens {{vocab = 50, dim = 8}}
{layers}
  %y = nn.dense %h {{units = 3, activation = softmax}}
  nn.return %y
}}
nn.step @fit(%tokens: tensor<?x12xi32>, %label: tensor<?xi32>) {{
  %y = nn.call @classifier(%tokens) : tensor<?x3xf32>
  %loss = nn.sparse_categorical_crossentropy %y, %label
  nn.minimize %loss over [@classifier] with #nn.adam<lr = 1.0e-2>
}}
"""


def text_classifier():
    with open(os.path.join(os.path.dirname(HERE), "models", "text_classifier.mlir")) as file:
        return file.read()


# Name: model file, tokens, vocabulary, classes, and the layers of PyTorch's modules that are several of nnc's.
NETWORKS = {
    "text classifier": (text_classifier, 64, 10000, 20, {"lstm.l0": "lstm", "lstm.l1": "lstm_1"}),
    "gru": (lambda: small("  %h = nn.gru %e {units = 6}"), 12, 50, 3, {}),
    "gru, reset before": (lambda: small("  %h = nn.gru %e {units = 6, reset_after = false}"), 12, 50, 3, {}),
    "simple_rnn": (lambda: small("  %h = nn.simple_rnn %e {units = 6}"), 12, 50, 3, {}),
    "bidirectional lstm": (lambda: small("  %s = nn.lstm %e {units = 6, return_sequences, direction = bidirectional}\n"
                                         "  %h = nn.global_average_pooling_1d %s"), 12, 50, 3, {}),
}


def data(name):
    _, tokens, vocabulary, classes, _ = NETWORKS[name]
    random = np.random.default_rng(3)
    return {"tokens": random.integers(0, vocabulary, (ROWS, tokens), dtype=np.int32),
            "label": random.integers(0, classes, ROWS, dtype=np.int32)}
