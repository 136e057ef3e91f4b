"""Matrix products in every form, as entries of a module in phase params."""

from gradient_functions import tensor

FORMS = {}
"""Of each form a function of name, rows, columns, terms and neighbours: an entry's text, shapes of a, b and c, and how
numpy.einsum says it."""


def product(name, maps, iterators, a, b, c, start="matrix", end="relu"):
    """y = end(start + a b): one entry, with the operations around the product that are computed along with it. It starts
    from a matrix c, from zero or from a bias; it ends as it is (none), in relu, with a bias added (bias, bias_relu), or
    negated."""
    parallel = ", ".join(['"parallel"'] * len(c))
    plain = ", ".join(f"d{i}" for i in range(len(c)))
    identity, columns = f"affine_map<({plain}) -> ({plain})>", f"affine_map<({plain}) -> (d{len(c) - 1})>"
    of_c, bias = tensor(*c), tensor(c[-1])
    arguments = ", ".join(f'%{n}: {tensor(*s)} {{nn.input = "{n}", nn.input_role = "data"}}'
                          for n, s in (("a", a), ("b", b), ("c", c), ("bias", (1, c[-1]))))
    row = (f"%row = tensor.collapse_shape %bias [[0, 1]] : {tensor(1, c[-1])} into {bias}\n"
           f"    %empty = tensor.empty() : {of_c}\n    %zero = arith.constant 0.0 : f32")
    begin = {"matrix": "", "zero": f"""
    %start = linalg.fill ins(%zero : f32) outs(%empty : {of_c}) -> {of_c}""", "bias": f"""
    %start = linalg.generic {{indexing_maps = [{columns}, {identity}], iterator_types = [{parallel}]}}
        ins(%row : {bias}) outs(%empty : {of_c}) {{
      ^bb0(%x: f32, %old: f32):
        linalg.yield %x : f32
    }} -> {of_c}"""}[start]
    bodies = {"relu": ["%r = arith.maximumf %x, %zero : f32"], "negative": ["%r = arith.negf %x : f32"],
              "bias": ["%r = arith.addf %x, %w : f32"],
              "bias_relu": ["%s = arith.addf %w, %x : f32", "%r = arith.maximumf %zero, %s : f32"]}
    last = "%p" if end == "none" else "%y"
    finish = "" if end == "none" else f"""
    %y = linalg.generic {{indexing_maps = [{identity}, {columns}, {identity}], iterator_types = [{parallel}]}}
        ins(%p, %row : {of_c}, {bias}) outs(%empty : {of_c}) {{
      ^bb0(%x: f32, %w: f32, %old: f32):
        {chr(10).join(bodies[end])}
        linalg.yield %r : f32
    }} -> {of_c}"""
    return f"""
  func.func @"{name}"({arguments}) -> ({of_c} {{nn.output = "y", nn.output_role = "prediction"}})
      attributes {{nn.entry = "predict", nn.symbol = "{name}", nn.batch = 1 : i64}} {{
    {row}{begin}
    %p = linalg.generic {{indexing_maps = [{", ".join(f"affine_map<{m}>" for m in maps)}],
        iterator_types = [{", ".join(f'"{i}"' for i in iterators)}]}}
        ins(%a, %b : {tensor(*a)}, {tensor(*b)}) outs(%{"c" if start == "matrix" else "start"} : {of_c}) {{
      ^bb0(%x: f32, %w: f32, %sum: f32):
        %xw = arith.mulf %x, %w : f32
        %next = arith.addf %sum, %xw : f32
        linalg.yield %next : f32
    }} -> {of_c}{finish}
    return {last} : {of_c}
  }}"""


def matmul(a_map, b_map):
    def make(name, m, n, k, **neighbours):
        size = {"m": m, "n": n, "k": k}
        maps = [f"(m, n, k) -> ({i[0]}, {i[1]})" for i in (a_map, b_map, "mn")]
        a, b = (tuple(size[i] for i in of) for of in (a_map, b_map))
        return (product(name, maps, ["parallel", "parallel", "reduction"], a, b, (m, n), **neighbours), a, b, (m, n),
                f"{a_map},{b_map}->mn")
    return make


def batch(name, m, n, k, **neighbours):
    a, b, c = (3, m, k), (3, k, n), (3, m, n)
    maps = [f"(b, m, n, k) -> ({i})" for i in ("b, m, k", "b, k, n", "b, m, n")]
    return product(name, maps, ["parallel"] * 3 + ["reduction"], a, b, c, **neighbours), a, b, c, "bmk,bkn->bmn"


def heads(name, m, n, k, **neighbours):
    """As attention multiplies queries by keys: [batch, step, head, unit]."""
    a, b, c = (2, m, 3, k), (2, n, 3, k), (2, 3, m, n)
    maps = [f"(b, h, m, n, k) -> ({i})" for i in ("b, m, h, k", "b, n, h, k", "b, h, m, n")]
    return product(name, maps, ["parallel"] * 4 + ["reduction"], a, b, c, **neighbours), a, b, c, "bmhk,bnhk->bhmn"


FORMS |= {"nn": matmul("mk", "kn"), "nt": matmul("mk", "nk"), "tn": matmul("km", "kn"), "tt": matmul("km", "nk"),
          "batch": batch, "heads": heads}
