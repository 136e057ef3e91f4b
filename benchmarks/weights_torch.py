"""PyTorch's side of claim `weights`. Answers {"network", "train" or "load": FILE.npz, "predictions": FILE.npy}: trains a network
a little and saves its state_dict, an array a tensor, or loads one; writes its predictions."""

import numpy as np
import torch
from torch import nn

from contest import serve
from weights_networks import NETWORKS, data


class Network(nn.Module):
    def __init__(self, name):
        super().__init__()
        _, _, vocabulary, classes, _ = NETWORKS[name]
        large, self.averages = name == "text classifier", name == "bidirectional lstm"
        size, units = (128, 128) if large else (8, 6)
        self.embedding = nn.Embedding(vocabulary, size)
        if name == "gru":
            self.gru = nn.GRU(size, units, batch_first=True)
        elif name == "simple_rnn":
            self.rnn = nn.RNN(size, units, batch_first=True)
        else:
            self.lstm = nn.LSTM(size, units, num_layers=2 if large else 1, batch_first=True, bidirectional=self.averages)
        self.hidden = getattr(self, {"gru": "gru", "simple_rnn": "rnn"}.get(name, "lstm"))
        self.dense = nn.Linear(2 * units if self.averages else units, classes)

    def forward(self, tokens):
        sequence, _ = self.hidden(self.embedding(tokens))
        return self.dense(sequence.mean(1) if self.averages else sequence[:, -1])


def answer(request):
    torch.manual_seed(0)
    model = Network(request["network"])
    rows = {name: torch.from_numpy(value).long() for name, value in data(request["network"]).items()}
    if "train" in request:
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        for _ in range(4):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(rows["tokens"]), rows["label"]).backward()
            optimizer.step()
        np.savez(request["train"], **{name: value.numpy() for name, value in model.state_dict().items()})
    else:
        with np.load(request["load"]) as state:
            model.load_state_dict({name: torch.from_numpy(state[name]) for name in state})
    with torch.no_grad():
        np.save(request["predictions"], torch.softmax(model(rows["tokens"]), -1).numpy())


serve(answer)
