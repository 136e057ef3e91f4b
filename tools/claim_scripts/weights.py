"""Claim weights: a network trained in Keras, in PyTorch or in nnc predicts the same in the two others, to 1e-5, after
tools/convert-weights has taken its weights there: the text classifier, and small ones with the other recurrent layers."""

import csv
import itertools
import os
import sys
import tempfile

import numpy as np
from safetensors.numpy import load_file, save_file

from report import NNC_RUN, ROOT, Table, arguments, finish, run

sys.path.append(os.path.join(ROOT, "benchmarks"))
from contest import Contestant  # noqa: E402
from weights_networks import BATCH, EPOCHS, NETWORKS, data  # noqa: E402

LIMIT = 1e-5
# By how much some probability must differ between rows: what has learnt nothing predicts the same with any weights.
LEARNT = 0.1
# What a framework does not have.
MISSING = {("torch", "gru, reset before")}


class Exchange:
    """One network and its files in a folder. A framework's weights are a file `FRAMEWORK-trained` or `SOURCE-in-TARGET`."""

    def __init__(self, folder, network, peers):
        self._folder, self._network, self._peers = folder, network, peers
        self._model = self._path("model.mlir")
        with open(self._model, "w") as file:
            file.write(NETWORKS[network].text)
        np.savez(self._path("data.npz"), **data(network))

    def _path(self, name):
        return os.path.join(self._folder, name)

    def train(self, framework):
        """Trains a little; returns the weights as a checkpoint of nnc's and the framework's predictions."""
        checkpoint = self._path(f"{framework}.safetensors")
        if framework == "nnc":
            run(NNC_RUN, "train", self._model, "--data", self._path("data.npz"), "--epochs", EPOCHS, "--batch", BATCH,
                "--checkpoint", checkpoint, "--progress", "none")
            return checkpoint, self.predict(framework, checkpoint)
        predictions = self._ask(framework, "train")
        weights = self._path(f"train{self._ending(framework)}")
        if framework == "torch":
            with np.load(weights) as state:
                save_file(dict(state), self._path("state.safetensors"))
            weights = self._path("state.safetensors")
        self._convert(f"from-{framework}", weights, checkpoint)
        return checkpoint, predictions

    def predict(self, framework, checkpoint):
        """A framework's predictions with the weights of a checkpoint of nnc's."""
        if framework == "nnc":
            output = self._path("predictions.csv")
            run(NNC_RUN, "predict", self._model, "--model", "classifier", "--data", self._path("data.npz"), "--checkpoint", checkpoint,
                "--output", output)
            with open(output, newline="") as file:
                header, *rows = csv.reader(file)
            return np.array([row[header[0] == "class":] for row in rows], np.float32)
        weights = self._path(f"load{self._ending(framework)}")
        if framework == "torch":
            self._convert("to-torch", checkpoint, self._path("state.safetensors"), *self._maps("torch"))
            np.savez(weights, **load_file(self._path("state.safetensors")))
        else:
            self._convert("to-keras", checkpoint, weights, *self._maps("keras"))
        return self._ask(framework, "load")

    def _maps(self, framework):
        maps = getattr(NETWORKS[self._network], framework)
        return [f"--map={theirs}={ours}" for theirs, ours in maps.items()]

    @staticmethod
    def _ending(framework):
        return ".weights.h5" if framework == "keras" else ".npz"

    def _ask(self, framework, what):
        predictions = self._path("predictions.npy")
        self._peers[framework].ask({"network": self._network, what: self._path(what + self._ending(framework)),
                                    "predictions": predictions})
        return np.load(predictions)

    def _convert(self, direction, source, output, *more):
        run(sys.executable, os.path.join(ROOT, "tools", "convert-weights"), direction, source, self._model, "-o", output, *more)


def main():
    arguments(__doc__)
    for framework in ("torch", "keras"):
        run(os.path.join(ROOT, "benchmarks", "setup"), framework)
    threads = len(os.sched_getaffinity(0))
    peers = {name: Contestant(name, f"venv-{name}", f"weights_{name}.py", threads) for name in ("keras", "torch")}
    table = Table(("network", 20), ("trained in", 10), ("predicts in", 11), ("largest difference", 18),
                  ("differs between rows by", 23))
    differences, spreads = [], []
    for network in NETWORKS:
        frameworks = [name for name in ("keras", "torch", "nnc") if (name, network) not in MISSING]
        with tempfile.TemporaryDirectory() as folder:
            exchange = Exchange(folder, network, peers)
            trained = {name: exchange.train(name) for name in frameworks}
            for source, target in itertools.permutations(frameworks, 2):
                checkpoint, expected = trained[source]
                differences.append(np.abs(exchange.predict(target, checkpoint) - expected).max())
                spreads.append(np.ptp(expected, axis=0).max())
                table.row(network, source, target, f"{differences[-1]:.2e}", f"{spreads[-1]:.2f}")
    for peer in peers.values():
        peer.close()
    worst = np.max(differences)  # not a number where one is
    finish(bool(worst <= LIMIT and min(spreads) >= LEARNT),
           f"probabilities differ by at most {worst:.1e} over {len(differences)} pairs of frameworks and networks (at most "
           f"{LIMIT:.0e}); between rows by {min(spreads):.2f} and more (at least {LEARNT})")


if __name__ == "__main__":
    main()
