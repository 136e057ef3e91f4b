// RUN: nnc-opt %s --nn-fuse-elementwise | FileCheck %s
// RUN: nnc-opt %s --nn-fuse-elementwise --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s --check-prefix=PLACE

// A chain becomes one op.
// CHECK-LABEL: func.func @chain
// CHECK-COUNT-1: linalg.generic
// CHECK: arith.addf
// CHECK: arith.maximumf
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @chain(%x: tensor<4x8xf32>, %b: tensor<8xf32>) -> tensor<4x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%x, %b : tensor<4x8xf32>, tensor<8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %s = arith.addf %a, %c : f32
    linalg.yield %s : f32
  } -> tensor<4x8xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%0 : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.maximumf %a, %zero : f32
    linalg.yield %s : f32
  } -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// A contraction stays one: the producer of its operand is not fused into it.
// CHECK-LABEL: func.func @contraction
// CHECK: linalg.generic
// CHECK: math.absf
// CHECK: linalg.generic
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: arith.addf
func.func @contraction(%x: tensor<4x8xf32>, %w: tensor<8x2xf32>, %acc: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = math.absf %a : f32
    linalg.yield %s : f32
  } -> tensor<4x8xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%0, %w : tensor<4x8xf32>, tensor<8x2xf32>) outs(%acc : tensor<4x2xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  } -> tensor<4x2xf32>
  return %1 : tensor<4x2xf32>
}

// Not without a limit: no target has registers for a body of many operands, and each fusion copies both bodies.
// CHECK-LABEL: func.func @many_operands
// CHECK: linalg.generic
// CHECK: linalg.generic
#id = affine_map<(i) -> (i)>
func.func @many_operands(
      %a0: tensor<4xf32>, %a1: tensor<4xf32>, %a2: tensor<4xf32>, %a3: tensor<4xf32>, %a4: tensor<4xf32>,
      %a5: tensor<4xf32>, %a6: tensor<4xf32>, %a7: tensor<4xf32>, %a8: tensor<4xf32>, %a9: tensor<4xf32>,
      %a10: tensor<4xf32>, %a11: tensor<4xf32>, %a12: tensor<4xf32>, %a13: tensor<4xf32>, %a14: tensor<4xf32>,
      %a15: tensor<4xf32>, %a16: tensor<4xf32>,
      %b0: tensor<4xf32>, %b1: tensor<4xf32>, %b2: tensor<4xf32>, %b3: tensor<4xf32>, %b4: tensor<4xf32>,
      %b5: tensor<4xf32>, %b6: tensor<4xf32>, %b7: tensor<4xf32>, %b8: tensor<4xf32>, %b9: tensor<4xf32>,
      %b10: tensor<4xf32>, %b11: tensor<4xf32>, %b12: tensor<4xf32>, %b13: tensor<4xf32>, %b14: tensor<4xf32>,
      %b15: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %0 = linalg.generic {indexing_maps = [
      #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id],
      iterator_types = ["parallel"]}
      ins(
      %a0, %a1, %a2, %a3, %a4, %a5, %a6, %a7, %a8, %a9, %a10, %a11, %a12, %a13, %a14, %a15, %a16 :
      tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>,
      tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>,
      tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
      outs(%e : tensor<4xf32>) {
    ^bb0(
      %i0: f32, %i1: f32, %i2: f32, %i3: f32, %i4: f32, %i5: f32, %i6: f32, %i7: f32, %i8: f32, %i9: f32, %i10: f32,
      %i11: f32, %i12: f32, %i13: f32, %i14: f32, %i15: f32, %i16: f32, %o: f32):
      %s1 = arith.addf %i0, %i1 : f32
      %s2 = arith.addf %s1, %i2 : f32
      %s3 = arith.addf %s2, %i3 : f32
      %s4 = arith.addf %s3, %i4 : f32
      %s5 = arith.addf %s4, %i5 : f32
      %s6 = arith.addf %s5, %i6 : f32
      %s7 = arith.addf %s6, %i7 : f32
      %s8 = arith.addf %s7, %i8 : f32
      %s9 = arith.addf %s8, %i9 : f32
      %s10 = arith.addf %s9, %i10 : f32
      %s11 = arith.addf %s10, %i11 : f32
      %s12 = arith.addf %s11, %i12 : f32
      %s13 = arith.addf %s12, %i13 : f32
      %s14 = arith.addf %s13, %i14 : f32
      %s15 = arith.addf %s14, %i15 : f32
      %s16 = arith.addf %s15, %i16 : f32
      linalg.yield %s16 : f32
  } -> tensor<4xf32>
  %1 = linalg.generic {indexing_maps = [
      #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id],
      iterator_types = ["parallel"]}
      ins(
      %0, %b0, %b1, %b2, %b3, %b4, %b5, %b6, %b7, %b8, %b9, %b10, %b11, %b12, %b13, %b14, %b15 :
      tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>,
      tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>,
      tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
      outs(%e : tensor<4xf32>) {
    ^bb0(
      %i0: f32, %i1: f32, %i2: f32, %i3: f32, %i4: f32, %i5: f32, %i6: f32, %i7: f32, %i8: f32, %i9: f32, %i10: f32,
      %i11: f32, %i12: f32, %i13: f32, %i14: f32, %i15: f32, %i16: f32, %o: f32):
      %s1 = arith.addf %i0, %i1 : f32
      %s2 = arith.addf %s1, %i2 : f32
      %s3 = arith.addf %s2, %i3 : f32
      %s4 = arith.addf %s3, %i4 : f32
      %s5 = arith.addf %s4, %i5 : f32
      %s6 = arith.addf %s5, %i6 : f32
      %s7 = arith.addf %s6, %i7 : f32
      %s8 = arith.addf %s7, %i8 : f32
      %s9 = arith.addf %s8, %i9 : f32
      %s10 = arith.addf %s9, %i10 : f32
      %s11 = arith.addf %s10, %i11 : f32
      %s12 = arith.addf %s11, %i12 : f32
      %s13 = arith.addf %s12, %i13 : f32
      %s14 = arith.addf %s13, %i14 : f32
      %s15 = arith.addf %s14, %i15 : f32
      %s16 = arith.addf %s15, %i16 : f32
      linalg.yield %s16 : f32
  } -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// An op into which a constant is folded keeps its own place, without its operands'.
// PLACE-LABEL: func.func @place
// PLACE: linalg.generic
// PLACE: -> tensor<4xf32> loc(fused<"update">["m.dense"("m.mlir":1:1)])
func.func @place(%x: tensor<4xf32>) -> tensor<4xf32> {
  %ones = arith.constant dense<1.0> : tensor<4xf32> loc("m.mlir":2:1)
  %e = tensor.empty() : tensor<4xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
                       iterator_types = ["parallel"]}
      ins(%x, %ones : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %s = arith.addf %a, %c : f32
    linalg.yield %s : f32
  } -> tensor<4xf32> loc(fused<"update">["m.dense"("m.mlir":1:1)])
  return %0 : tensor<4xf32>
}
