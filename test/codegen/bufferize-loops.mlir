// Loops are bufferized apart from their function, equal ones once; what comes of it is as if they had not been.
// RUN: nnc-opt %s --nn-bufferize --split-input-file | FileCheck %s
// RUN: nnc-opt %s --nn-bufferize --split-input-file --mlir-print-debuginfo --mlir-print-local-scope \
// RUN:   | FileCheck %s --check-prefix=LOCATIONS

// Two equal loops over rows, the second on what the first has made, and on another scalar: each has its own buffers and
// scalar, and its ops still say which layer they are of.
// CHECK-LABEL: func.func @rows(
// CHECK-SAME: %[[X:.*]]: memref<4x8xf32>, %[[Y:.*]]: memref<4x8xf32>, %[[A:[^:]*]]: f32, %[[B:[^:]*]]: f32)
// CHECK-NOT: memref.alloc
// CHECK: scf.forall (%[[I:.*]]) in (4) {
// CHECK: %[[ROW:.*]] = memref.subview %[[X]][%[[I]], 0] [1, 8] [1, 1]
// CHECK: %[[OUT:.*]] = memref.subview %[[Y]][%[[I]], 0] [1, 8] [1, 1]
// CHECK: linalg.generic {{.*}} ins(%[[ROW]] : {{.*}}) outs(%[[OUT]] :
// CHECK: arith.mulf %{{.*}}, %[[A]] : f32
// CHECK: scf.forall (%[[I:.*]]) in (4) {
// CHECK: %[[ROW:.*]] = memref.subview %[[Y]][%[[I]], 0] [1, 8] [1, 1]
// CHECK: %[[OUT:.*]] = memref.subview %[[X]][%[[I]], 0] [1, 8] [1, 1]
// CHECK: linalg.generic {{.*}} ins(%[[ROW]] : {{.*}}) outs(%[[OUT]] :
// CHECK: arith.mulf %{{.*}}, %[[B]] : f32
// CHECK: return
// LOCATIONS-LABEL: func.func @rows(
// LOCATIONS: arith.mulf {{.*}} loc("first")
// LOCATIONS: } loc("first")
// LOCATIONS: arith.mulf {{.*}} loc("second")
// LOCATIONS: } loc("second")
func.func @rows(%x: memref<4x8xf32>, %y: memref<4x8xf32>, %a: f32, %b: f32) {
  %from = bufferization.to_tensor %x restrict writable : memref<4x8xf32> to tensor<4x8xf32>
  %to = bufferization.to_tensor %y restrict writable : memref<4x8xf32> to tensor<4x8xf32>
  %1 = scf.forall (%i) in (4) shared_outs(%o = %to) -> (tensor<4x8xf32>) {
    %row = tensor.extract_slice %from[%i, 0] [1, 8] [1, 1] : tensor<4x8xf32> to tensor<8xf32> loc("first")
    %out = tensor.extract_slice %o[%i, 0] [1, 8] [1, 1] : tensor<4x8xf32> to tensor<8xf32> loc("first")
    %scaled = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
                              iterator_types = ["parallel"]}
        ins(%row : tensor<8xf32>) outs(%out : tensor<8xf32>) {
    ^bb0(%e: f32, %old: f32):
      %p = arith.mulf %e, %a : f32 loc("first")
      linalg.yield %p : f32 loc("first")
    } -> tensor<8xf32> loc("first")
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %scaled into %o[%i, 0] [1, 8] [1, 1] : tensor<8xf32> into tensor<4x8xf32> loc("first")
    } loc("first")
  } loc("first")
  %2 = scf.forall (%i) in (4) shared_outs(%o = %from) -> (tensor<4x8xf32>) {
    %row = tensor.extract_slice %1[%i, 0] [1, 8] [1, 1] : tensor<4x8xf32> to tensor<8xf32> loc("second")
    %out = tensor.extract_slice %o[%i, 0] [1, 8] [1, 1] : tensor<4x8xf32> to tensor<8xf32> loc("second")
    %scaled = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
                              iterator_types = ["parallel"]}
        ins(%row : tensor<8xf32>) outs(%out : tensor<8xf32>) {
    ^bb0(%e: f32, %old: f32):
      %p = arith.mulf %e, %b : f32 loc("second")
      linalg.yield %p : f32 loc("second")
    } -> tensor<8xf32> loc("second")
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %scaled into %o[%i, 0] [1, 8] [1, 1] : tensor<8xf32> into tensor<4x8xf32> loc("second")
    } loc("second")
  } loc("second")
  bufferization.materialize_in_destination %1 in restrict writable %y : (tensor<4x8xf32>, memref<4x8xf32>) -> ()
  bufferization.materialize_in_destination %2 in restrict writable %x : (tensor<4x8xf32>, memref<4x8xf32>) -> ()
  return
}

// -----

// What a loop makes is made in its place in another tensor, a view of it, which is what the loop gets; where it ends
// comes from outside too.
// CHECK-LABEL: func.func @part(
// CHECK-SAME: %[[WHOLE:.*]]: memref<2x8xf32>, %[[VALUE:.*]]: f32, %[[END:.*]]: index)
// CHECK-NOT: memref.alloc
// CHECK: %[[PART:.*]] = memref.subview %[[WHOLE]][1, 0] [1, 8] [1, 1]
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %[[END]] step %{{.*}} iter_args(%[[CARRIED:.*]] = %[[PART]])
// CHECK: memref.store %[[VALUE]], %{{.*}}[%[[I]]]
func.func @part(%whole: memref<2x8xf32>, %value: f32, %end: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %t = bufferization.to_tensor %whole restrict writable : memref<2x8xf32> to tensor<2x8xf32>
  %empty = tensor.empty() : tensor<8xf32>
  %row = scf.for %i = %c0 to %end step %c1 iter_args(%carried = %empty) -> (tensor<8xf32>) {
    %next = tensor.insert %value into %carried[%i] : tensor<8xf32>
    scf.yield %next : tensor<8xf32>
  }
  %new = tensor.insert_slice %row into %t[1, 0] [1, 8] [1, 1] : tensor<8xf32> into tensor<2x8xf32>
  bufferization.materialize_in_destination %new in restrict writable %whole : (tensor<2x8xf32>, memref<2x8xf32>) -> ()
  return
}

// -----

// A loop that reads, beside what it carries, what that started with: it starts with a copy.
// CHECK-LABEL: func.func @reads_its_start(
// CHECK-SAME: %[[X:.*]]: memref<8xf32>)
// CHECK: %[[OLD:.*]] = memref.alloc
// CHECK: memref.copy %[[X]], %[[OLD]]
// CHECK: scf.for
func.func @reads_its_start(%x: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %t = bufferization.to_tensor %x restrict writable : memref<8xf32> to tensor<8xf32>
  %r = scf.for %i = %c0 to %c7 step %c1 iter_args(%carried = %t) -> (tensor<8xf32>) {
    %j = arith.subi %c7, %i : index
    %e = tensor.extract %t[%j] : tensor<8xf32>
    %next = tensor.insert %e into %carried[%i] : tensor<8xf32>
    scf.yield %next : tensor<8xf32>
  }
  bufferization.materialize_in_destination %r in restrict writable %x : (tensor<8xf32>, memref<8xf32>) -> ()
  return
}

// -----

// What a loop starts with is needed after it: the copy is outside.
// CHECK-LABEL: func.func @keeps_its_start(
// CHECK-SAME: %[[X:.*]]: memref<8xf32>, %[[Y:.*]]: memref<8xf32>)
// CHECK: memref.copy %[[X]], %[[NEW:.*]] :
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[NEW]])
// CHECK-NOT: memref.alloc
// CHECK: linalg.generic {{.*}} ins(%[[X]], %{{.*}} : {{.*}}) outs(%[[Y]] :
func.func @keeps_its_start(%x: memref<8xf32>, %y: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %t = bufferization.to_tensor %x restrict writable : memref<8xf32> to tensor<8xf32>
  %out = bufferization.to_tensor %y restrict writable : memref<8xf32> to tensor<8xf32>
  %r = scf.for %i = %c0 to %c8 step %c1 iter_args(%carried = %t) -> (tensor<8xf32>) {
    %next = tensor.insert %zero into %carried[%i] : tensor<8xf32>
    scf.yield %next : tensor<8xf32>
  }
  %sum = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
                         iterator_types = ["parallel"]}
      ins(%t, %r : tensor<8xf32>, tensor<8xf32>) outs(%out : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<8xf32>
  bufferization.materialize_in_destination %sum in restrict writable %y : (tensor<8xf32>, memref<8xf32>) -> ()
  return
}

// -----

// A loop that carries a scalar too, and one with a constant of the module, are bufferized where they stand.
// CHECK: memref.global "private" constant @[[TABLE:.*]] : memref<2xf32>
// CHECK-LABEL: func.func @in_place(
// CHECK-SAME: %[[X:.*]]: memref<2xf32>)
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[X]], %{{.*}} = %{{.*}})
// CHECK-NEXT: memref.get_global @[[TABLE]]
func.func @in_place(%x: memref<2xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f32
  %t = bufferization.to_tensor %x restrict writable : memref<2xf32> to tensor<2xf32>
  %r:2 = scf.for %i = %c0 to %c2 step %c1 iter_args(%carried = %t, %sum = %zero) -> (tensor<2xf32>, f32) {
    %table = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
    %e = tensor.extract %table[%i] : tensor<2xf32>
    %s = arith.addf %sum, %e : f32
    %next = tensor.insert %s into %carried[%i] : tensor<2xf32>
    scf.yield %next, %s : tensor<2xf32>, f32
  }
  bufferization.materialize_in_destination %r#0 in restrict writable %x : (tensor<2xf32>, memref<2xf32>) -> ()
  return
}
