"""Chains of operations on rows, with --nn-fuse-rows and without it: the same bits."""

import sys

import numpy as np
from kernels import compile_functions, tile

# The last dimension is the row; the others number the rows.
SHAPES = [(64, 4000), (67, 2503), (128, 1000), (1024, 130), (997, 257), (72, 7777)]
SHAPES += [(4, 33, 1500), (7, 13, 2001), (2, 3, 16, 999)]
TYPES = {"f32": np.float32, "f64": np.float64}

# What stands for exp: long enough to be worth storing.
CURVE = "\n".join(
    f"      %p{k} = arith.mulf %q{k - 1}, %d : {{t}}\n      %q{k} = arith.addf %p{k}, %half : {{t}}"
    for k in range(1, 11)
).replace("%q0", "%half")

FUNCTION = """
func.func @{name}(%source: memref<{x}x{t}>, %label: memref<{r}xi32>, %target: memref<{x}x{t}>, %valid: memref<i64>,
    %gradient: memref<{x}x{t}>, %other: memref<{x}x{t}>, %mean: memref<{t}>, %hits: memref<{r}xi32>) {{
  %zero = arith.constant 0.0 : {t}
  %half = arith.constant 0.5 : {t}
  %one = arith.constant 1.0 : {t}
  %low = arith.constant -1.0e30 : {t}
  %none = arith.constant {classes} : i32
  %x = memref.alloc() : memref<{x}x{t}>
  memref.copy %source, %x : memref<{x}x{t}> to memref<{x}x{t}>
  // Ends a piece of the block: what follows reads x, but does not make it.
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %c1 step %c1 {{
    memref.store %zero, %mean[] : memref<{t}>
  }}
  %max = memref.alloc() : memref<{r}x{t}>
  linalg.fill ins(%low : {t}) outs(%max : memref<{r}x{t}>)
  linalg.generic {{indexing_maps = [#all{k}, #row{k}], iterator_types = [{row}, "reduction"]}}
      ins(%x : memref<{x}x{t}>) outs(%max : memref<{r}x{t}>) {{
    ^bb0(%a: {t}, %m: {t}):
      %n = arith.maximumf %a, %m : {t}
      linalg.yield %n : {t}
  }}
  %sum = memref.alloc() : memref<{r}x{t}>
  linalg.fill ins(%zero : {t}) outs(%sum : memref<{r}x{t}>)
  linalg.generic {{indexing_maps = [#all{k}, #row{k}, #row{k}], iterator_types = [{row}, "reduction"]}}
      ins(%x, %max : memref<{x}x{t}>, memref<{r}x{t}>) outs(%sum : memref<{r}x{t}>) {{
    ^bb0(%a: {t}, %m: {t}, %s: {t}):
      %d = arith.subf %a, %m : {t}
{curve}
      %n = arith.addf %s, %q10 : {t}
      linalg.yield %n : {t}
  }}
  %chosen = memref.alloc() : memref<{r}x{t}>
  linalg.fill ins(%zero : {t}) outs(%chosen : memref<{r}x{t}>)
  linalg.generic {{indexing_maps = [#all{k}, #row{k}, #row{k}, #row{k}], iterator_types = [{row}, "reduction"]}}
      ins(%x, %label, %max : memref<{x}x{t}>, memref<{r}xi32>, memref<{r}x{t}>) outs(%chosen : memref<{r}x{t}>) {{
    ^bb0(%a: {t}, %l: i32, %m: {t}, %s: {t}):
      %d = arith.subf %a, %m : {t}
      %j = linalg.index {last} : index
      %i = arith.index_cast %j : index to i32
      %is = arith.cmpi eq, %i, %l : i32
      %v = arith.select %is, %d, %zero : {t}
      %n = arith.addf %s, %v : {t}
      linalg.yield %n : {t}
  }}
  %loss = memref.alloc() : memref<{r}x{t}>
  linalg.generic {{indexing_maps = [#rows{k}, #rows{k}, #rows{k}], iterator_types = [{row}]}}
      ins(%sum, %chosen : memref<{r}x{t}>, memref<{r}x{t}>) outs(%loss : memref<{r}x{t}>) {{
    ^bb0(%s: {t}, %c: {t}, %o: {t}):
      %n = arith.divf %c, %s : {t}
      linalg.yield %n : {t}
  }}
  linalg.generic {{indexing_maps = [#rows{k}, #scalar{k}, #scalar{k}], iterator_types = [{sums}]}}
      ins(%loss, %valid : memref<{r}x{t}>, memref<i64>) outs(%mean : memref<{t}>) {{
    ^bb0(%l: {t}, %v: i64, %s: {t}):
      %b = linalg.index 0 : index
      %i = arith.index_cast %b : index to i64
      %is = arith.cmpi slt, %i, %v : i64
      %c = arith.select %is, %l, %zero : {t}
      %n = arith.addf %s, %c : {t}
      linalg.yield %n : {t}
  }}
  linalg.fill ins(%none : i32) outs(%hits : memref<{r}xi32>)
  linalg.generic {{indexing_maps = [#all{k}, #row{k}, #row{k}], iterator_types = [{row}, "reduction"]}}
      ins(%x, %max : memref<{x}x{t}>, memref<{r}x{t}>) outs(%hits : memref<{r}xi32>) {{
    ^bb0(%a: {t}, %m: {t}, %s: i32):
      %j = linalg.index {last} : index
      %i = arith.index_cast %j : index to i32
      %is = arith.cmpf oeq, %a, %m : {t}
      %v = arith.select %is, %i, %none : i32
      %n = arith.minsi %s, %v : i32
      linalg.yield %n : i32
  }}
  %slope = memref.alloc() : memref<{x}x{t}>
  linalg.generic {{indexing_maps = [#all{k}, #row{k}, #row{k}, #row{k}, #nothing{k}, #all{k}],
                  iterator_types = [{row}, "parallel"]}}
      ins(%x, %label, %max, %sum, %valid : memref<{x}x{t}>, memref<{r}xi32>, memref<{r}x{t}>, memref<{r}x{t}>, memref<i64>)
      outs(%slope : memref<{x}x{t}>) {{
    ^bb0(%a: {t}, %l: i32, %m: {t}, %s: {t}, %v: i64, %o: {t}):
      %d = arith.subf %a, %m : {t}
{curve}
      %n = arith.divf %q10, %s : {t}
      %j = linalg.index {last} : index
      %i = arith.index_cast %j : index to i32
      %is = arith.cmpi eq, %i, %l : i32
      %hit = arith.select %is, %one, %zero : {t}
      %g = arith.subf %n, %hit : {t}
      %b = linalg.index 0 : index
      %sample = arith.index_cast %b : index to i64
      %counts = arith.cmpi slt, %sample, %v : i64
      %h = arith.select %counts, %g, %zero : {t}
      linalg.yield %h : {t}
  }}
  // A dense target, and what only the loop sees.
  %error = memref.alloc() : memref<{x}x{t}>
  linalg.generic {{indexing_maps = [#all{k}, #all{k}, #all{k}], iterator_types = [{row}, "parallel"]}}
      ins(%slope, %target : memref<{x}x{t}>, memref<{x}x{t}>) outs(%error : memref<{x}x{t}>) {{
    ^bb0(%a: {t}, %b: {t}, %o: {t}):
      %n = arith.mulf %a, %b : {t}
      linalg.yield %n : {t}
  }}
  %dot = memref.alloc() : memref<{r}x{t}>
  linalg.fill ins(%zero : {t}) outs(%dot : memref<{r}x{t}>)
  linalg.generic {{indexing_maps = [#all{k}, #row{k}], iterator_types = [{row}, "reduction"]}}
      ins(%error : memref<{x}x{t}>) outs(%dot : memref<{r}x{t}>) {{
    ^bb0(%a: {t}, %s: {t}):
      %n = arith.addf %s, %a : {t}
      linalg.yield %n : {t}
  }}
  linalg.generic {{indexing_maps = [#all{k}, #row{k}, #all{k}], iterator_types = [{row}, "parallel"]}}
      ins(%error, %dot : memref<{x}x{t}>, memref<{r}x{t}>) outs(%other : memref<{x}x{t}>) {{
    ^bb0(%a: {t}, %s: {t}, %o: {t}):
      %n = arith.subf %a, %s : {t}
      linalg.yield %n : {t}
  }}
  scf.for %i = %c0 to %c1 step %c1 {{
  }}
  memref.copy %slope, %gradient : memref<{x}x{t}> to memref<{x}x{t}>
  return
}}
"""


def maps(rank):
    loops = [f"d{i}" for i in range(rank)]
    every, rows = ", ".join(loops), ", ".join(loops[:-1])
    return f"""
#all{rank} = affine_map<({every}) -> ({every})>
#row{rank} = affine_map<({every}) -> ({rows})>
#nothing{rank} = affine_map<({every}) -> ()>
#rows{rank} = affine_map<({rows}) -> ({rows})>
#scalar{rank} = affine_map<({rows}) -> ()>
"""


def write(shape, element):
    rows = len(shape) - 1
    return FUNCTION.format(
        name=name_of(shape, element),
        x="x".join(map(str, shape)),
        r="x".join(map(str, shape[:-1])),
        t=element,
        k=len(shape),
        last=rows,
        classes=shape[-1],
        row=", ".join(['"parallel"'] * rows),
        sums=", ".join(['"reduction"'] * rows),
        curve=CURVE.format(t=element),
    )


def name_of(shape, element):
    return "rows_" + "x".join(map(str, shape)) + "_" + element


def call(functions, shape, element, arrays):
    outputs = [np.zeros(shape, TYPES[element]), np.zeros(shape, TYPES[element]), np.zeros((), TYPES[element])]
    outputs.append(np.zeros(shape[:-1], np.int32))
    getattr(functions, name_of(shape, element))(*arrays, *outputs)
    return outputs


def main(march):
    text = "".join(maps(rank) for rank in (2, 3, 4)) + "".join(write(shape, t) for shape in SHAPES for t in TYPES)
    loops = {without: tile(text, march, without).count(b"scf.forall") for without in ((), ("nn-fuse-rows",))}
    fused, apart = loops.values()
    # The copies, and one loop for all that is between them.
    assert fused < apart / 2, f"{fused} parallel loops, {apart} without the pass"
    together, one_by_one = compile_functions(text, march), compile_functions(text, march, without=("nn-fuse-rows",))
    rng = np.random.default_rng(0)
    for shape in SHAPES:
        for element, dtype in TYPES.items():
            x, target = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
            x[..., 5] = -0.0
            label = rng.integers(0, shape[-1], shape[:-1]).astype(np.int32)
            arrays = x, label, target, np.array(shape[0] - 1, np.int64)
            expected, found = call(one_by_one, shape, element, arrays), call(together, shape, element, arrays)
            assert np.array_equal(expected[3], x.argmax(-1)), (shape, element, "the largest of each row")
            for which, a, b in zip(("gradient", "other", "mean", "hits"), expected, found):
                assert a.tobytes() == b.tobytes(), (shape, element, which)
    print(f"{len(SHAPES)} shapes for {march}: bit-identical")


if __name__ == "__main__":
    main(sys.argv[1])
