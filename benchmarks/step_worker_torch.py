"""PyTorch's side of step_time.py: eager mode, its fused LSTM, Adam as PyTorch ships it."""

import sys
import time

import torch
from torch import nn

from step_inputs import batch, serve


class Flagship(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10000, 128)
        self.lstm = nn.LSTM(128, 128, num_layers=2, batch_first=True)
        self.dense = nn.Linear(128, 20)

    def forward(self, tokens):
        sequence, _ = self.lstm(self.embedding(tokens))
        return self.dense(sequence[:, -1])


def mlp():
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))


def main():
    model_name, threads = sys.argv[1], int(sys.argv[2])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = Flagship() if model_name == "flagship" else mlp()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7)
    data = {name: torch.from_numpy(value) for name, value in batch(model_name).items()}
    label = data.pop("label").long()
    (x,) = data.values()

    def time_steps(count):
        start = time.perf_counter()
        for _ in range(count):
            optimizer.zero_grad(set_to_none=True)
            loss = nn.functional.cross_entropy(model(x), label)
            loss.backward()
            optimizer.step()
            loss.item()
        return (time.perf_counter() - start) / count

    serve(time_steps)


main()
