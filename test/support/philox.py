"""Random layers' numbers in JAX: Philox 4x32-10 (Salmon et al., SC 2011), its counter made as --nn-build-entries makes it.

A formula of a random layer takes a `Random` as its parameters' "random", where it stands in what may be a training step;
elsewhere there is none, and the layer is the identity."""

import math

from layer_family import jax, jnp

MASK = 0xFFFFFFFF


def philox(seed, counter):
    """Four words, each an array of uint64 below 2^32, of a seed and four counter words that broadcast. In 64-bit mode."""
    u64 = lambda value: jnp.asarray(value, jnp.uint64)  # noqa: E731

    def one_round(_, state):
        c0, c1, c2, c3, key0, key1 = state
        product0, product1 = c0 * u64(0xD2511F53), c2 * u64(0xCD9E8D57)
        return ((product1 >> 32) ^ c1 ^ key0, product1 & MASK, (product0 >> 32) ^ c3 ^ key1, product0 & MASK,
                (key0 + 0x9E3779B9) & MASK, (key1 + 0xBB67AE85) & MASK)

    words = jnp.broadcast_arrays(*(u64(word) & MASK for word in counter))
    # A loop, which XLA compiles once and not ten times.
    return jax.lax.fori_loop(0, 10, one_round, (*words, u64(seed) & MASK, u64(seed) >> 32))[:4]


class Random:
    """One training step's numbers: each layer, in the order of evaluation, has a stream of its own. `trains` may be a value
    that is only known when a program runs: whether this is a training step at all."""

    def __init__(self, seed, step, trains=True):
        self._seed, self._step, self._stream, self._trains = seed, step, 0, trains

    def in_training(self, value, otherwise):
        return value if self._trains is True else jnp.where(self._trains, value, otherwise)

    def words(self, shape, dims=None):
        """For the next layer: four words for every element of a batch, told apart by the sample and its place along
        `dims` (all of a sample's), which are counted with the batch."""
        dims = range(1, len(shape)) if dims is None else dims
        place = jnp.zeros(tuple(size if d in dims else 1 for d, size in enumerate(shape)), jnp.uint64)
        for dim in dims:
            along = jnp.arange(shape[dim], dtype=jnp.uint64).reshape([-1 if d == dim else 1 for d in range(len(shape))])
            place = place * shape[dim] + along
        sample = jnp.arange(shape[0], dtype=jnp.uint64).reshape([-1] + [1] * (len(shape) - 1))
        stream, self._stream = self._stream, self._stream + 1
        return philox(self._seed, (place, sample, self._step, stream))


def standard_normal(words, dtype):
    """Box and Muller's transform of a number in (0, 1] and one in [0, 1)."""
    u = ((words[0] >> 8).astype(dtype) + 1) * 2.0**-24
    angle = (words[1] >> 8).astype(dtype) * (2 * math.pi * 2.0**-24)
    return jnp.sqrt(-2 * jnp.log(u)) * jnp.cos(angle)


def keep_or_drop(x, word, rate):
    """Dropout: x scaled up, or 0 with probability `rate`."""
    return jnp.where(word >= min(int(rate * 2**32), MASK), x * (1 / (1 - rate)), 0)


def random_layer(p, x, act):
    """What a layer that acts in training only makes of x: `act(random)` there, and x itself elsewhere."""
    random = p.get("random")
    return random.in_training(act(random), x) if random else x
