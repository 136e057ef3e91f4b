"""The networks whose weights claim `weights` takes to and fro: their model files, and data for them."""

import os
from dataclasses import dataclass, field

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROWS, BATCH, EPOCHS = 64, 8, 20


@dataclass
class Network:
    text: str
    tokens: int = 12
    vocabulary: int = 50
    size: int = 8  # of an embedding's row
    classes: int = 3
    rate: float = 1e-2  # of Adam
    # Which of PyTorch's modules, and of the groups in Keras' file, is which layer, where that must be said to write one.
    torch: dict = field(default_factory=dict)
    keras: dict = field(default_factory=dict)


def classifier(layers, embedding="", models=""):
    """A model file of a small classifier: an embedding %e, then layers that end in %h."""
    return f"""
nn.model @classifier(%tokens: tensor<?x12xi32>) -> tensor<?x3xf32> {{
  %e = nn.embedding %tokens {{vocab = 50, dim = 8{embedding}}}
{layers}
  %y = nn.dense %h {{units = 3, activation = softmax}}
  nn.return %y
}}
{models}
nn.step @fit(%tokens: tensor<?x12xi32>, %label: tensor<?xi32>) {{
  %y = nn.call @classifier(%tokens) : tensor<?x3xf32>
  %loss = nn.sparse_categorical_crossentropy %y, %label
  nn.minimize %loss over [@classifier{", @block" if models else ""}] with #nn.adam<lr = 1.0e-2>
}}
"""


def text_classifier():
    with open(os.path.join(ROOT, "models", "text_classifier.mlir")) as file:
        return file.read()


NETWORKS = {
    "text classifier": Network(text_classifier(), tokens=64, vocabulary=10000, size=128, classes=20, rate=1e-3,
                               torch={"hidden.l0": "lstm", "hidden.l1": "lstm_1"}),
    "gru": Network(classifier("  %h = nn.gru %e {units = 6}"), torch={"hidden": "gru"}),
    "gru, reset before": Network(classifier("  %h = nn.gru %e {units = 6, reset_after = false}")),
    "simple_rnn": Network(classifier("  %h = nn.simple_rnn %e {units = 6}"), torch={"hidden": "simple_rnn"}),
    "bidirectional lstm": Network(classifier("""  %s = nn.lstm %e {units = 6, return_sequences, direction = bidirectional}
  %h = nn.global_average_pooling_1d %s"""), torch={"hidden": "lstm"}),
    # What is frozen must not be so small that there is nothing to learn from it.
    "shared, frozen": Network(
        classifier("""  %p = nn.global_average_pooling_1d %e
  %a = nn.call @block(%p) : tensor<?x8xf32>
  %h = nn.call @block(%a) : tensor<?x8xf32>""", models="""
nn.model @block(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = nn.dense %x {units = 8, activation = tanh}
  nn.return %y
}""", embedding=", trainable = false, embeddings_initializer = #nn.random_normal<stddev = 1.0>"),
        torch={"embedding": "embedding", "hidden": "block.dense", "dense": "classifier.dense"},
        keras={"layers/embedding": "embedding", "layers/dense": "block.dense", "layers/dense_1": "classifier.dense"}),
}


def data(name):
    network, random = NETWORKS[name], np.random.default_rng(3)
    return {"tokens": random.integers(0, network.vocabulary, (ROWS, network.tokens), dtype=np.int32),
            "label": random.integers(0, network.classes, ROWS, dtype=np.int32)}
