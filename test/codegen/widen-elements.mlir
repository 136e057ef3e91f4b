// RUN: nnc-opt --nn-widen-elements %s | FileCheck %s

// CHECK: nn.variable @w : tensor<2xf64>
nn.variable @w : tensor<2xf32>
// CHECK-LABEL: func.func @f(%{{.*}}: tensor<f64>, %{{.*}}: tensor<2xi32>) -> tensor<2xf64>
func.func @f(%lr: tensor<f32>, %bits: tensor<2xi32>) -> tensor<2xf32> {
  // CHECK: arith.constant dense<[1.000000e+00, 2.500000e-01]> : tensor<2xf64>
  %c = arith.constant dense<[1.0, 0.25]> : tensor<2xf32>
  // CHECK: arith.constant 5.000000e-01 : f64
  %half = arith.constant 0.5 : f32
  // The bits of a float stay those of an f32.
  // CHECK: %[[F:.*]] = arith.bitcast %{{.*}} : tensor<2xi32> to tensor<2xf32>
  // CHECK: %[[W:.*]] = arith.extf %[[F]] : tensor<2xf32> to tensor<2xf64>
  %f = arith.bitcast %bits : tensor<2xi32> to tensor<2xf32>
  // CHECK: arith.addf %{{.*}}, %[[W]] : tensor<2xf64>
  %sum = arith.addf %c, %f : tensor<2xf32>
  // CHECK-NOT: truncf
  %wide = arith.extf %sum : tensor<2xf32> to tensor<2xf64>
  %narrow = arith.truncf %wide : tensor<2xf64> to tensor<2xf32>
  return %narrow : tensor<2xf32>
}
