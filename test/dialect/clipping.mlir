// Clipping of gradients: what becomes of it in the program.
// RUN: nnc-opt %s --phase=linalg --entries=train --split-input-file | FileCheck %s
// RUN: nnc-opt %S/Inputs/clipping.mlir --nn-plan --batch=8 --entries=train | FileCheck %s --check-prefix=GLOBAL
// RUN: sed s/global_clipnorm/clipvalue/ %S/Inputs/clipping.mlir | nnc-opt --nn-plan --batch=8 --entries=train | FileCheck %s --check-prefix=VALUE

// With a norm the gradients of the table and of both kernels have buffers; by value none is needed.
// GLOBAL-DAG: 50x3xf32 temporary m.embedding
// GLOBAL-DAG: 15x7xf32 temporary m.dense
// GLOBAL-DAG: 7x2xf32 temporary m.dense_1
// VALUE: Entry point
// VALUE-NOT: {{ (50x3|15x7|7x2)xf32 +temporary}}
// VALUE: Peak

// By value it is part of the update.

// CHECK-LABEL: func.func @fit.train
// CHECK-NOT: arith.minimumf
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<4x2xf32>, tensor<f32>) outs(%{{.*}} : tensor<4x2xf32>)
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.minimumf
// CHECK-NEXT: arith.maximumf
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: arith.subf
// CHECK: return
nn.model @m(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  %y = nn.dense %x {units = 2, use_bias = false}
  nn.return %y
}
nn.step @fit(%x: tensor<?x4xf32>, %y: tensor<?x2xf32>) {
  %p = nn.call @m(%x) : tensor<?x2xf32>
  %loss = nn.mean_squared_error %p, %y
  nn.minimize %loss over [@m] with #nn.sgd<clipvalue = 0.5>
}

// -----

// By norm each gradient is summed over, and its update scales it.

// CHECK-LABEL: func.func @fit.train
// CHECK: %[[G:.*]] = linalg.generic {{.*}}["reduction", "parallel", "parallel"]
// CHECK: %[[ROWS:.*]] = linalg.generic {{.*}}["parallel", "reduction"]} ins(%[[G]] : tensor<4x2xf32>)
// CHECK-NEXT: ^bb0(%[[E:.*]]: f32, %[[SUM:.*]]: f32):
// CHECK-NEXT: %[[SQUARE:.*]] = arith.mulf %[[E]], %[[E]] : f32
// CHECK-NEXT: arith.addf %[[SUM]], %[[SQUARE]] : f32
// CHECK: %[[SQUARES:.*]] = linalg.generic {{.*}}["reduction"]} ins(%[[ROWS]] : tensor<4xf32>)
// CHECK: %[[SCALAR:.*]] = tensor.extract %[[SQUARES]][]
// CHECK-NEXT: %[[WIDE:.*]] = arith.extf %[[SCALAR]] : f32 to f64
// CHECK-NEXT: %[[NORM:.*]] = math.sqrt %[[WIDE]] : f64
// CHECK-NEXT: %[[LARGER:.*]] = arith.maximumf %[[NORM]], %[[LIMIT:.*]] : f64
// CHECK-NEXT: %[[RATIO:.*]] = arith.divf %[[LIMIT]], %[[LARGER]]
// CHECK-NEXT: %[[NARROW:.*]] = arith.truncf %[[RATIO]]
// CHECK-NEXT: %[[FACTOR:.*]] = tensor.from_elements %[[NARROW]]
// CHECK: linalg.generic {{.*}}ins(%[[G]], %[[FACTOR]], %{{.*}} : tensor<4x2xf32>, tensor<f32>, tensor<f32>) outs(%{{.*}} : tensor<4x2xf32>)
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: arith.subf
// CHECK-NEXT: linalg.yield
nn.model @m(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  %y = nn.dense %x {units = 2, use_bias = false}
  nn.return %y
}
nn.step @fit(%x: tensor<?x4xf32>, %y: tensor<?x2xf32>) {
  %p = nn.call @m(%x) : tensor<?x2xf32>
  %loss = nn.mean_squared_error %p, %y
  nn.minimize %loss over [@m] with #nn.sgd<clipnorm = 0.5>
}

// -----

// By global norm there is one factor for all; no parameter changes before it is there. Not a number where the norm is
// none.

// CHECK-LABEL: func.func @fit.train
// CHECK: %[[KERNEL:.*]] = linalg.generic {{.*}}["reduction", "parallel", "parallel"]
// CHECK-NOT: outs(%arg
// CHECK: %[[SUM:.*]] = arith.addf %{{.*}} : f64
// CHECK-NEXT: %[[NORM:.*]] = math.sqrt %[[SUM]]
// CHECK-NEXT: arith.maximumf %[[NORM]]
// CHECK-NEXT: %[[RATIO:.*]] = arith.divf
// CHECK-NEXT: %[[ZERO:.*]] = arith.subf %[[NORM]], %[[NORM]]
// CHECK-NEXT: arith.addf %[[RATIO]], %[[ZERO]]
// CHECK: %[[FACTOR:.*]] = tensor.from_elements
// CHECK: linalg.generic {{.*}}ins(%[[KERNEL]], %[[FACTOR]], {{.*}} outs(%arg{{[0-9]+}} : tensor<4x2xf32>)
// CHECK: linalg.generic {{.*}}ins(%{{[0-9]+}}, %[[FACTOR]], {{.*}} outs(%arg{{[0-9]+}} : tensor<2xf32>)
nn.model @m(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  %y = nn.dense %x {units = 2}
  nn.return %y
}
nn.step @fit(%x: tensor<?x4xf32>, %y: tensor<?x2xf32>) {
  %p = nn.call @m(%x) : tensor<?x2xf32>
  %loss = nn.mean_squared_error %p, %y
  nn.minimize %loss over [@m] with #nn.sgd<global_clipnorm = 0.5>
}
