// RUN: nnc-opt %s --nn-vectorize-generics=march=x86-64-v3 --canonicalize --cse --split-input-file --verify-diagnostics | FileCheck %s

// Contiguous loops become one, and a vector of what is left over ends it: 5 * 13 = 2 * 32 + 1.
// CHECK-LABEL: func @elementwise
// CHECK: memref.collapse_shape
// CHECK: scf.for %{{.*}} = %c0 to %c64 step %c32
// CHECK: vector.load %{{.*}} : memref<65xf32>, vector<32xf32>
// CHECK: vector.load %{{.*}}[%c64] : memref<65xf32>, vector<1xf32>
// CHECK-NOT: linalg
func.func @elementwise(%a: memref<5x13xf32>, %b: memref<5x13xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<5x13xf32>) outs(%b : memref<5x13xf32>) {
    ^bb0(%x: f32, %out: f32):
      %y = arith.addf %x, %x : f32
      linalg.yield %y : f32
  }
  return
}

// -----

// Sums along contiguous memory keep 16 lanes on every processor, the rest goes into the first lanes, halves are added.
// CHECK-LABEL: func @row_sums
// CHECK: %[[neutral:.*]] = arith.constant dense<-0.000000e+00> : vector<16xf32>
// CHECK: %[[lanes:.*]] = scf.for {{.*}} step %c16 iter_args(%{{.*}} = %[[neutral]]) -> (vector<16xf32>)
// CHECK: %[[first:.*]] = vector.extract_strided_slice %[[lanes]] {offsets = [0], sizes = [5]
// CHECK: %[[rest:.*]] = arith.addf %[[first]],
// CHECK: %[[all:.*]] = vector.insert_strided_slice %[[rest]], %[[lanes]]
// CHECK: vector.extract_strided_slice %[[all]] {offsets = [8]
// CHECK: arith.addf {{.*}} : vector<8xf32>
// CHECK: arith.addf {{.*}} : vector<4xf32>
// CHECK: arith.addf {{.*}} : vector<2xf32>
// CHECK: arith.addf {{.*}} : vector<1xf32>
func.func @row_sums(%a: memref<4x37xf32>, %b: memref<4xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%a : memref<4x37xf32>) outs(%b : memref<4xf32>) {
    ^bb0(%x: f32, %sum: f32):
      %y = arith.addf %sum, %x : f32
      linalg.yield %y : f32
  }
  return
}

// -----

// Scalar products of rows are such sums too, an FMA a term.
// CHECK-LABEL: func @scalar_products
// CHECK: scf.for {{.*}} step %c16 iter_args({{.*}}) -> (vector<16xf32>)
// CHECK: math.fma {{.*}} : vector<16xf32>
// CHECK: math.fma {{.*}} : vector<5xf32>
// CHECK: arith.addf {{.*}} : vector<8xf32>
func.func @scalar_products(%a: memref<4x37xf32>, %b: memref<4x37xf32>, %c: memref<4xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%a, %b : memref<4x37xf32>, memref<4x37xf32>) outs(%c : memref<4xf32>) {
    ^bb0(%x: f32, %y: f32, %sum: f32):
      %z = math.fma %x, %y, %sum : f32
      linalg.yield %z : f32
  }
  return
}

// -----

// The sums of a matrix product that nothing else has taken stay chains.
// CHECK-LABEL: func @product
// CHECK-NOT: vector<16xf32>
// CHECK: scf.for {{.*}} to %c37 step %c1 iter_args({{.*}}) -> (vector<4xf32>)
// CHECK: math.fma {{.*}} : vector<4xf32>
// CHECK: return
func.func @product(%a: memref<4x37xf32>, %b: memref<37xf32>, %c: memref<4xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%a, %b : memref<4x37xf32>, memref<37xf32>) outs(%c : memref<4xf32>) {
    ^bb0(%x: f32, %y: f32, %sum: f32):
      %z = math.fma %x, %y, %sum : f32
      linalg.yield %z : f32
  }
  return
}

// -----

// However many operands lie along the rows: they are read once a row.
// CHECK-LABEL: func @chosen_of_rows
// CHECK: scf.for {{.*}} step %c16 iter_args({{.*}}) -> (vector<16xf32>)
// CHECK: vector.load %arg0
// CHECK-NOT: vector.load %arg
// CHECK: return
func.func @chosen_of_rows(%a: memref<48x37xf32>, %which: memref<48xi32>, %max: memref<48xf32>, %b: memref<48xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i)>,
                                   affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%a, %which, %max : memref<48x37xf32>, memref<48xi32>, memref<48xf32>) outs(%b : memref<48xf32>) {
    ^bb0(%x: f32, %w: i32, %m: f32, %sum: f32):
      %j = linalg.index 1 : index
      %k = arith.index_cast %j : index to i32
      %is = arith.cmpi eq, %k, %w : i32
      %d = arith.subf %x, %m : f32
      %v = arith.select %is, %d, %zero : f32
      %y = arith.addf %sum, %v : f32
      linalg.yield %y : f32
  }
  return
}

// -----

// Sums over other loops go in their order, several columns at once.
// CHECK-LABEL: func @column_sums
// CHECK: scf.for %{{.*}} = %c0 to %c100 step %c1 iter_args({{.*}}) -> (vector<64xf32>)
func.func @column_sums(%a: memref<100x64xf32>, %b: memref<64xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>],
                  iterator_types = ["reduction", "parallel"]}
      ins(%a : memref<100x64xf32>) outs(%b : memref<64xf32>) {
    ^bb0(%x: f32, %sum: f32):
      %y = arith.addf %sum, %x : f32
      linalg.yield %y : f32
  }
  return
}

// -----

// A lookup whose row is the same for all lanes is one scalar load of the row's number and vector loads of the row.
// CHECK-LABEL: func @lookup
// CHECK: %[[token:.*]] = memref.load %arg0
// CHECK: %[[row:.*]] = arith.index_cast %[[token]]
// CHECK: vector.load %arg1[%[[row]], %{{.*}}] : memref<100x32xf32>, vector<32xf32>
func.func @lookup(%tokens: memref<8xi32>, %table: memref<100x32xf32>, %out: memref<8x32xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%tokens : memref<8xi32>) outs(%out : memref<8x32xf32>) {
    ^bb0(%token: i32, %o: f32):
      %row = arith.index_cast %token : i32 to index
      %j = linalg.index 1 : index
      %x = memref.load %table[%row, %j] : memref<100x32xf32>
      linalg.yield %x : f32
  }
  return
}

// -----

// Large operations are parallel in pieces that the shape alone decides.
// CHECK-LABEL: func @parallel
// CHECK: scf.forall (%{{.*}}) in ({{[0-9]+}})
func.func @parallel(%a: memref<1024x1024xf32>, %b: memref<1024x1024xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<1024x1024xf32>) outs(%b : memref<1024x1024xf32>) {
    ^bb0(%x: f32, %out: f32):
      %y = arith.addf %x, %x : f32
      linalg.yield %y : f32
  }
  return
}

// -----

func.func @named(%a: memref<8x4xf32>, %b: memref<4x16xf32>, %c: memref<8x16xf32>) {
  // expected-error @below {{only linalg.generic on buffers of static shape becomes loops here}}
  linalg.matmul ins(%a, %b : memref<8x4xf32>, memref<4x16xf32>) outs(%c : memref<8x16xf32>)
  return
}

// -----

// A loop in the body that runs alike for all columns carries vectors; one whose end differs between them stays scalar.
// CHECK-LABEL: func @loop_in_body
// CHECK: %[[END:.*]] = memref.load %{{.*}} : memref<9xindex>
// CHECK: scf.for %[[I:.*]] = %c0 to %{{.*}} step %c1 iter_args(%[[SUM:.*]] = %{{.*}}) -> (vector<16xf32>)
// CHECK: vector.load %{{.*}}[%[[I]], %{{.*}}] : memref<100x16xf32>, vector<16xf32>
// CHECK-LABEL: func @ragged_loop_in_body
// CHECK-NOT: vector
// CHECK: scf.for {{.*}} -> (f32)
func.func @loop_in_body(%x: memref<100x16xf32>, %ends: memref<9xindex>, %y: memref<9x16xf32>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %none = arith.constant 0.0 : f32
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%ends : memref<9xindex>) outs(%y : memref<9x16xf32>) {
    ^bb0(%end: index, %out: f32):
      %j = linalg.index 1 : index
      %sum = scf.for %i = %zero to %end step %one iter_args(%s = %none) -> (f32) {
        %v = memref.load %x[%i, %j] : memref<100x16xf32>
        %t = arith.addf %s, %v : f32
        scf.yield %t : f32
      }
      linalg.yield %sum : f32
  }
  return
}
func.func @ragged_loop_in_body(%x: memref<100x16xf32>, %ends: memref<16xindex>, %y: memref<16xf32>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %none = arith.constant 0.0 : f32
  linalg.generic {indexing_maps = [affine_map<(j) -> (j)>, affine_map<(j) -> (j)>], iterator_types = ["parallel"]}
      ins(%ends : memref<16xindex>) outs(%y : memref<16xf32>) {
    ^bb0(%end: index, %out: f32):
      %j = linalg.index 0 : index
      %sum = scf.for %i = %zero to %end step %one iter_args(%s = %none) -> (f32) {
        %v = memref.load %x[%i, %j] : memref<100x16xf32>
        %t = arith.addf %s, %v : f32
        scf.yield %t : f32
      }
      linalg.yield %sum : f32
  }
  return
}
