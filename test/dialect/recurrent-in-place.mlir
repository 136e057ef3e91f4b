// The loops over time update what they carry in place: bufferization adds no copy anywhere and no allocation inside
// them. What is allocated in a batch block is the state of that block.
// RUN: nnc-opt %s --nn-lower-layers --nn-fold-transposes --canonicalize --cse --loop-invariant-code-motion \
// RUN:   --one-shot-bufferize="bufferize-function-boundaries=1 function-boundary-type-conversion=identity-layout-map" \
// RUN:   --canonicalize --cse --canonicalize | FileCheck %s --implicit-check-not=memref.alloc --implicit-check-not=memref.copy

// Inference: the product of a step, the cell state; the output is the state that is carried.
// CHECK-LABEL: func.func @last
// CHECK: memref.alloc() {{.*}} : memref<7x6x16xf32>
// CHECK: memref.alloc() {{.*}} : memref<6x4xf32>
// CHECK: scf.forall {{.*}} in (2)
// CHECK: memref.alloc() {{.*}} : memref<3x16xf32>
// CHECK: memref.alloc() {{.*}} : memref<3x4xf32>
// CHECK: scf.for
func.func @last(%x: tensor<6x7x5xf32>, %k: tensor<5x16xf32>, %r: tensor<4x16xf32>, %b: tensor<16xf32>)
    -> tensor<6x4xf32> {
  %h = nn.lstm %x params(%k, %r, %b) {units = 4}
  return %h : tensor<6x4xf32>
}

// Training: the gates take the place of the input product.
// CHECK-LABEL: func.func @training
// CHECK: memref.alloc() {{.*}} : memref<7x6x16xf32>
// CHECK: memref.alloc() {{.*}} : memref<7x6x4xf32>
// CHECK: memref.alloc() {{.*}} : memref<8x6x4xf32>
// CHECK: scf.forall {{.*}} in (2)
// CHECK: memref.alloc() {{.*}} : memref<3x16xf32>
// CHECK: memref.alloc() {{.*}} : memref<3x4xf32>
// CHECK: memref.alloc() {{.*}} : memref<3x4xf32>
// CHECK: scf.for
func.func @training(%x: tensor<6x7x5xf32>, %k: tensor<5x16xf32>, %r: tensor<4x16xf32>, %b: tensor<16xf32>)
    -> (tensor<7x6x4xf32>, tensor<7x6x16xf32>, tensor<8x6x4xf32>) {
  %h, %gates, %cells, %hidden = nn.lstm_training %x params(%k, %r, %b) {units = 4, return_sequences}
  return %hidden, %gates, %cells : tensor<7x6x4xf32>, tensor<7x6x16xf32>, tensor<8x6x4xf32>
}

// CHECK-LABEL: func.func @backward
// CHECK: memref.alloc() {{.*}} : memref<7x6x16xf32>
// CHECK: scf.forall {{.*}} in (2)
// CHECK: memref.alloc() {{.*}} : memref<3x4xf32>
// CHECK: memref.alloc() {{.*}} : memref<3x4xf32>
// CHECK: scf.for
func.func @backward(%grad: tensor<6x4xf32>, %gates: tensor<7x6x16xf32>, %cells: tensor<8x6x4xf32>,
                    %r: tensor<4x16xf32>) -> tensor<7x6x16xf32> {
  %dz = nn.lstm_backward %grad, %gates, %cells, %r
  return %dz : tensor<7x6x16xf32>
}
