// Lazily updated tables: gradients are asked for of the rows that are looked up, never of the table.
// RUN: nnc-opt %s --nn-materialize-params --nn-build-entries="batch=8 entries=train,evaluate,gradient" | FileCheck %s
// RUN: nnc-opt %S/Inputs/build-entries-lazy-invalid.mlir --nn-materialize-params --nn-build-entries --split-input-file --verify-diagnostics

// The look-up of places is the same for all samples, so that none of it is padding.
// CHECK-LABEL: func.func @fit.train(
// CHECK-SAME: %[[A:[a-z0-9]+]]: tensor<8x6xi32>
// CHECK-SAME: %[[TABLE:[a-z0-9]+]]: tensor<50x4xf32> {nn.variable = @table}
// CHECK-SAME: %[[VALID:[a-z0-9]+]]: tensor<i64> {nn.input = "valid", nn.input_role = "valid"}
// CHECK-SAME: %[[V:[a-z0-9]+]]: tensor<50x4xf32> {nn.variable = @table.v}
// CHECK: %[[PLACES:.*]] = arith.constant dense<{{.*}}> : tensor<6xi32>
// CHECK: %[[E:.*]] = nn.embedding %[[A]] params(%[[TABLE]]) {{.*}}lazy
// CHECK: %[[G:.*]] = nn.embedding %[[PLACES]] params(%[[TABLE]]) {{.*}}lazy
// CHECK: %[[GRADIENTS:.*]]:4 = nn.gradient %{{.*}} wrt(%[[E]], %[[G]], %{{.*}}, %{{.*}})
// CHECK: nn.update_rows %[[TABLE]] with #nn.adam rate %{{.*}} step %{{.*}} valid %[[VALID]] others(%{{.*}}, %[[V]], %[[A]], %[[PLACES]], %[[GRADIENTS]]#0, %[[GRADIENTS]]#1) {batched = array<i1: true, false>}

// CHECK-LABEL: func.func @fit.evaluate(
// CHECK-NOT: nn.update_rows

// Who asks for the gradient of the table gets it.
// CHECK-LABEL: func.func @fit.gradient(
// CHECK-SAME: tensor<50x4xf32> {nn.output = "table", nn.output_role = "gradient"}
// CHECK: nn.gradient %{{.*}} wrt(%{{.*}}) : {{.*}}tensor<50x4xf32>
// CHECK-NOT: nn.update_rows
nn.variable @table : tensor<50x4xf32> {initializer = #nn.random_uniform, trainable}
nn.model @m(%a: tensor<?x6xi32>) -> tensor<?x3xf32> {
  %t = nn.get_variable @table : tensor<50x4xf32>
  %places = arith.constant dense<[0, 1, 2, 3, 4, 5]> : tensor<6xi32>
  %e = nn.embedding %a params(%t) {vocab = 50, dim = 4, lazy}
  %g = nn.embedding %places params(%t) {vocab = 50, dim = 4, lazy}
  %s = linalg.generic {
      indexing_maps = [affine_map<(b, i, j) -> (i, j)>, affine_map<(b, i, j) -> (b, i, j)>],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%g : tensor<6x4xf32>) outs(%e : tensor<?x6x4xf32>) {
    ^bb0(%x: f32, %old: f32):
      %sum = arith.addf %x, %old : f32
      linalg.yield %sum : f32
  } -> tensor<?x6x4xf32>
  %h = nn.flatten %s
  %y = nn.dense %h {units = 3}
  nn.return %y
}
nn.step @fit(%a: tensor<?x6xi32>, %y: tensor<?x3xf32>) {
  %p = nn.call @m(%a) : tensor<?x3xf32>
  %loss = nn.mean_squared_error %p, %y
  nn.minimize %loss over [@m] with #nn.adam
}
