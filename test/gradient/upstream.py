"""The ops of upstream dialects that have a gradient, each in at least five shapes: dimension 1, odd sizes, broadcasts."""

from gradient_functions import Case, Function, Input, tensor

SHAPES = [(1,), (7,), (3, 5), (1, 4), (2, 1, 3)]
KEEP_POSITIVE = (0.3, 2.0)
NONZERO = (0.4, 1.8)


def generic(ins, out, maps, iterators, body, init=None):
    """%y as a linalg.generic. `ins`: (name, shape) pairs; maps as text; `init`: the name of the initial value."""
    scalars = ", ".join(f"%s{i}: f32" for i in range(len(ins)))
    setup = "" if init else f"%init = tensor.empty() : {tensor(*out)}\n    "
    return f"""{setup}%y = linalg.generic {{indexing_maps = [{", ".join(f"affine_map<{m}>" for m in maps)}],
        iterator_types = [{", ".join(f'"{i}"' for i in iterators)}]}}
        ins({", ".join("%" + n for n, _ in ins)} : {", ".join(tensor(*s) for _, s in ins)})
        outs(%{init or "init"} : {tensor(*out)}) {{
      ^bb0({scalars}, %acc: f32):
        {body}
        linalg.yield %r : f32
    }} -> {tensor(*out)}"""


def filled(name, shape, value=0.0):
    return f"""%{name}.value = arith.constant {value} : f32
    %{name}.empty = tensor.empty() : {tensor(*shape)}
    %{name} = linalg.fill ins(%{name}.value : f32) outs(%{name}.empty : {tensor(*shape)}) -> {tensor(*shape)}"""


# --- arith and math -------------------------------------------------------------------------------------------------

UNARY = {
    "arith.negf": (-1.5, 1.5),
    "math.exp": (-1.5, 1.5),
    "math.exp2": (-1.5, 1.5),
    "math.expm1": (-1.5, 1.5),
    "math.log": KEEP_POSITIVE,
    "math.log2": KEEP_POSITIVE,
    "math.log10": KEEP_POSITIVE,
    "math.log1p": KEEP_POSITIVE,
    "math.sqrt": KEEP_POSITIVE,
    "math.rsqrt": KEEP_POSITIVE,
    "math.tanh": (-1.5, 1.5),
    "math.erf": (-1.5, 1.5),
    "math.erfc": (-1.5, 1.5),
    "math.sin": (-3.0, 3.0),
    "math.cos": (-3.0, 3.0),
    "math.tan": (-1.2, 1.2),
    "math.absf": (-1.5, 1.5),
}

# Compiled for the reference alone: on a CPU, no arithmetic for them is known.
UNARY_REFERENCE = {
    "math.asin": (-0.8, 0.8),
    "math.acos": (-0.8, 0.8),
    "math.atan": (-1.5, 1.5),
    "math.sinh": (-1.5, 1.5),
    "math.cosh": (-1.5, 1.5),
    "math.asinh": (-1.5, 1.5),
    "math.acosh": (1.2, 3.0),
    "math.atanh": (-0.8, 0.8),
    "math.cbrt": KEEP_POSITIVE,
}

# The intervals of both operands.
BINARY = {
    "arith.addf": ((-1.5, 1.5), (-1.5, 1.5)),
    "arith.subf": ((-1.5, 1.5), (-1.5, 1.5)),
    "arith.mulf": ((-1.5, 1.5), (-1.5, 1.5)),
    "arith.divf": ((-1.5, 1.5), NONZERO),
    "arith.maximumf": ((-1.5, 1.5), (-1.5, 1.5)),
    "arith.minimumf": ((-1.5, 1.5), (-1.5, 1.5)),
    "arith.maxnumf": ((-1.5, 1.5), (-1.5, 1.5)),
    "arith.minnumf": ((-1.5, 1.5), (-1.5, 1.5)),
    "math.powf": (KEEP_POSITIVE, (-1.5, 1.5)),
    "math.copysign": ((-1.5, 1.5), (-1.5, 1.5)),
}


def first_values(op):
    """At 0, |x| has the slope 0, and so have central differences."""
    return (0.0,) if op in ("math.absf", "abs") else ()


def unary_on_tensors(op, interval, fast=True):
    return Case(op, [
        Function([Input("x", s, *interval, first_values(op))], f"%y = {op} %x : {tensor(*s)}", s) for s in SHAPES
    ], fast=fast)


def binary_on_tensors(op, intervals, fast=True):
    return Case(op, [
        Function([Input("a", s, *intervals[0]), Input("b", s, *intervals[1])], f"%y = {op} %a, %b : {tensor(*s)}", s)
        for s in SHAPES
    ], fast=fast)


def rounding(op):
    """Steps: nothing flows through, all through the other factor."""
    return Case(op, [
        Function([Input("x", s)], f"""%t = {op} %x : {tensor(*s)}
    %y = arith.mulf %t, %x : {tensor(*s)}""", s) for s in SHAPES
    ])


def binary_in_body(op, intervals):
    """On scalars of a generic, the second operand broadcast over the first dimensions, as a bias is."""
    functions = []
    for rows, columns in [(1, 1), (1, 5), (4, 1), (3, 7), (9, 2)]:
        ins = [("a", (rows, columns)), ("b", (columns,))]
        body = generic(ins, (rows, columns), ["(i, j) -> (i, j)", "(i, j) -> (j)", "(i, j) -> (i, j)"],
                       ["parallel"] * 2, f"%r = {op} %s0, %s1 : f32")
        functions.append(Function([Input("a", (rows, columns), *intervals[0]), Input("b", (columns,), *intervals[1])],
                                  body, (rows, columns)))
    return Case(f"{op}-broadcast", functions)


def fma():
    return Case("math.fma", [
        Function([Input(n, s) for n in "abc"], f"%y = math.fma %a, %b, %c : {tensor(*s)}", s) for s in SHAPES
    ])


def select():
    return Case("arith.select", [
        Function([Input(n, s) for n in "abc"], f"""%zero = arith.constant dense<0.0> : {tensor(*s)}
    %p = arith.cmpf ogt, %a, %zero : {tensor(*s)}
    %y = arith.select %p, %b, %c : {tensor(*s, element="i1")}, {tensor(*s)}""", s) for s in SHAPES
    ])


def conversions():
    return Case("arith.extf-truncf", [
        Function([Input("x", s)], f"""%wide = arith.extf %x : {tensor(*s)} to {tensor(*s, element="f64")}
    %square = arith.mulf %wide, %wide : {tensor(*s, element="f64")}
    %y = arith.truncf %square : {tensor(*s, element="f64")} to {tensor(*s)}""", s) for s in SHAPES
    ])


# --- linalg ---------------------------------------------------------------------------------------------------------

def case_of(name, make, sizes):
    return Case(name, [make(*size) for size in sizes])


MATMUL_SIZES = [(1, 1, 1), (1, 5, 3), (4, 1, 7), (5, 3, 1), (3, 7, 5)]


def matmul(m, n, k):
    return Function([Input("a", (m, k)), Input("b", (k, n)), Input("c", (m, n))],
                    f"%y = linalg.matmul ins(%a, %b : {tensor(m, k)}, {tensor(k, n)}) "
                    f"outs(%c : {tensor(m, n)}) -> {tensor(m, n)}", (m, n))


def matmul_transposed(a_transposed, b_transposed):
    def make(m, n, k):
        a, b = ((k, m) if a_transposed else (m, k)), ((n, k) if b_transposed else (k, n))
        maps = [f"affine_map<(m, n, k) -> ({'k, m' if a_transposed else 'm, k'})>",
                f"affine_map<(m, n, k) -> ({'n, k' if b_transposed else 'k, n'})>", "affine_map<(m, n, k) -> (m, n)>"]
        return Function([Input("a", a), Input("b", b)], f"""{filled("zero", (m, n))}
    %y = linalg.matmul indexing_maps = [{", ".join(maps)}]
        ins(%a, %b : {tensor(*a)}, {tensor(*b)}) outs(%zero : {tensor(m, n)}) -> {tensor(m, n)}""", (m, n))
    return make


def batch_matmul(m, n, k):
    return Function([Input("a", (3, m, k)), Input("b", (3, k, n))], f"""{filled("zero", (3, m, n))}
    %y = linalg.batch_matmul ins(%a, %b : {tensor(3, m, k)}, {tensor(3, k, n)})
        outs(%zero : {tensor(3, m, n)}) -> {tensor(3, m, n)}""", (3, m, n))


def contract(m, n, k):
    return Function([Input("a", (k, m)), Input("b", (n, 2, k)), Input("c", (m, 2, n))], f"""
    %y = linalg.contract indexing_maps = [affine_map<(m, h, n, k) -> (k, m)>, affine_map<(m, h, n, k) -> (n, h, k)>,
        affine_map<(m, h, n, k) -> (m, h, n)>]
        ins(%a, %b : {tensor(k, m)}, {tensor(n, 2, k)}) outs(%c : {tensor(m, 2, n)}) -> {tensor(m, 2, n)}""", (m, 2, n))


def matvec(m, n, k):
    return Function([Input("a", (m, k)), Input("b", (k,)), Input("c", (m,))],
                    f"%y = linalg.matvec ins(%a, %b : {tensor(m, k)}, {tensor(k)}) "
                    f"outs(%c : {tensor(m)}) -> {tensor(m)}", (m,))


def vecmat(m, n, k):
    return Function([Input("a", (k,)), Input("b", (k, n)), Input("c", (n,))],
                    f"%y = linalg.vecmat ins(%a, %b : {tensor(k)}, {tensor(k, n)}) "
                    f"outs(%c : {tensor(n)}) -> {tensor(n)}", (n,))


def batch_reduce_matmul(m, n, k):
    return Function([Input("a", (3, m, k)), Input("b", (3, k, n)), Input("c", (m, n))], f"""
    %y = linalg.batch_reduce_matmul ins(%a, %b : {tensor(3, m, k)}, {tensor(3, k, n)})
        outs(%c : {tensor(m, n)}) -> {tensor(m, n)}""", (m, n))


def batch_matvec(m, n, k):
    return Function([Input("a", (n, m, k)), Input("b", (n, k)), Input("c", (n, m))],
                    f"%y = linalg.batch_matvec ins(%a, %b : {tensor(n, m, k)}, {tensor(n, k)}) "
                    f"outs(%c : {tensor(n, m)}) -> {tensor(n, m)}", (n, m))


def batch_vecmat(m, n, k):
    return Function([Input("a", (m, k)), Input("b", (m, k, n)), Input("c", (m, n))],
                    f"%y = linalg.batch_vecmat ins(%a, %b : {tensor(m, k)}, {tensor(m, k, n)}) "
                    f"outs(%c : {tensor(m, n)}) -> {tensor(m, n)}", (m, n))


def dot(m, n, k):
    size = m * n + k
    return Function([Input("a", (size,)), Input("b", (size,)), Input("c", ())],
                    f"%y = linalg.dot ins(%a, %b : {tensor(size)}, {tensor(size)}) "
                    f"outs(%c : {tensor()}) -> {tensor()}", ())


def named_unary(op, interval):
    return Case(f"linalg.{op}", [
        Function([Input("x", s, *interval, first_values(op))], f"""%init = tensor.empty() : {tensor(*s)}
    %y = linalg.{op} ins(%x : {tensor(*s)}) outs(%init : {tensor(*s)}) -> {tensor(*s)}""", s) for s in SHAPES
    ])


def named_binary(op, intervals):
    return Case(f"linalg.{op}", [
        Function([Input("a", s, *intervals[0]), Input("b", s, *intervals[1])], f"""%init = tensor.empty() : {tensor(*s)}
    %y = linalg.{op} ins(%a, %b : {tensor(*s)}, {tensor(*s)}) outs(%init : {tensor(*s)}) -> {tensor(*s)}""", s)
        for s in SHAPES
    ])


def named_select():
    return Case("linalg.select", [
        Function([Input(n, s) for n in "abc"], f"""%zero = arith.constant dense<0.0> : {tensor(*s)}
    %p = arith.cmpf ogt, %a, %zero : {tensor(*s)}
    %init = tensor.empty() : {tensor(*s)}
    %y = linalg.select ins(%p, %b, %c : {tensor(*s, element="i1")}, {tensor(*s)}, {tensor(*s)})
        outs(%init : {tensor(*s)}) -> {tensor(*s)}""", s) for s in SHAPES
    ])


def named_rounding(op):
    return Case(f"linalg.{op}", [
        Function([Input("x", s)], f"""%init = tensor.empty() : {tensor(*s)}
    %t = linalg.{op} ins(%x : {tensor(*s)}) outs(%init : {tensor(*s)}) -> {tensor(*s)}
    %y = arith.mulf %t, %x : {tensor(*s)}""", s) for s in SHAPES
    ])


def elementwise(rows, columns):
    return Function([Input("a", (rows, columns)), Input("b", (columns, rows))], f"""
    %init = tensor.empty() : {tensor(rows, columns)}
    %y = linalg.elementwise kind = #linalg.elementwise_kind<mul>
        indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>]
        ins(%a, %b : {tensor(rows, columns)}, {tensor(columns, rows)})
        outs(%init : {tensor(rows, columns)}) -> {tensor(rows, columns)}""", (rows, columns))


PLANES = [(1, 1), (1, 6), (5, 1), (3, 7), (4, 2)]


def transpose(rows, columns):
    return Function([Input("x", (rows, 2, columns))], f"""%init = tensor.empty() : {tensor(2, columns, rows)}
    %y = linalg.transpose ins(%x : {tensor(rows, 2, columns)}) outs(%init : {tensor(2, columns, rows)})
        permutation = [1, 2, 0]""", (2, columns, rows))


def broadcast(rows, columns):
    return Function([Input("x", (columns,))], f"""%init = tensor.empty() : {tensor(rows, columns)}
    %y = linalg.broadcast ins(%x : {tensor(columns)}) outs(%init : {tensor(rows, columns)}) dimensions = [0]""",
                    (rows, columns))


def reduce(dimension):
    def make(rows, columns):
        result = (columns,) if dimension == 0 else (rows,)
        return Function([Input("x", (rows, columns)), Input("c", result)], f"""%y = linalg.reduce {{ arith.addf }}
        ins(%x : {tensor(rows, columns)}) outs(%c : {tensor(*result)}) dimensions = [{dimension}]""", result)
    return make


def linalg_map(rows, columns):
    return Function([Input("a", (rows, columns)), Input("b", (rows, columns))], f"""
    %init = tensor.empty() : {tensor(rows, columns)}
    %y = linalg.map {{ arith.mulf }} ins(%a, %b : {tensor(rows, columns)}, {tensor(rows, columns)})
        outs(%init : {tensor(rows, columns)})""", (rows, columns))


def fill(rows, columns):
    return Function([Input("x", ())], f"""%scalar = tensor.extract %x[] : tensor<f32>
    %init = tensor.empty() : {tensor(rows, columns)}
    %y = linalg.fill ins(%scalar : f32) outs(%init : {tensor(rows, columns)}) -> {tensor(rows, columns)}""",
                    (rows, columns))


def captured_scalar(rows, columns):
    """A body that reads a scalar from outside, itself an element of an input."""
    body = generic([("a", (rows, columns))], (rows, columns), ["(i, j) -> (i, j)"] * 2, ["parallel"] * 2,
                   "%r = arith.mulf %s0, %scalar : f32")
    return Function([Input("a", (rows, columns)), Input("x", ())],
                    f"%scalar = tensor.extract %x[] : tensor<f32>\n    {body}", (rows, columns))


def outer_product(rows, columns):
    body = generic([("a", (rows,)), ("b", (columns,))], (rows, columns),
                   ["(i, j) -> (i)", "(i, j) -> (j)", "(i, j) -> (i, j)"], ["parallel"] * 2,
                   "%r = arith.mulf %s0, %s1 : f32")
    return Function([Input("a", (rows,)), Input("b", (columns,))], body, (rows, columns))


def initial_value_read(rows, columns):
    """A parallel body that reads the initial value of its result."""
    body = generic([("a", (rows, columns))], (rows, columns), ["(i, j) -> (i, j)"] * 2, ["parallel"] * 2,
                   "%p = arith.mulf %s0, %acc : f32\n        %r = math.tanh %p : f32", init="c")
    return Function([Input("a", (rows, columns)), Input("c", (rows, columns))], body, (rows, columns))


def permuted_sum(rows, columns):
    """A sum over the first dimension of a product with a permuted and a broadcast operand."""
    body = generic([("a", (rows, columns)), ("b", (columns, 2)), ("d", (rows,))], (2, columns),
                   ["(i, j, k) -> (k, i)", "(i, j, k) -> (i, j)", "(i, j, k) -> (k)", "(i, j, k) -> (j, i)"],
                   ["parallel", "parallel", "reduction"],
                   "%e = math.exp %s0 : f32\n        %p = arith.mulf %e, %s1 : f32\n"
                   "        %q = arith.addf %p, %s2 : f32\n        %r = arith.addf %acc, %q : f32", init="zero")
    return Function([Input("a", (rows, columns)), Input("b", (columns, 2)), Input("d", (rows,))],
                    filled("zero", (2, columns)) + "\n    " + body, (2, columns))


def uncovered_sum(rows, columns):
    """A sum in which one addend does not depend on the iterator that is summed over."""
    body = generic([("a", (rows,)), ("b", (columns,))], (rows,),
                   ["(i, j) -> (i)", "(i, j) -> (j)", "(i, j) -> (i)"], ["parallel", "reduction"],
                   "%p = arith.addf %s0, %s1 : f32\n        %r = arith.addf %acc, %p : f32", init="c")
    return Function([Input("a", (rows,)), Input("b", (columns,)), Input("c", (rows,))], body, (rows,))


def extreme(op):
    """The largest or smallest of products, and of an initial value; in some shapes it is the initial value."""
    def make(rows, columns):
        body = generic([("a", (rows, columns)), ("b", (columns,))], (rows,),
                       ["(i, j) -> (i, j)", "(i, j) -> (j)", "(i, j) -> (i)"], ["parallel", "reduction"],
                       f"%p = arith.mulf %s0, %s1 : f32\n        %r = {op} %acc, %p : f32", init="c")
        return Function([Input("a", (rows, columns)), Input("b", (columns,)), Input("c", (rows,))], body, (rows,))
    return make


def reduce_max(rows, columns):
    """Over the first dimension, which no vector runs along."""
    return Function([Input("x", (rows, columns)), Input("c", (columns,))], f"""%y = linalg.reduce {{ arith.maximumf }}
        ins(%x : {tensor(rows, columns)}) outs(%c : {tensor(columns)}) dimensions = [0]""", (columns,))


def two_results(rows, columns):
    """A generic with two results, both of which the loss depends on; and the biased second operand of both."""
    plane, row = tensor(rows, columns), tensor(columns)
    return Function([Input("a", (rows, columns)), Input("b", (columns,))], f"""%init = tensor.empty() : {plane}
    %p, %q = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>,
        affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}}
        ins(%a, %b : {plane}, {row}) outs(%init, %init : {plane}, {plane}) {{
      ^bb0(%s: f32, %t: f32, %o0: f32, %o1: f32):
        %u = arith.addf %s, %t : f32
        %v = math.tanh %u : f32
        %w = arith.mulf %v, %u : f32
        linalg.yield %v, %w : f32, f32
    }} -> ({plane}, {plane})
    %y = arith.mulf %p, %q : {plane}""", (rows, columns))


# --- tensor ---------------------------------------------------------------------------------------------------------

def extract_slice(rows, columns):
    return Function([Input("x", (rows + 2, 2 * columns))], f"""
    %y = tensor.extract_slice %x[1, 0] [{rows}, {columns}] [1, 2] : {tensor(rows + 2, 2 * columns)} to
        {tensor(rows, columns)}""", (rows, columns))


def extract_row(rows, columns):
    """A slice of lower rank at a computed position."""
    return Function([Input("x", (rows, columns))], f"""%last = arith.constant {rows - 1} : index
    %y = tensor.extract_slice %x[%last, 0] [1, {columns}] [1, 1] : {tensor(rows, columns)} to {tensor(columns)}""",
                    (columns,))


def insert_slice(rows, columns):
    return Function([Input("x", (rows, columns)), Input("d", (rows + 2, columns + 1))], f"""
    %y = tensor.insert_slice %x into %d[1, 0] [{rows}, {columns}] [1, 1] : {tensor(rows, columns)} into
        {tensor(rows + 2, columns + 1)}""", (rows + 2, columns + 1))


def expand_shape(rows, columns):
    return Function([Input("x", (rows * columns, 3))], f"""
    %y = tensor.expand_shape %x [[0, 1], [2]] output_shape [{rows}, {columns}, 3] : {tensor(rows * columns, 3)} into
        {tensor(rows, columns, 3)}""", (rows, columns, 3))


def collapse_shape(rows, columns):
    return Function([Input("x", (2, rows, columns))], f"""
    %y = tensor.collapse_shape %x [[0], [1, 2]] : {tensor(2, rows, columns)} into {tensor(2, rows * columns)}""",
                    (2, rows * columns))


def reshape(rows, columns):
    return Function([Input("x", (rows, columns))], f"""
    %shape = arith.constant dense<[{columns}, {rows}]> : tensor<2xi64>
    %y = tensor.reshape %x(%shape) : ({tensor(rows, columns)}, tensor<2xi64>) -> {tensor(columns, rows)}""",
                    (columns, rows))


def pad(rows, columns):
    return Function([Input("x", (rows, columns))], f"""%value = arith.constant 0.5 : f32
    %y = tensor.pad %x low[1, 0] high[0, 2] {{
      ^bb0(%i: index, %j: index):
        tensor.yield %value : f32
    }} : {tensor(rows, columns)} to {tensor(rows + 1, columns + 2)}""", (rows + 1, columns + 2))


def concat(rows, columns):
    return Function([Input("a", (rows, columns)), Input("b", (rows, 2)), Input("c", (rows, 1))], f"""
    %y = tensor.concat dim(1) %a, %b, %c : ({tensor(rows, columns)}, {tensor(rows, 2)}, {tensor(rows, 1)}) ->
        {tensor(rows, columns + 3)}""", (rows, columns + 3))


def cast(rows, columns):
    return Function([Input("x", (rows, columns))], f"""
    %t = tensor.cast %x : {tensor(rows, columns)} to {tensor(rows, columns)}
    %y = arith.mulf %t, %t : {tensor(rows, columns)}""", (rows, columns))


def splat(rows, columns):
    return Function([Input("x", ())], f"""%scalar = tensor.extract %x[] : tensor<f32>
    %square = arith.mulf %scalar, %scalar : f32
    %y = tensor.splat %square : {tensor(rows, columns)}""", (rows, columns))


def elements(rows, columns):
    """extract (one element several times), from_elements and insert, at constant positions."""
    return Function([Input("x", (rows, columns)), Input("d", (3, 1))], f"""%c0 = arith.constant 0 : index
    %i = arith.constant {rows - 1} : index
    %j = arith.constant {columns - 1} : index
    %p = tensor.extract %x[%c0, %j] : {tensor(rows, columns)}
    %k = arith.constant {min(columns - 1, 1)} : index
    %q = tensor.extract %x[%i, %k] : {tensor(rows, columns)}
    %again = tensor.extract %x[%i, %k] : {tensor(rows, columns)}
    %r = arith.mulf %p, %again : f32
    %v = tensor.from_elements %p, %r, %q : {tensor(3, 1)}
    %c1 = arith.constant 1 : index
    %u = tensor.insert %r into %d[%c1, %c0] : {tensor(3, 1)}
    %y = arith.mulf %v, %u : {tensor(3, 1)}""", (3, 1))


def materialize(rows, columns):
    return Function([Input("x", (rows, columns))], f"""%square = arith.mulf %x, %x : {tensor(rows, columns)}
    %empty = tensor.empty() : {tensor(rows, columns)}
    %y = bufferization.materialize_in_destination %square in %empty :
        ({tensor(rows, columns)}, {tensor(rows, columns)}) -> {tensor(rows, columns)}""", (rows, columns))


# --- scf ------------------------------------------------------------------------------------------------------------

def recurrence(time, batch, units):
    """h = softplus(x_t x_0 + ys_{-t} + h u), every h written to ys; the loss reads all of them and the last one again."""
    x, h = tensor(time, batch, units), tensor(batch, units)
    return Function([Input("x", (time, batch, units)), Input("u", (units, units)), Input("h0", (batch, units)),
                     Input("ys0", (time, batch, units))], f"""%c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %n = arith.constant {time} : index
    %top = arith.constant {time - 1} : index
    %one = arith.constant 1.0 : f32
    %last, %all = scf.for %t = %c0 to %n step %c1 iter_args(%h = %h0, %ys = %ys0) -> ({h}, {x}) {{
      %xt = tensor.extract_slice %x[%t, 0, 0] [1, {batch}, {units}] [1, 1, 1] : {x} to {h}
      %x0 = tensor.extract_slice %x[0, 0, 0] [1, {batch}, {units}] [1, 1, 1] : {x} to {h}
      %back = arith.subi %top, %t : index
      %old = tensor.extract_slice %ys[%back, 0, 0] [1, {batch}, {units}] [1, 1, 1] : {x} to {h}
      %empty = tensor.empty() : {h}
      %xx = linalg.mul ins(%xt, %x0 : {h}, {h}) outs(%empty : {h}) -> {h}
      %sum = linalg.add ins(%xx, %old : {h}, {h}) outs(%empty : {h}) -> {h}
      %z = linalg.matmul ins(%h, %u : {h}, {tensor(units, units)}) outs(%sum : {h}) -> {h}
      %new = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
          iterator_types = ["parallel", "parallel"]}} ins(%z : {h}) outs(%h : {h}) {{
        ^bb0(%in: f32, %before: f32):
          %e = math.exp %in : f32
          %d = arith.addf %e, %one : f32
          %s = math.log %d : f32
          linalg.yield %s : f32
      }} -> {h}
      %ys1 = tensor.insert_slice %new into %ys[%t, 0, 0] [1, {batch}, {units}] [1, 1, 1] : {h} into {x}
      scf.yield %new, %ys1 : {h}, {x}
    }}
    %init = tensor.empty() : {x}
    %wide = linalg.broadcast ins(%last : {h}) outs(%init : {x}) dimensions = [0]
    %y = arith.mulf %all, %wide : {x}""", (time, batch, units))


def backward_loop(time, batch, units):
    """A loop with a lower bound and a step, that reads its input from the end and carries a scalar too."""
    x, rows = tensor(time, units), tensor(time + 1, units)
    return Function([Input("x", (time, units)), Input("s", ()), Input("out0", (time + 1, units))], f"""%lower = arith.constant 2 : index
    %step = arith.constant 3 : index
    %upper = arith.constant {2 + 3 * time} : index
    %first = tensor.extract %s[] : tensor<f32>
    %c2 = arith.constant 2 : index
    %c0 = arith.constant 0 : index
    %top = arith.constant {time - 1} : index
    %out, %unused = scf.for %t = %lower to %upper step %step iter_args(%o = %out0, %a = %first) -> ({rows}, f32) {{
      %k = arith.subi %t, %c2 : index
      %q = arith.divui %k, %step : index
      %r = arith.subi %top, %q : index
      %row = tensor.extract_slice %x[%r, 0] [1, {units}] [1, 1] : {x} to {tensor(units)}
      %e = tensor.extract %x[%r, %c0] : {x}
      %p = arith.mulf %a, %e : f32
      %b = math.sin %p : f32
      %place = tensor.extract_slice %o[%q, 0] [1, {units}] [1, 1] : {rows} to {tensor(units)}
      %scaled = linalg.generic {{indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
          iterator_types = ["parallel"]}} ins(%row : {tensor(units)}) outs(%place : {tensor(units)}) {{
        ^bb0(%in: f32, %old: f32):
          %m = arith.mulf %in, %b : f32
          linalg.yield %m : f32
      }} -> {tensor(units)}
      %o1 = tensor.insert_slice %scaled into %o[%q, 0] [1, {units}] [1, 1] : {tensor(units)} into {rows}
      scf.yield %o1, %b : {rows}, f32
    }}
    %y = arith.mulf %out, %out : {rows}""", (time + 1, units))


def nested_loops(outer, inner, units):
    """y = y * sin(y + x_t x_0), twice nested: the inner loop keeps its values within a backward outer iteration."""
    v, x = tensor(units), tensor(outer, units)
    return Function([Input("x", (outer, units)), Input("v", (units,))], f"""%c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %no = arith.constant {outer} : index
    %ni = arith.constant {inner} : index
    %y = scf.for %t = %c0 to %no step %c1 iter_args(%p = %v) -> ({v}) {{
      %x0 = tensor.extract_slice %x[0, 0] [1, {units}] [1, 1] : {x} to {v}
      %xn = tensor.extract_slice %x[%t, 0] [1, {units}] [1, 1] : {x} to {v}
      %xt = arith.mulf %x0, %xn : {v}
      %q = scf.for %k = %c0 to %ni step %c1 iter_args(%r = %p) -> ({v}) {{
        %s = linalg.generic {{indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
            iterator_types = ["parallel"]}} ins(%xt : {v}) outs(%r : {v}) {{
          ^bb0(%a: f32, %b: f32):
            %sum = arith.addf %a, %b : f32
            %sin = math.sin %sum : f32
            %m = arith.mulf %sin, %b : f32
            linalg.yield %m : f32
        }} -> {v}
        scf.yield %s : {v}
      }}
      scf.yield %q : {v}
    }}""", (units,))


def branch_in_body(rows, columns):
    """A branch on an element, whose sides read other elements; one side yields what it captures, and zero."""
    body = generic([("a", (rows, columns)), ("b", (columns,))], (rows, columns),
                   ["(i, j) -> (i, j)", "(i, j) -> (j)", "(i, j) -> (i, j)"], ["parallel"] * 2,
                   """%zero = arith.constant 0.0 : f32
        %p = arith.cmpf ogt, %s0, %zero : f32
        %u, %v = scf.if %p -> (f32, f32) {
          %e = math.exp %s0 : f32
          %m = arith.mulf %e, %s1 : f32
          scf.yield %m, %e : f32, f32
        } else {
          scf.yield %s1, %zero : f32, f32
        }
        %w = arith.addf %v, %s0 : f32
        %r = arith.mulf %u, %w : f32""")
    return Function([Input("a", (rows, columns)), Input("b", (columns,))], body, (rows, columns))


def branch(rows, columns):
    """A branch on a scalar, one inside the other; both sides are taken, each in some of the shapes."""
    sign = -1.0 if columns == 1 else 1.0
    return Function([Input("a", ()), Input("b", ()), Input("x", (rows, columns))], f"""
    %s = tensor.extract %a[] : tensor<f32>
    %t = tensor.extract %b[] : tensor<f32>
    %zero = arith.constant 0.0 : f32
    %limit = arith.constant {10.0 * sign} : f32
    %q = arith.cmpf olt, %s, %limit : f32
    %u = scf.if %q -> (f32) {{
      %m = arith.mulf %s, %t : f32
      %r = arith.cmpf olt, %m, %zero : f32
      %n = scf.if %r -> (f32) {{
        %k = math.sin %m : f32
        scf.yield %k : f32
      }} else {{
        scf.yield %t : f32
      }}
      scf.yield %n : f32
    }} else {{
      %m = arith.subf %t, %s : f32
      %n = arith.mulf %m, %m : f32
      scf.yield %n : f32
    }}
    %wide = tensor.splat %u : {tensor(rows, columns)}
    %y = arith.mulf %wide, %x : {tensor(rows, columns)}""", (rows, columns))


LOOP_SIZES = [(2, 1, 1), (3, 3, 5), (4, 2, 3), (5, 2, 1), (7, 3, 4)]
# One iteration carries nothing on: the gradient of a recurrence adds and copies zeros here.
ONE_ITERATION = [(1, 1, 1), (1, 1, 4), (1, 3, 5), (1, 2, 3), (1, 5, 2)]


def all_cases():
    yield from (unary_on_tensors(op, interval) for op, interval in UNARY.items())
    yield from (unary_on_tensors(op, interval, fast=False) for op, interval in UNARY_REFERENCE.items())
    yield binary_on_tensors("math.atan2", ((-1.5, 1.5), KEEP_POSITIVE), fast=False)
    yield from (rounding(f"math.{op}") for op in ["floor", "ceil", "round", "roundeven", "trunc"])
    for op, intervals in BINARY.items():
        yield binary_on_tensors(op, intervals)
        yield binary_in_body(op, intervals)
    yield from [fma(), select(), conversions()]
    yield case_of("linalg.matmul", matmul, MATMUL_SIZES)
    yield case_of("linalg.matmul-ta", matmul_transposed(True, False), MATMUL_SIZES)
    yield case_of("linalg.matmul-tb", matmul_transposed(False, True), MATMUL_SIZES)
    for make in [batch_matmul, batch_reduce_matmul, contract, matvec, vecmat, batch_matvec, batch_vecmat, dot]:
        yield case_of(f"linalg.{make.__name__}", make, MATMUL_SIZES)
    for op, interval in {"abs": (-1.5, 1.5), "erf": (-1.5, 1.5), "exp": (-1.5, 1.5), "log": KEEP_POSITIVE,
                         "negf": (-1.5, 1.5), "reciprocal": NONZERO, "rsqrt": KEEP_POSITIVE, "sqrt": KEEP_POSITIVE,
                         "square": (-1.5, 1.5), "tanh": (-1.5, 1.5), "copy": (-1.5, 1.5)}.items():
        yield named_unary(op, interval)
    for op, intervals in {"add": BINARY["arith.addf"], "sub": BINARY["arith.subf"], "mul": BINARY["arith.mulf"],
                          "div": BINARY["arith.divf"], "max": BINARY["arith.maximumf"],
                          "min": BINARY["arith.minimumf"], "powf": BINARY["math.powf"]}.items():
        yield named_binary(op, intervals)
    yield from [named_select(), named_rounding("floor"), named_rounding("ceil"), named_rounding("round")]
    for make in [elementwise, transpose, broadcast, fill]:
        yield case_of(f"linalg.{make.__name__}", make, PLANES)
    yield case_of("linalg.map", linalg_map, PLANES)
    yield case_of("linalg.reduce-0", reduce(0), PLANES)
    yield case_of("linalg.reduce-1", reduce(1), PLANES)
    yield case_of("linalg.reduce-maximum", reduce_max, PLANES)
    for op in ["maximumf", "minimumf", "maxnumf", "minnumf"]:
        yield case_of(f"linalg.generic-{op}", extreme(f"arith.{op}"), PLANES)
    for make in [captured_scalar, outer_product, initial_value_read, permuted_sum, uncovered_sum, two_results]:
        yield case_of(f"linalg.generic-{make.__name__}", make, PLANES)
    for make in [extract_slice, extract_row, insert_slice, expand_shape, collapse_shape, reshape, pad, concat, cast,
                 splat, materialize]:
        yield case_of(f"tensor.{make.__name__}", make, PLANES)
    yield case_of("tensor.elements", elements, PLANES + [(1, 2)])
    for make in [branch, branch_in_body]:
        yield case_of(f"scf.if-{make.__name__}", make, PLANES)
    for make in [recurrence, backward_loop, nested_loops]:
        yield case_of(f"scf.for-{make.__name__}", make, LOOP_SIZES)
        yield Case(f"scf.for-{make.__name__}-once", [make(*size) for size in ONE_ITERATION], make is not recurrence)
