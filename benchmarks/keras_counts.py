"""The parameters of the depth study's networks in Keras: reads a list of them as JSON (benchmarks/depth_study.py says what
they are), prints their counts.

    build/venv-keras/bin/python benchmarks/keras_counts.py < NETWORKS.json
"""

import json
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras

LAYERS = {"simple_rnn": keras.layers.SimpleRNN, "gru": keras.layers.GRU, "lstm": keras.layers.LSTM}


def build(network):
    width, recurrent = network["width"], LAYERS.get(network["op"])
    model = keras.Sequential([keras.Input((network["tokens"],), dtype="int32"),
                              keras.layers.Embedding(network["vocabulary"], width)])
    if not recurrent:
        model.add(keras.layers.GlobalAveragePooling1D())
    for number in range(network["layers"]):
        if not recurrent:
            model.add(keras.layers.Dense(width, activation="relu"))
            continue
        sequences = number + 1 < network["layers"]
        if network["bidirectional"]:
            model.add(keras.layers.Bidirectional(recurrent(width // 2, return_sequences=sequences)))
        else:
            model.add(recurrent(width, return_sequences=sequences))
    model.add(keras.layers.Dense(network["classes"], activation="softmax"))
    return model


def main():
    print(json.dumps([build(network).count_params() for network in json.load(sys.stdin)]))


if __name__ == "__main__":
    main()
