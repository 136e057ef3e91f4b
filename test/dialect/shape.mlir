// Flatten and reshape: the same elements in the same order, sample by sample.
// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --nn-lower-layers | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: nn.model @shapes
// CHECK: nn.flatten %image
// CHECK: nn.reshape %{{.*}} {shape = [2, -1]}
nn.model @shapes(%image: tensor<?x28x28xf32>) -> tensor<?x2x392xf32> {
  %x = nn.flatten %image
  %y = nn.reshape %x {shape = [2, -1]}
  nn.return %y
}

// LOWER-LABEL: func.func @flatten
// LOWER: tensor.collapse_shape %arg0 {{\[}}[0], [1, 2]] : tensor<4x2x3xi32> into tensor<4x6xi32>
// LOWER: tensor.expand_shape %arg1 {{\[}}[0, 1]] output_shape [4, 1] : tensor<4xf32> into tensor<4x1xf32>
func.func @flatten(%x: tensor<4x2x3xi32>, %s: tensor<4xf32>) -> (tensor<4x6xi32>, tensor<4x1xf32>) {
  %y = nn.flatten %x
  %t = nn.flatten %s
  return %y, %t : tensor<4x6xi32>, tensor<4x1xf32>
}

// LOWER-LABEL: func.func @reshape
// LOWER: tensor.collapse_shape %arg0 {{\[}}[0], [1, 2]] : tensor<4x2x3xf32> into tensor<4x6xf32>
// LOWER: tensor.expand_shape %{{.*}} {{\[}}[0], [1, 2, 3]] output_shape [4, 3, 1, 2] : tensor<4x6xf32> into tensor<4x3x1x2xf32>
// LOWER: tensor.collapse_shape %arg1 {{\[}}[0, 1]] : tensor<4x1xf32> into tensor<4xf32>
func.func @reshape(%x: tensor<4x2x3xf32>, %s: tensor<4x1xf32>) -> (tensor<4x3x1x2xf32>, tensor<4xf32>) {
  %y = nn.reshape %x {shape = [3, -1, 2]}
  %t = nn.reshape %s {shape = []}
  return %y, %t : tensor<4x3x1x2xf32>, tensor<4xf32>
}
