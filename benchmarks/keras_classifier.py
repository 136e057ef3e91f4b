"""The flagship in Keras (TensorFlow), on token ids that nnc made: the same network, optimiser, batch and epochs.

    build/venv-keras/bin/python benchmarks/keras_classifier.py FOLDER --epochs 10 --seeds 1 2 3

FOLDER holds train, validation and test, each with tokens.npy and label.npy, as `nnc-run encode` writes them.
Prints a line of JSON for each seed.
"""

import argparse
import json
import os
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np


def load(folder, split):
    return tuple(np.load(os.path.join(folder, split, f"{name}.npy")) for name in ("tokens", "label"))


def flagship(vocabulary, classes, length):
    return keras.Sequential([
        keras.Input((length,), dtype="int32"),
        keras.layers.Embedding(vocabulary, 128),
        keras.layers.LSTM(128, return_sequences=True),
        keras.layers.LSTM(128),
        keras.layers.Dense(classes, activation="softmax"),
    ])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--vocabulary", type=int, default=10000)
    arguments = parser.parse_args()
    (x, y), validation, test = (load(arguments.folder, split) for split in ("train", "validation", "test"))
    for seed in arguments.seeds:
        keras.utils.set_random_seed(seed)
        model = flagship(arguments.vocabulary, int(max(y.max(), test[1].max())) + 1, x.shape[1])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        start = time.perf_counter()
        history = model.fit(x, y, arguments.batch, arguments.epochs, verbose=0, validation_data=validation).history
        seconds = time.perf_counter() - start
        accuracy = model.evaluate(*test, batch_size=arguments.batch, verbose=0, return_dict=True)["accuracy"]
        print(json.dumps({
            "seed": seed,
            "parameters": model.count_params(),
            "validation accuracy": history["val_accuracy"],
            "test accuracy": accuracy,
            "seconds": seconds,
        }), flush=True)


if __name__ == "__main__":
    main()
