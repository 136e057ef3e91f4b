"""The embedding layer."""

from gradient_steps import Case, Step
from layer_family import Layer, Value


def embedding(p, layer, tokens):
    return p[f"{layer}.embeddings"][tokens]


def gradient_cases():
    def steps():
        for batch, vocab, dim in [(1, 1, 1), (1, 7, 3), (3, 2, 5), (3, 9, 1), (4, 5, 4)]:
            yield Step(batch, [("x", (6,), "i32")], f"%y = nn.embedding %x {{vocab = {vocab}, dim = {dim}}}", (6, dim))

    yield Case("nn.embedding", steps())


def layer(value, dim):
    return Layer(f"nn.embedding {value.name} {{vocab = {value.bound}, dim = {dim}}}", [value], (*value.shape, dim), embedding,
                 makes_f32=True, keras=lambda keras: keras.layers.Embedding(value.bound, dim))


READ = {"embedding": lambda value, a: layer(Value(value.name, value.shape, value.element, a["vocab"]), a["dim"])}


def jax_layers():
    for vocab, dim, time, batch in [(11, 32, 6, 5), (7, 3, 1, 4), (9, 1, 4, 3), (50, 100, 5, 4), (2, 64, 9, 1)]:
        yield batch, layer(Value("%x", (time,), "i32", vocab), dim)


def draw(random, value, others):
    """Without a regulariser: in a model of f64 its factor is the table's, an f32."""
    return layer(value, int(random.integers(1, 10))) if value.element == "i32" else None


DRAWS = [draw]
