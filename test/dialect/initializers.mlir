// Initialisers: how they are written, what they refuse, and what they build.
// RUN: split-file %s %t
// RUN: nnc-opt %t/syntax.mlir --allow-unregistered-dialect --split-input-file --verify-diagnostics | FileCheck %t/syntax.mlir
// RUN: nnc-opt %t/build.mlir --nn-build-entries=entries=init --canonicalize | FileCheck %t/build.mlir
// RUN: nnc-opt %t/refuse.mlir --nn-build-entries=entries=init --split-input-file --verify-diagnostics

//--- syntax.mlir

// CHECK: #nn.constant<value = 3.0>
// CHECK-SAME: #nn.random_uniform,
// CHECK-SAME: #nn.random_uniform<min = -1.0, max = 1.0>
// CHECK-SAME: #nn.random_normal<stddev = 0.02>
// CHECK-SAME: #nn.truncated_normal<mean = 1.0>
// CHECK-SAME: #nn.orthogonal,
// CHECK-SAME: #nn.orthogonal<gain = 1.5>
"test.attribute"() {a = #nn.constant<value = 3>, b = #nn.random_uniform, c = #nn.random_uniform<min = -1.0, max = 1.0>,
                    d = #nn.random_normal<stddev = 0.02>, e = #nn.truncated_normal<mean = 1.0>, f = #nn.orthogonal,
                    g = #nn.orthogonal<gain = 1.5>} : () -> ()

// -----

// expected-error @below {{random_uniform: takes finite min <= max, not 1.0 and 0.05}}
"test.attribute"() {a = #nn.random_uniform<min = 1.0>} : () -> ()

// -----

// expected-error @below {{random_normal: stddev must be finite and not negative, not -1.0}}
"test.attribute"() {a = #nn.random_normal<stddev = -1.0>} : () -> ()

// -----

// expected-error @below {{truncated_normal: stddev must be finite and not negative, not -1.0}}
"test.attribute"() {a = #nn.truncated_normal<stddev = -1.0>} : () -> ()

//--- build.mlir

// CHECK-LABEL: func.func @init
// CHECK-SAME: %[[SEED:[a-z0-9]+]]: tensor<i64>

// sqrt(6 / (2 + 4)) = 1: u · 2 · 2^-24 - 1 with u the upper 24 bits of a word drawn for (last index, row, 0, stream).
// CHECK: linalg.generic {{.*}} ins(%[[SEED]] : tensor<i64>) outs(%{{.*}} : tensor<2x4xf32>)
// CHECK-NEXT: ^bb0(%[[S:.*]]: i64,
// CHECK-DAG: %[[I0:.*]] = linalg.index 0
// CHECK-DAG: %[[ROW:.*]] = arith.index_cast %[[I0]] : index to i64
// CHECK-DAG: %[[I1:.*]] = linalg.index 1
// CHECK-DAG: %[[LAST:.*]] = arith.index_cast %[[I1]] : index to i64
// CHECK: %[[WORD:.*]], %{{.*}}, %{{.*}}, %{{.*}} = nn.philox %[[S]], [%[[LAST]], %[[ROW]], %c0_i64, %{{.*}}]
// CHECK: %[[U:.*]] = arith.shrui %[[WORD]], %c8_i32
// CHECK: %[[F:.*]] = arith.sitofp %[[U]] : i32 to f32
// CHECK: %[[SCALED:.*]] = arith.mulf %[[F]], %[[SCALE:.*]] : f32
// CHECK: arith.addf %[[SCALED]], %[[MIN:.*]] : f32
nn.variable @glorot : tensor<2x4xf32> {initializer = #nn.glorot_uniform, trainable}

// A convolution's kernel: rows are numbered through all leading dimensions.
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<3x5x2x4xf64>)
// CHECK: %[[A:.*]] = arith.muli %{{.*}}, %c5_i64
// CHECK: %[[B:.*]] = arith.addi %[[A]]
// CHECK: %[[C:.*]] = arith.muli %[[B]], %c2_i64
// CHECK: arith.addi %[[C]]
// CHECK: nn.philox
nn.variable @window : tensor<3x5x2x4xf64> {initializer = #nn.he_normal, trainable}

// Vectors are orthogonalised as rows, one a turn, in place, and transposed where the parameter has more rows.
// CHECK: scf.for
// CHECK: linalg.vecmat
// CHECK: linalg.vecmat
// CHECK: tensor.insert_slice
// CHECK: linalg.transpose ins(%{{.*}} : tensor<4x8xf32>) outs(%{{.*}} : tensor<8x4xf32>)
nn.variable @tall : tensor<8x4xf32> {initializer = #nn.orthogonal, trainable}
// CHECK: scf.for
// CHECK-NOT: linalg.transpose
nn.variable @wide : tensor<4x16xf32> {initializer = #nn.orthogonal, trainable}

//--- refuse.mlir

// expected-error @below {{orthogonal: takes a parameter of at least two dimensions, not one of type 'tensor<4xf32>'}}
nn.variable @vector : tensor<4xf32> {initializer = #nn.orthogonal, trainable}

// -----

// expected-error @below {{unit_forget_bias sets an LSTM's bias, whose last dimension is 4 · units, not a parameter of type 'tensor<10xf32>'}}
nn.variable @bias : tensor<10xf32> {initializer = #nn.unit_forget_bias, trainable}
