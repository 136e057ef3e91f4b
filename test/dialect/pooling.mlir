// Pooling over all of time.
// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --nn-lower-layers --canonicalize | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: nn.model @m
// CHECK: nn.global_average_pooling_1d %x{{$}}
// CHECK: nn.global_max_pooling_1d %x {keepdims, name = top}
nn.model @m(%x: tensor<?x7x3xf32>) -> (tensor<?x3xf32>, tensor<?x1x3xf32>) {
  %a = nn.global_average_pooling_1d %x
  %b = nn.global_max_pooling_1d %x {keepdims, name = top}
  nn.return %a, %b
}

// The sum over time, in order, divided by the number of steps.
// LOWER-LABEL: func.func @average
// LOWER-DAG: %[[SEVEN:.*]] = arith.constant 7.000000e+00 : f32
// LOWER: iterator_types = ["parallel", "reduction", "parallel"]
// LOWER: arith.addf
// LOWER: arith.divf %{{.*}}, %[[SEVEN]]
func.func @average(%x: tensor<2x7x3xf32>) -> tensor<2x3xf32> {
  %a = nn.global_average_pooling_1d %x
  return %a : tensor<2x3xf32>
}

// LOWER-LABEL: func.func @maximum
// LOWER-DAG: %[[LEAST:.*]] = arith.constant 0xFFF0000000000000 : f64
// LOWER: linalg.fill ins(%[[LEAST]]
// LOWER: iterator_types = ["parallel", "reduction", "parallel"]
// LOWER: arith.maximumf
// LOWER: tensor.expand_shape {{.*}} : tensor<2x3xf64> into tensor<2x1x3xf64>
func.func @maximum(%x: tensor<2x7x3xf64>) -> tensor<2x1x3xf64> {
  %a = nn.global_max_pooling_1d %x {keepdims}
  return %a : tensor<2x1x3xf64>
}
