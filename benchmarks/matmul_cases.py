"""Which matrix products matmul.py times, and the module that has one entry for each."""

import random

# How a and b of c[m, n] += a[m, k] * b[k, n] lie: as written (n) or transposed (t).
FORMS = {"nn": ("m, k", "k, n"), "nt": ("m, k", "n, k"), "tn": ("k, m", "k, n")}


def squares():
    return [(size, size, size, form) for size in (256, 512, 1024, 2048) for form in FORMS]


def own():
    """The products of a training step of the text classifier (64 tokens, batch 32) and of the perceptron (batch 128): forward,
    gradient of the input, gradient of the weights."""
    shapes = []
    for m, n, k in ((64 * 32, 512, 128), (32, 512, 128), (32, 20, 128), (128, 512, 784), (128, 256, 512), (128, 10, 256)):
        shapes += [(m, n, k, "nn"), (m, k, n, "nt"), (k, n, m, "tn")]
    return shapes


def some(count, seed):
    """Random shapes: of all kinds (tall, flat, tiny, odd), at most some 200 million multiply-adds each."""
    rng = random.Random(seed)

    def size(kind):
        if kind == "tiny":
            return rng.randint(1, 16)
        if kind == "odd":
            return 2 * rng.randint(8, 250) + 1
        return rng.randint(16, 600) if kind == "middle" else rng.randint(600, 4000)

    shapes = []
    while len(shapes) < count:
        m, n, k = (size(rng.choice(["tiny", "odd", "middle", "middle", "large"])) for _ in range(3))
        if 2000 <= m * n * k <= 200e6:
            shapes.append((m, n, k, rng.choice(list(FORMS))))
    return shapes


def columns_sweep():
    return [(256, n, 256, "nn") for n in range(1, 65)]


def operand_shapes(m, n, k, form):
    sizes = {"m": m, "n": n, "k": k}
    return [tuple(sizes[letter] for letter in dims.split(", ")) for dims in FORMS[form]]


def module(cases):
    """A module in phase linalg: entry `c<i>.predict` computes case i from its inputs a and b."""

    def tensor(shape):
        return f"tensor<{'x'.join(map(str, shape))}xf32>"

    functions = []
    for number, (m, n, k, form) in enumerate(cases):
        a, b = map(tensor, operand_shapes(m, n, k, form))
        c = tensor((m, n))
        maps = ", ".join(f"affine_map<(m, n, k) -> ({dims})>" for dims in (*FORMS[form], "m, n"))
        functions.append(f"""
  func.func private @c{number}.predict(%a: {a} {{nn.input = "a", nn.input_role = "data"}},
                                       %b: {b} {{nn.input = "b", nn.input_role = "data"}})
      -> ({c} {{nn.output = "c", nn.output_role = "prediction"}})
      attributes {{nn.entry = "predict", nn.symbol = "c{number}", nn.batch = {m} : i64}} {{
    %zero = arith.constant 0.0 : f32
    %empty = tensor.empty() : {c}
    %zeros = linalg.fill ins(%zero : f32) outs(%empty : {c}) -> {c}
    %c = linalg.generic {{indexing_maps = [{maps}], iterator_types = ["parallel", "parallel", "reduction"]}}
        ins(%a, %b : {a}, {b}) outs(%zeros : {c}) {{
      ^bb0(%x: f32, %y: f32, %sum: f32):
        %product = arith.mulf %x, %y : f32
        %next = arith.addf %sum, %product : f32
        linalg.yield %next : f32
    }} -> {c}
    return %c : {c}
  }}""")
    return 'module attributes {nn.phase = "linalg"} {' + "".join(functions) + "\n}\n"
