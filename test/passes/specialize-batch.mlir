// The batch becomes static in upstream ops too: in types, in a loop's values, in the sizes of slices.
// RUN: nnc-opt %s --phase=grad --batch=6 --entries=predict | FileCheck %s

// CHECK-LABEL: func.func @loop.predict
// CHECK: scf.for {{.*}} -> (tensor<6x5xf32>)
// CHECK: tensor.extract_slice %{{.*}}[0, %{{.*}}, 0] [6, 1, 5] [1, 1, 1] : tensor<6x7x5xf32> to tensor<6x5xf32>
// CHECK-NOT: tensor<?
nn.model @loop(%x: tensor<?x7x5xf32>) -> tensor<?x5xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %steps = arith.constant 7 : index
  %batch = tensor.dim %x, %c0 : tensor<?x7x5xf32>
  %empty = tensor.empty(%batch) : tensor<?x5xf32>
  %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x5xf32>) -> tensor<?x5xf32>
  %sum = scf.for %t = %c0 to %steps step %c1 iter_args(%s = %start) -> tensor<?x5xf32> {
    %xt = tensor.extract_slice %x[0, %t, 0] [%batch, 1, 5] [1, 1, 1] : tensor<?x7x5xf32> to tensor<?x5xf32>
    %next = arith.addf %s, %xt : tensor<?x5xf32>
    scf.yield %next : tensor<?x5xf32>
  }
  nn.return %sum
}
