"""What PyTorch's documentation says that an LSTM of two directions and a GRU behind it compute, in numpy, against the
predictions of nnc-run: torch_formulas.py draw STATE DATA; torch_formulas.py compare STATE DATA PREDICTIONS."""

import csv
import sys

import numpy as np
from safetensors.numpy import load_file, save_file

FEATURES, UNITS, OUTPUTS = 2, 3, 4


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step(state, gates_of_input, gates_of_state):
    hidden, cell = state
    i, f, g, o = np.split(gates_of_input + gates_of_state, 4, axis=-1)
    cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(cell), cell


def gru_step(state, gates_of_input, gates_of_state):
    (hidden,) = state
    (r, z, n), (hr, hz, hn) = (np.split(gates, 3, axis=-1) for gates in (gates_of_input, gates_of_state))
    z = sigmoid(z + hz)
    return ((1 - z) * np.tanh(n + sigmoid(r + hr) * hn) + z * hidden,)


def run(step, states, weights, module, suffix, x):
    """The output of every step; x: [batch, time, features]."""
    weight_ih, weight_hh, bias_ih, bias_hh = (weights[f"{module}.{name}_l0{suffix}"].astype(np.float64)
                                              for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    state, outputs = (np.zeros((len(x), weight_hh.shape[1])),) * states, []
    for number in range(x.shape[1]):
        state = step(state, x[:, number] @ weight_ih.T + bias_ih, state[0] @ weight_hh.T + bias_hh)
        outputs.append(state[0])
    return np.stack(outputs, axis=1)


def draw(state, data):
    random = np.random.default_rng(7)
    shapes = {}
    for module, suffix, gates, features, units in (("first", "", 4, FEATURES, UNITS), ("first", "_reverse", 4, FEATURES, UNITS),
                                                   ("second", "", 3, 2 * UNITS, OUTPUTS)):
        for name, shape in (("weight_ih", (features,)), ("weight_hh", (units,)), ("bias_ih", ()), ("bias_hh", ())):
            shapes[f"{module}.{name}_l0{suffix}"] = (gates * units, *shape)
    save_file({name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}, state)
    np.savez(data, x=random.standard_normal((6, 5, FEATURES)).astype(np.float32))


def compare(state, data, predictions):
    weights, x = load_file(state), np.load(data)["x"].astype(np.float64)
    backward = run(lstm_step, 2, weights, "first", "_reverse", x[:, ::-1])[:, ::-1]
    hidden = np.concatenate([run(lstm_step, 2, weights, "first", "", x), backward], axis=-1)
    expected = run(gru_step, 1, weights, "second", "", hidden)[:, -1]
    with open(predictions, newline="") as file:
        values = np.array([row[-OUTPUTS:] for row in list(csv.reader(file))[1:]], np.float64)
    print("equal to 1e-5" if np.abs(values - expected).max() <= 1e-5 else f"{values}\nbut should be\n{expected}")


{"draw": draw, "compare": compare}[sys.argv[1]](*sys.argv[2:])
