// What no product can do is refused at the product, before any code is made.
// RUN: nnc-opt %s --nn-lower-contractions=march=x86-64-v3 --split-input-file --verify-diagnostics

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>

func.func @f(%a: memref<20x96xf32>, %b: memref<96x48xf32>, %c: memref<20x48xf32>) {
  // expected-error@+1 {{nn.schedule is not a dictionary: 7}}
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<20x96xf32>, memref<96x48xf32>) outs(%c : memref<20x48xf32>)
      attrs = {nn.schedule = 7} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  }
  return
}

// -----

func.func @f(%a: memref<20x96xf32>, %b: memref<96x48xf32>, %c: memref<20x48xf32>) {
  // expected-error@+1 {{nn.schedule has no known "speed"}}
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                    affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<20x96xf32>, memref<96x48xf32>) outs(%c : memref<20x48xf32>)
      attrs = {nn.schedule = {speed = 2}} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  }
  return
}

// -----

func.func @f(%a: memref<20x96xf32>, %b: memref<96x48xf32>, %c: memref<20x48xf32>) {
  // expected-error@+1 {{nn.schedule has no known "tile"}}
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                    affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<20x96xf32>, memref<96x48xf32>) outs(%c : memref<20x48xf32>)
      attrs = {nn.schedule = {tile = [6, 2]}} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  }
  return
}

// -----

func.func @f(%a: memref<20x96xf32>, %b: memref<96x48xf32>, %c: memref<20x48xf32>) {
  // expected-error@+1 {{nn.schedule has no known "panels": "lanes"}}
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                    affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<20x96xf32>, memref<96x48xf32>) outs(%c : memref<20x48xf32>)
      attrs = {nn.schedule = {panels = "lanes"}} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  }
  return
}

// -----

func.func @f(%a: memref<20x96xf32>, %b: memref<96x48xf32>, %c: memref<20x48xf32>) {
  // expected-error@+1 {{a tile of 6 rows and 3 vectors does not fit into 16 registers}}
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                    affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<20x96xf32>, memref<96x48xf32>) outs(%c : memref<20x48xf32>)
      attrs = {nn.schedule = {tile = array<i64: 6, 3>}} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  }
  return
}

// -----

func.func @f(%a: memref<20x96xf32>, %b: memref<96x48xf32>, %c: memref<20x48xf32>) {
  // expected-error@+1 {{a tile of 0 rows and 1 vectors does not fit}}
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                    affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<20x96xf32>, memref<96x48xf32>) outs(%c : memref<20x48xf32>)
      attrs = {nn.schedule = {tile = array<i64: 0, 1>}} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  }
  return
}

// -----

func.func @f(%a: memref<20x96xf32>, %b: memref<96x48xf32>, %c: memref<20x48xf32>) {
  // expected-error@+1 {{squares are transposed in registers where b lies along the sum}}
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                    affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<20x96xf32>, memref<96x48xf32>) outs(%c : memref<20x48xf32>)
      attrs = {nn.schedule = {panels = "transposed"}} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  }
  return
}

// -----

func.func @f(%a: memref<20x96xf32>, %b: memref<96x48xf32>, %c: memref<20x48xf32>) {
  // expected-error@+1 {{a block of 30 terms is neither the sum of 96 nor a part of it in multiples of 4}}
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                    affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<20x96xf32>, memref<96x48xf32>) outs(%c : memref<20x48xf32>)
      attrs = {nn.schedule = {panels = "per_task", block_sums = 30}} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  }
  return
}

// -----

func.func @f(%a: memref<20x96xf32>, %b: memref<96x48xf32>, %c: memref<20x48xf32>) {
  // expected-error@+1 {{blocks of the sum go with panels of b, or b streamed, and blocks of a with panels}}
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                    affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<20x96xf32>, memref<96x48xf32>) outs(%c : memref<20x48xf32>)
      attrs = {nn.schedule = {panels = "in_place", block_sums = 32}} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  }
  return
}

// -----

func.func @f(%a: memref<20x96xf32>, %b: memref<48x96xf32>, %c: memref<20x48xf32>) {
  // expected-error@+1 {{b is streamed where its columns lie side by side}}
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>,
                                    affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<20x96xf32>, memref<48x96xf32>) outs(%c : memref<20x48xf32>)
      attrs = {nn.schedule = {panels = "streamed"}} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  }
  return
}

// -----

func.func @f(%a: memref<20x96xf32>, %b: memref<96x48xf32>, %c: memref<20x48xf32>) {
  // expected-error@+1 {{tiles go row by row where b is read in place}}
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                    affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<20x96xf32>, memref<96x48xf32>) outs(%c : memref<20x48xf32>)
      attrs = {nn.schedule = {panels = "shared", by_rows = true}} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  }
  return
}

// -----

func.func @f(%a: memref<20x96xf32>, %b: memref<96x48xf32>, %c: memref<20x48xf32>) {
  // expected-error@+1 {{a is copied tile by tile where its columns are contiguous}}
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                    affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<20x96xf32>, memref<96x48xf32>) outs(%c : memref<20x48xf32>)
      attrs = {nn.schedule = {panels = "per_task", block_of_a = "tile_major"}} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  }
  return
}

// -----

func.func @f(%a: memref<20x96xf32>, %b: memref<96x48xf32>, %c: memref<20x48xf32>) {
  // expected-error@+1 {{5 x 1 tasks have no tiles each: there are 4 x 3}}
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                    affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<20x96xf32>, memref<96x48xf32>) outs(%c : memref<20x48xf32>)
      attrs = {nn.schedule = {tile = array<i64: 6, 2>, tasks = array<i64: 5, 1>}} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  }
  return
}

// -----

// Inside a parallel loop there is one task.
func.func @f(%a: memref<20x96xf32>, %b: memref<96x48xf32>, %c: memref<20x48xf32>) {
  scf.forall (%t) in (2) {
  // expected-error@+1 {{inside a parallel loop all is one task}}
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                    affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<20x96xf32>, memref<96x48xf32>) outs(%c : memref<20x48xf32>)
      attrs = {nn.schedule = {tasks = array<i64: 2, 1>}} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  }
  }
  return
}

// -----

// One row of a matrix that lies along the sum has another order of sums, which no schedule changes.
func.func @f(%a: memref<1x96xf32>, %b: memref<48x96xf32>, %c: memref<1x48xf32>) {
  // expected-error@+1 {{takes no schedule: its order of sums depends on it}}
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>,
                                    affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<1x96xf32>, memref<48x96xf32>) outs(%c : memref<1x48xf32>)
      attrs = {nn.schedule = {tile = array<i64: 1, 1>}} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  }
  return
}

// -----

// Not a product.
func.func @f(%a: memref<20x48xf32>, %b: memref<20x48xf32>, %c: memref<20x48xf32>) {
  // expected-error@+1 {{nn.schedule is for matrix products that register tiles take}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>,
                                    affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : memref<20x48xf32>, memref<20x48xf32>) outs(%c : memref<20x48xf32>)
      attrs = {nn.schedule = {}} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.addf %x, %y : f32
      linalg.yield %p : f32
  }
  return
}
