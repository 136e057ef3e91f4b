"""A whole training run of nnc-run on one of networks.py's networks, from a model file and .npy files, as a user starts it."""

import os
import subprocess

import numpy as np

from contest import ROOT

BUILD = os.environ.get("NNC_BUILD", os.path.join(ROOT, "build", "release"))


class TrainingRun:
    """An epoch of as many batches, its files in `folder`."""

    def __init__(self, network, folder, batches):
        self._network = network
        self.model, self._data = os.path.join(folder, "network.mlir"), os.path.join(folder, "data")
        os.mkdir(self._data)
        with open(self.model, "w") as file:
            file.write(network.model(ROOT))
        for name, values in network.data(batches * network.batch).items():
            np.save(os.path.join(self._data, f"{name}.npy"), values)

    def start(self, threads, march, cache):
        """The process; compiled programs lie in the folder `cache`."""
        return subprocess.Popen(
            [os.path.join(BUILD, "bin", "nnc-run"), "train", self.model, "--data", self._data, "--batch",
             str(self._network.batch), "--epochs", "1", "--threads", str(threads), "--march", march, "--progress", "none"],
            env=dict(os.environ, XDG_CACHE_HOME=cache))
