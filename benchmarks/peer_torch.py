"""PyTorch's side of peers.py and startup.py: peer_torch.py NETWORK THREADS eager|compiled|artifact WEIGHTS.npz. What
torch.compile keeps lies in $TORCHINDUCTOR_CACHE_DIR; so does the artifact, which is made where it is not there yet. The
networks are gpu/work_torch.py's too."""

import os
import sys

import numpy as np
import torch
from torch import nn

from contest import serve_steps
from networks import CLASSES, VOCABULARY, Network


class Flagship(nn.Module):
    def __init__(self, units):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, units)
        self.lstm = nn.LSTM(units, units, num_layers=2, batch_first=True)
        self.dense = nn.Linear(units, CLASSES)

    def forward(self, tokens):
        sequence, _ = self.lstm(self.embedding(tokens))
        return self.dense(sequence[:, -1])

    def load(self, weights):
        self.embedding.weight.copy_(weights["embedding.embeddings"])
        for number, layer in enumerate(("lstm", "lstm_1")):
            # PyTorch's gates stand in Keras' order, transposed; its second bias stays zero, and out of training.
            getattr(self.lstm, f"weight_ih_l{number}").copy_(weights[f"{layer}.kernel"].T)
            getattr(self.lstm, f"weight_hh_l{number}").copy_(weights[f"{layer}.recurrent_kernel"].T)
            getattr(self.lstm, f"bias_ih_l{number}").copy_(weights[f"{layer}.bias"])
            getattr(self.lstm, f"bias_hh_l{number}").zero_()
            getattr(self.lstm, f"bias_hh_l{number}").requires_grad = False
        load_dense(self.dense, weights, "dense")


class Perceptron(nn.Module):
    def __init__(self, inputs, first, second, classes):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(inputs, first), nn.ReLU(), nn.Linear(first, second), nn.ReLU(),
                                    nn.Linear(second, classes))

    def forward(self, image):
        return self.layers(image)

    def load(self, weights):
        for number, name in enumerate(("dense", "dense_1", "dense_2")):
            load_dense(self.layers[2 * number], weights, name)


def load_dense(layer, weights, name):
    layer.weight.copy_(weights[f"{name}.kernel"].T)
    layer.bias.copy_(weights[f"{name}.bias"])


def make_model(network):
    return Flagship(network.units) if network.is_flagship else Perceptron(*network.widths)


def load_weights(model, path):
    """nnc's, by their names, in place."""
    with torch.no_grad(), np.load(path) as weights:
        model.load({name.removeprefix("classifier."): torch.from_numpy(weights[name]) for name in weights})


def loss_of(model, x, label):
    return nn.functional.cross_entropy(model(x), label)


def batch_of(network):
    """Input and label on the host."""
    data = {name: torch.from_numpy(value) for name, value in network.data().items()}
    label = data.pop("label").long()
    (x,) = data.values()
    return x, label


def ahead_of_time(loss_of, arguments):
    """`loss_of` as torch.compile's artifact, forward and backward; the optimiser stays eager, as everywhere here."""
    # An artifact is one graph. Where torch.compile leaves an LSTM to PyTorch's own, this unrolls it over time.
    torch._dynamo.config.allow_rnn = True
    path = os.path.join(os.environ["TORCHINDUCTOR_CACHE_DIR"], "artifact.pt")
    if not os.path.exists(path):
        torch.compile(loss_of, fullgraph=True).aot_compile((arguments, {})).save_compiled_function(path)
    with open(path, "rb") as file:
        return torch.compiler.load_compiled_function(file)


def main():
    network, threads, mode = Network(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    # As the others do by themselves; threads that are started later have it too.
    torch.set_flush_denormal(True)
    torch.set_num_threads(threads)
    model = make_model(network)
    load_weights(model, sys.argv[4])
    optimizer = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=1e-3, eps=1e-7)
    x, label = batch_of(network)
    compute_loss = loss_of

    if mode != "eager" and os.environ.get("ATEN_CPU_CAPABILITY") == "avx2":
        # What torch.compile writes for vectors of 512 bits beside a PyTorch held to 256 computes another loss.
        torch._inductor.config.cpp.simdlen = 256
    if mode == "compiled":
        compute_loss = torch.compile(loss_of)
    elif mode == "artifact":
        compute_loss = ahead_of_time(loss_of, (model, x, label))

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = compute_loss(model, x, label)
        loss.backward()
        optimizer.step()
        return loss.item()

    serve_steps(step)


if __name__ == "__main__":
    main()
