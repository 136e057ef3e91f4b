// Activations: elementwise functions, and softmax over the last dimension.
// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --nn-lower-layers --cse --canonicalize | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @elementwise
// CHECK: nn.relu %arg0{{$}}
// CHECK: nn.tanh %{{[0-9]+}}{{$}}
// CHECK: nn.sigmoid %{{[0-9]+}}{{$}}
// CHECK: nn.silu %{{[0-9]+}}{{$}}
// LOWER-LABEL: func.func @elementwise
// LOWER: arith.maximumf
// LOWER: math.tanh
// LOWER: arith.negf
// LOWER: math.exp
// LOWER: arith.divf
// LOWER: arith.negf
// LOWER: math.exp
// LOWER: arith.divf
// LOWER: arith.mulf
func.func @elementwise(%x: tensor<4x5xf32>) -> tensor<4x5xf32> {
  %a = nn.relu %x
  %b = nn.tanh %a
  %c = nn.sigmoid %b
  %d = nn.silu %c
  return %d : tensor<4x5xf32>
}

// CHECK-LABEL: func.func @hard
// CHECK: nn.hard_sigmoid %arg0{{$}}
// LOWER-LABEL: func.func @hard
// LOWER-DAG: %[[SIX:.*]] = arith.constant 6.000000e+00 : f32
// LOWER-DAG: %[[SIXTH:.*]] = arith.constant 0.166666672 : f32
// LOWER: arith.maximumf
// LOWER: arith.minimumf %{{.*}}, %[[SIX]]
// LOWER: arith.mulf %{{.*}}, %[[SIXTH]]
func.func @hard(%x: tensor<4x5xf32>) -> tensor<4x5xf32> {
  %a = nn.hard_sigmoid %x
  return %a : tensor<4x5xf32>
}

// CHECK-LABEL: func.func @gelu
// CHECK: nn.gelu %arg0{{$}}
// CHECK: nn.gelu %arg0 {approximate, name = fast}
// LOWER-LABEL: func.func @gelu
// LOWER: math.erfc
// LOWER: math.tanh
func.func @gelu(%x: tensor<4xf64>) -> (tensor<4xf64>, tensor<4xf64>) {
  %a = nn.gelu %x
  %b = nn.gelu %x {approximate, name = fast}
  return %a, %b : tensor<4xf64>, tensor<4xf64>
}

// CHECK-LABEL: func.func @softmax
// CHECK: nn.softmax %arg0{{$}}
// LOWER-LABEL: func.func @softmax
// LOWER: iterator_types = ["parallel", "parallel", "reduction"]
// LOWER: arith.maximumf
// LOWER: arith.subf
// LOWER: math.exp
// LOWER: iterator_types = ["parallel", "parallel", "reduction"]
// LOWER: arith.addf
// LOWER: arith.divf
func.func @softmax(%x: tensor<2x3x5xf32>) -> tensor<2x3x5xf32> {
  %a = nn.softmax %x
  return %a : tensor<2x3x5xf32>
}

// A layer's `activation` names any of them.
// LOWER-LABEL: func.func @named
// LOWER: linalg.matmul
// LOWER: math.erfc
func.func @named(%x: tensor<2x3xf32>, %k: tensor<3x4xf32>, %b: tensor<4xf32>) -> tensor<2x4xf32> {
  %a = nn.dense %x params(%k, %b) {units = 4, activation = gelu}
  return %a : tensor<2x4xf32>
}
