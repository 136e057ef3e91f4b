// Activations akin to relu.
// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --nn-lower-layers --cse --canonicalize | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @leaky
// CHECK: nn.leaky_relu %arg0{{$}}
// CHECK: nn.leaky_relu %{{[0-9]+}} {name = slow, negative_slope = 1.000000e-01}
// LOWER-LABEL: func.func @leaky
// LOWER-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// LOWER-DAG: %[[SLOPE:.*]] = arith.constant 3.000000e-01 : f32
// LOWER: %[[UPPER:.*]] = arith.cmpf oge, %[[X:.*]], %[[ZERO]]
// LOWER: %[[LOWER:.*]] = arith.mulf %[[X]], %[[SLOPE]]
// LOWER: arith.select %[[UPPER]], %[[X]], %[[LOWER]]
func.func @leaky(%x: tensor<4x5xf32>) -> tensor<4x5xf32> {
  %a = nn.leaky_relu %x
  %b = nn.leaky_relu %a {negative_slope = 0.1, name = slow}
  return %b : tensor<4x5xf32>
}

// CHECK-LABEL: func.func @exponential
// CHECK: nn.elu %arg0{{$}}
// CHECK: nn.elu %{{[0-9]+}} {alpha = 2}
// CHECK: nn.selu %{{[0-9]+}}{{$}}
// LOWER-LABEL: func.func @exponential
// LOWER-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// LOWER-DAG: %[[TWO:.*]] = arith.constant 2.000000e+00 : f32
// LOWER-DAG: %[[SCALE:.*]] = arith.constant 1.05070102 : f32
// LOWER-DAG: %[[BOTH:.*]] = arith.constant 1.7580993{{.*}} : f32
// LOWER: %[[CURVE:.*]] = math.expm1 %[[X:.*]] : f32
// LOWER: %[[UPPER:.*]] = arith.cmpf ogt, %[[X]], %[[ZERO]]
// LOWER: arith.select %[[UPPER]], %[[X]], %[[CURVE]]
// LOWER: arith.mulf %{{.*}}, %[[TWO]]
// LOWER-DAG: arith.mulf %{{.*}}, %[[BOTH]]
// LOWER-DAG: arith.mulf %{{.*}}, %[[SCALE]]
func.func @exponential(%x: tensor<4x5xf32>) -> tensor<4x5xf32> {
  %a = nn.elu %x
  %b = nn.elu %a {alpha = 2}
  %c = nn.selu %b
  return %c : tensor<4x5xf32>
}

// CHECK-LABEL: func.func @softplus
// CHECK: nn.softplus %arg0{{$}}
// LOWER-LABEL: func.func @softplus
// LOWER: %[[SIZE:.*]] = math.absf
// LOWER: %[[NEGATIVE:.*]] = arith.negf %[[SIZE]]
// LOWER: %[[E:.*]] = math.exp %[[NEGATIVE]]
// LOWER: arith.maximumf
// LOWER: math.log1p %[[E]]
func.func @softplus(%x: tensor<4xf64>) -> tensor<4xf64> {
  %a = nn.softplus %x
  return %a : tensor<4xf64>
}

// A layer's `activation` names any of them.
// LOWER-LABEL: func.func @named
// LOWER: arith.constant 3.000000e-01 : f32
// LOWER: linalg.matmul
// LOWER: arith.cmpf oge
func.func @named(%x: tensor<2x3xf32>, %k: tensor<3x4xf32>, %b: tensor<4xf32>) -> tensor<2x4xf32> {
  %a = nn.dense %x params(%k, %b) {units = 4, activation = leaky_relu}
  return %a : tensor<2x4xf32>
}
