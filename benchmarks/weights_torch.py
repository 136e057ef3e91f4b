"""PyTorch's side of claim `weights`. Answers {"network", "train" or "load": FILE.npz, "predictions": FILE.npy}: trains a
network a little and saves its state_dict, an array a tensor, or loads one; writes its predictions."""

import numpy as np
import torch
from torch import nn

from contest import serve
from weights_networks import BATCH, EPOCHS, NETWORKS, data


# What lies between embedding and output, and how many numbers come out of it.
HIDDEN = {
    "text classifier": (lambda: nn.LSTM(128, 128, 2, batch_first=True), 128),
    "gru": (lambda: nn.GRU(8, 6, batch_first=True), 6),
    "simple_rnn": (lambda: nn.RNN(8, 6, batch_first=True), 6),
    "bidirectional lstm": (lambda: nn.LSTM(8, 6, batch_first=True, bidirectional=True), 12),
    "shared, frozen": (lambda: nn.Linear(8, 8), 8),
}


class Classifier(nn.Module):
    def __init__(self, name):
        super().__init__()
        network, (make_hidden, size) = NETWORKS[name], HIDDEN[name]
        self.embedding = nn.Embedding(network.vocabulary, network.size)
        self.embedding.requires_grad_(name != "shared, frozen")
        self.hidden = make_hidden()
        self.dense = nn.Linear(size, network.classes)

    def forward(self, tokens):
        sequence = self.embedding(tokens)
        if isinstance(self.hidden, nn.Linear):
            return self.dense(self.hidden(self.hidden(sequence.mean(1)).tanh()).tanh())
        outputs, _ = self.hidden(sequence)
        return self.dense(outputs.mean(1) if self.hidden.bidirectional else outputs[:, -1])


def answer(request):
    torch.manual_seed(0)
    name = request["network"]
    model, rows = Classifier(name), {key: torch.from_numpy(value).long() for key, value in data(name).items()}
    if "train" in request:
        optimizer = torch.optim.Adam(model.parameters(), lr=NETWORKS[name].rate)
        for _ in range(EPOCHS):
            for tokens, label in zip(rows["tokens"].split(BATCH), rows["label"].split(BATCH)):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(tokens), label).backward()
                optimizer.step()
        np.savez(request["train"], **{key: value.numpy() for key, value in model.state_dict().items()})
    else:
        with np.load(request["load"]) as state:
            model.load_state_dict({key: torch.from_numpy(state[key]) for key in state})
    with torch.no_grad():
        np.save(request["predictions"], torch.softmax(model(rows["tokens"]), -1).numpy())


serve(answer)
