"""The flagship in Keras (TensorFlow), on token ids that nnc made: the same network, optimiser, batch and epochs.

    build/venv-keras/bin/python benchmarks/keras_classifier.py FOLDER --epochs 10 --seed 1

With --as-is, Adam gets the gradient of the embedding as TensorFlow gives it to Keras: a list of rows, one an occurrence of
a token. Keras then squares row by row and adds the squares, where Adam squares the sum, so that a token that occurs n times
in a batch moves up to the square root of n times as far as by Adam's formula (and as in Keras on JAX or PyTorch). Without,
rows are summed first.

FOLDER holds train, validation and test, each with tokens.npy and label.npy, as `nnc-run encode` writes them.
Prints a line of JSON.
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
import tensorflow as tf


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


class DenseAdam(keras.optimizers.Adam):
    """Adam as Keras documents it, for gradients of embeddings too."""

    def apply(self, grads, trainable_variables=None):
        super().apply([tf.convert_to_tensor(grad) for grad in grads], trainable_variables)


def dataset(x, y, batch, shuffled):
    """What Keras' fit makes of arrays, without tf.data's tuning thread: an iterator's end waits for that thread's sleep,
    which doubles while an epoch lasts, up to as long as the epoch itself."""
    rows = tf.data.Dataset.from_tensor_slices((x, y))
    if shuffled:
        rows = rows.shuffle(len(x))
    options = tf.data.Options()
    options.autotune.enabled = False
    return rows.batch(batch).prefetch(1).with_options(options)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--vocabulary", type=int, default=10000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--as-is", action="store_true")
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    (x, y), validation, test = (load(arguments.folder, split) for split in ("train", "validation", "test"))
    keras.utils.set_random_seed(arguments.seed)
    model = flagship(arguments.vocabulary, int(max(y.max(), test[1].max())) + 1, x.shape[1])
    model.compile("adam" if arguments.as_is else DenseAdam(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    train, validation, test = (dataset(*split, arguments.batch, shuffled)
                               for split, shuffled in (((x, y), True), (validation, False), (test, False)))
    start = time.perf_counter()
    history = model.fit(train, epochs=arguments.epochs, verbose=0, validation_data=validation).history
    seconds = time.perf_counter() - start
    accuracy = model.evaluate(test, verbose=0, return_dict=True)["accuracy"]
    print(json.dumps({
        "seed": arguments.seed,
        "parameters": model.count_params(),
        "validation accuracy": history["val_accuracy"],
        "test accuracy": accuracy,
        "seconds": seconds,
    }))


if __name__ == "__main__":
    main()
