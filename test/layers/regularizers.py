"""Regularisers: what they add to the loss for a parameter. (The dense layer's file takes their gradients.)"""

from layer_family import Regularizer, jnp, magnitude


def l1(w, factor=0.01):
    return factor * jnp.sum(magnitude(w))


def l2(w, factor=0.01):
    return factor * jnp.sum(w * w)


REGULARIZERS = {
    "l1": Regularizer("#nn.l1<1.0e-3>", lambda w: l1(w, 1e-3)),
    "l2": Regularizer("#nn.l2<1.0e-2>", lambda w: l2(w, 1e-2)),
}
