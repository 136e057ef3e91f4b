// Add and concat: one tensor of several.
// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --nn-lower-layers | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: nn.model @merge
// CHECK: nn.add %a, %b, %a
// CHECK: nn.concat %{{.*}}, %b{{$}}
// CHECK: nn.concat %a, %b {axis = 1, name = both}
nn.model @merge(%a: tensor<?x3x4xf32>, %b: tensor<?x3x4xf32>) -> (tensor<?x3x8xf32>, tensor<?x6x4xf32>) {
  %s = nn.add %a, %b, %a
  %c = nn.concat %s, %b
  %d = nn.concat %a, %b {axis = 1, name = both}
  nn.return %c, %d
}

// LOWER-LABEL: func.func @add
// LOWER: linalg.generic
// LOWER: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %[[C:.*]]: f32, %{{.*}}: f32):
// LOWER: %[[S:.*]] = arith.addf %[[A]], %[[B]]
// LOWER: arith.addf %[[S]], %[[C]]
func.func @add(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<f32>) -> tensor<f32> {
  %s = nn.add %a, %b, %c
  return %s : tensor<f32>
}

// LOWER-LABEL: func.func @concat
// LOWER: %[[E:.*]] = tensor.empty() : tensor<2x5xi32>
// LOWER: %[[P:.*]] = tensor.insert_slice %arg0 into %[[E]][0, 0] [2, 3] [1, 1]
// LOWER: tensor.insert_slice %arg1 into %[[P]][0, 3] [2, 2] [1, 1]
func.func @concat(%a: tensor<2x3xi32>, %b: tensor<2x2xi32>) -> tensor<2x5xi32> {
  %c = nn.concat %a, %b
  return %c : tensor<2x5xi32>
}
