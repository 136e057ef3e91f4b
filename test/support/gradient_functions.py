"""Gradient checks as functions: MLIR text around one op, whose result is weighted by an input and summed to a loss.

The text is in the form of the `params` phase, so it may use any op of any dialect, static shapes and no batch.
"""

import dataclasses


def tensor(*shape, element="f32"):
    return f"tensor<{''.join(f'{size}x' for size in shape)}{element}>"


@dataclasses.dataclass
class Input:
    """A float input: a name, a shape and the interval that its values are drawn from."""

    name: str
    shape: tuple
    low: float = -1.5
    high: float = 1.5
    # The first elements' values, where a certain point matters.
    first: tuple = ()

    @property
    def type(self):
        return tensor(*self.shape)


@dataclasses.dataclass
class Function:
    """One shape of a case. `body` computes `%y` of shape `result` from `%name` of each input."""

    inputs: list
    body: str
    result: tuple


@dataclasses.dataclass
class Case:
    """One op (or form of an op) in several shapes: a module with one entry for each, NAME.0 and so on."""

    name: str
    functions: list
    # Whether to break the adjoints: not where their general form has parts that these shapes cannot reach.
    mutants: bool = True
    # Whether there is a fast path.
    fast: bool = True

    @property
    def shapes(self):
        return len(self.functions)

    @property
    def programs(self):
        """Text and compile options of each program that the case is made of."""
        functions = "".join(function_text(f"{self.name}.{i}", f) for i, f in enumerate(self.functions))
        yield f'module attributes {{nn.phase = "params"}} {{{functions}\n}}\n', {"batch": 1, "entries": "gradient"}

    def draw(self, entry, name, shape, rng):
        """Values for an input."""
        function = self.functions[int(entry.rsplit(".", 1)[1])]
        given = next((i for i in function.inputs if i.name == name), Input(name, shape))
        values = rng.uniform(given.low, given.high, shape)
        if values.size > len(given.first):
            values.flat[: len(given.first)] = given.first
        return values

    def fixed(self, entry, name):
        """Values for an input or a parameter that are not drawn; none where they are."""
        return None

    def has_mutants(self, entry):
        return self.mutants

    def settings(self, entry):
        """Further inputs of the entry."""
        return {}


def weighted_sum(result):
    """%loss, the sum of %y times %weight."""
    rank = len(result)
    dims = ", ".join(f"d{i}" for i in range(rank))
    return f"""
    %loss.zero = arith.constant 0.0 : f32
    %loss.empty = tensor.empty() : tensor<f32>
    %loss.init = linalg.fill ins(%loss.zero : f32) outs(%loss.empty : tensor<f32>) -> tensor<f32>
    %loss = linalg.generic {{
        indexing_maps = [affine_map<({dims}) -> ({dims})>, affine_map<({dims}) -> ({dims})>, affine_map<({dims}) -> ()>],
        iterator_types = [{", ".join(['"reduction"'] * rank)}]}}
        ins(%y, %weight : {tensor(*result)}, {tensor(*result)}) outs(%loss.init : tensor<f32>) {{
      ^bb0(%in: f32, %w: f32, %sum: f32):
        %product = arith.mulf %in, %w : f32
        %next = arith.addf %sum, %product : f32
        linalg.yield %next : f32
    }} -> tensor<f32>"""


def function_text(name, function):
    inputs = function.inputs + [Input("weight", function.result)]
    arguments = ", ".join(f'%{i.name}: {i.type} {{nn.input = "{i.name}", nn.input_role = "data"}}' for i in inputs)
    results = ", ".join(
        ['tensor<f32> {nn.output = "loss", nn.output_role = "loss"}']
        + [f'{i.type} {{nn.output = "{i.name}", nn.output_role = "gradient"}}' for i in inputs]
    )
    values = ", ".join(f"%{i.name}" for i in inputs)
    types = ", ".join(i.type for i in inputs)
    grads = ", ".join(f"%grad.{i.name}" for i in inputs)
    return f"""
  func.func @"{name}"({arguments}) -> ({results})
      attributes {{nn.entry = "gradient", nn.symbol = "{name}", nn.batch = 1 : i64}} {{
    {function.body.strip()}{weighted_sum(function.result)}
    {grads} = nn.gradient %loss wrt ({values}) : tensor<f32>, {types} -> {types}
    return %loss, {grads} : tensor<f32>, {types}
  }}"""

