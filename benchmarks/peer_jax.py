"""JAX's side of peers.py and startup.py: peer_jax.py NETWORK WEIGHTS.npz. One jitted step, its arguments donated. XLA takes
as many threads as the process may use processors. The step is gpu/work_jax.py's too."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax_reference import adam, dense, embedding, lstm, relu, sparse_categorical_crossentropy

from contest import serve_steps
from networks import Network


def start(network, path):
    """The training step, a jitted function (state, batch) -> (state, loss), and the state from the weights of a file."""
    with np.load(path) as weights:
        parameters = {name: jnp.asarray(weights[name]) for name in weights}

    def loss_of(p, batch):
        if network.is_flagship:
            h = lstm(p, "classifier.lstm", embedding(p, "classifier.embedding", batch["tokens"]), return_sequences=True)
            logits = dense(p, "classifier.dense", lstm(p, "classifier.lstm_1", h))
        else:
            h = dense(p, "classifier.dense", batch["image"], relu)
            logits = dense(p, "classifier.dense_2", dense(p, "classifier.dense_1", h, relu))
        return sparse_categorical_crossentropy(logits, batch["label"], from_logits=True)

    optimizer = adam()

    def step(state, batch):
        parameters, slots, count = state
        loss, gradients = jax.value_and_grad(loss_of)(parameters, batch)
        new = {name: optimizer.update(parameters[name], gradients[name], slots[name], count) for name in parameters}
        return ({name: pair[0] for name, pair in new.items()}, {name: pair[1] for name, pair in new.items()}, count + 1), loss

    # Each slot an array of its own, as donated arguments must be.
    slots = {name: tuple(jnp.zeros_like(value) for _ in optimizer.starts) for name, value in parameters.items()}
    return jax.jit(step, donate_argnums=0), (parameters, slots, jnp.ones((), jnp.float32))


def main():
    network = Network(sys.argv[1])
    step, state = start(network, sys.argv[2])
    batch, state = {name: jnp.asarray(value) for name, value in network.data().items()}, [state]

    def once():
        state[0], loss = step(state[0], batch)
        return float(loss)

    serve_steps(once)


if __name__ == "__main__":
    main()
