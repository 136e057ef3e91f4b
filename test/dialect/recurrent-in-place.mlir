// The loops over time update what they carry in place: bufferization adds no allocation inside them, and no copy but that of
// gate gradients to where the gates were. What is allocated in a batch block is the state of that block.
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
  %h, %gates, %cells, %hidden = nn.recurrent_training %x params(%k, %r, %b) {cell = #nn.lstm_cell, return_sequences}
  return %hidden, %gates, %cells : tensor<7x6x4xf32>, tensor<7x6x16xf32>, tensor<8x6x4xf32>
}

// A step's gate gradients, made beside them, take the place of its gates.
// CHECK-LABEL: func.func @backward
// CHECK: scf.forall {{.*}} in (2)
// CHECK: memref.alloc() {{.*}} : memref<3x4xf32>
// CHECK: memref.alloc() {{.*}} : memref<3x4xf32>
// CHECK: %[[GRADIENTS:.*]] = memref.alloc() {{.*}} : memref<3x16xf32>
// CHECK: scf.for
// CHECK: memref.copy %[[GRADIENTS]], %{{.*}} : memref<3x16xf32> to memref<3x16xf32, strided<[16, 1], offset: ?>>
// CHECK: return %arg1
func.func @backward(%grad: tensor<6x4xf32>, %gates: tensor<7x6x16xf32>, %cells: tensor<8x6x4xf32>,
                    %hidden: tensor<7x6x4xf32>, %r: tensor<4x16xf32>) -> tensor<7x6x16xf32> {
  %dz = nn.recurrent_backward %grad, %r kept(%gates, %cells, %hidden) {cell = #nn.lstm_cell}
  return %dz : tensor<7x6x16xf32>
}

// Not where something else reads the gates.
// CHECK-LABEL: func.func @backward_of_gates_in_use
// CHECK: memref.alloc() {{.*}} : memref<7x6x16xf32>
// CHECK: scf.forall {{.*}} in (2)
// CHECK: memref.alloc() {{.*}} : memref<3x4xf32>
// CHECK: memref.alloc() {{.*}} : memref<3x4xf32>
// CHECK: scf.for
func.func @backward_of_gates_in_use(%grad: tensor<6x4xf32>, %gates: tensor<7x6x16xf32>, %cells: tensor<8x6x4xf32>,
                                    %hidden: tensor<7x6x4xf32>, %r: tensor<4x16xf32>)
    -> (tensor<7x6x16xf32>, tensor<7x6x16xf32>) {
  %dz = nn.recurrent_backward %grad, %r kept(%gates, %cells, %hidden) {cell = #nn.lstm_cell}
  return %dz, %gates : tensor<7x6x16xf32>, tensor<7x6x16xf32>
}

// The other cells, masked, scaled and backward in time: nothing is copied either. --implicit-check-not says so.
// CHECK-LABEL: func.func @gru
func.func @gru(%x: tensor<6x7x5xf32>, %k: tensor<5x12xf32>, %r: tensor<4x12xf32>, %b: tensor<2x12xf32>,
               %mask: tensor<6x7xi32>, %scale: tensor<6x4xf32>) -> tensor<7x6x12xf32> {
  // CHECK-COUNT-9: memref.alloc()
  %h, %gates, %outputs, %inner = nn.recurrent_training %x params(%k, %r, %b) mask(%mask) scale(%scale)
      {cell = #nn.gru_cell, reverse}
  return %gates : tensor<7x6x12xf32>
}
