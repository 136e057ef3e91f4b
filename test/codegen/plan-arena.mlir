// RUN: nnc-opt --nn-plan-arena %s | FileCheck %s

// Variables lie parameters first, then slots, then counters, whatever their order in the module; entries overlay each
// other behind them.
// CHECK: module attributes {nn.program = {arena_bytes = 1024 : i64, state_bytes = 256 : i64,
// CHECK-SAME: variables = {k = 0 : i64, k.m = 64 : i64, k.v = 128 : i64, step = 192 : i64}, worker_bytes = 128 : i64}}
nn.variable @step : tensor<i64> {role = "counter"}
nn.variable @k.m : tensor<4xf32> {role = "slot"}
nn.variable @k : tensor<4xf32>
nn.variable @k.v : tensor<4xf32> {role = "slot"}

// CHECK-LABEL: func.func @fit.train(%{{.*}}: memref<?xi8>)
// CHECK-SAME: nn.inputs = [{default = 1.000000e-03 : f64, name = "rate", offset = {{[0-9]+}} : i64, role = "learning_rate", type = tensor<f32>},
// CHECK-SAME: {name = "x", offset = [[X:[0-9]+]] : i64, range = array<i64: 0, 9>, role = "data", type = tensor<64xi32>}]
// CHECK-SAME: nn.outputs = [{name = "loss", offset = {{[0-9]+}} : i64, role = "loss", type = tensor<64xi32>}]
// What --nn-plan prints: %c lies where %a lay, which is dead by then.
// CHECK-SAME: nn.plan = {buffers = [{bytes = 256 : i64, kind = "temporary", live = array<i64: 3, 4>,
// CHECK-SAME: offset = [[A:[0-9]+]] : i64, type = tensor<64xi32>}, {bytes = 256 : i64, kind = "temporary",
// CHECK-SAME: live = array<i64: 4, 5>, {{.*}}, {bytes = 256 : i64, kind = "temporary", live = array<i64: 5, 6>,
// CHECK-SAME: offset = [[A]] : i64, type = tensor<64xi32>}, {bytes = 4 : i64, kind = "input", live = array<i64: 0, 0>,
// CHECK-SAME: name = "rate",
// CHECK-SAME: ops = 8 : i64}
func.func @fit.train(%rate: memref<f32> {nn.input = "rate", nn.input_role = "learning_rate", nn.default = 1.0e-3 : f64},
                     %x: memref<64xi32> {nn.input = "x", nn.input_role = "data", nn.range = array<i64: 0, 9>},
                     %k: memref<4xf32> {nn.variable = @k}, %step: memref<i64> {nn.variable = @step},
                     %loss: memref<64xi32> {nn.output = "loss", nn.output_role = "loss"})
    attributes {nn.entry = "train"} {
  // CHECK-COUNT-3: memref.view %{{.*}} : memref<?xi8> to memref<64xi32>
  // CHECK-NOT: memref.alloc
  %a = memref.alloc() : memref<64xi32>
  %b = memref.alloc() : memref<64xi32>
  %c = memref.alloc() : memref<64xi32>
  linalg.copy ins(%x : memref<64xi32>) outs(%a : memref<64xi32>)
  linalg.add ins(%a, %x : memref<64xi32>, memref<64xi32>) outs(%b : memref<64xi32>)
  linalg.copy ins(%b : memref<64xi32>) outs(%c : memref<64xi32>)
  linalg.copy ins(%c : memref<64xi32>) outs(%loss : memref<64xi32>)
  return
}

// Scratch of a parallel body gets offsets in its worker's area.
// CHECK-LABEL: func.func @m.predict
func.func @m.predict(%x: memref<8x4xf32> {nn.input = "x", nn.input_role = "data"}) attributes {nn.entry = "predict"} {
  scf.forall (%i) in (8) {
    // CHECK-DAG: memref.alloc() {nn.worker_offset = 0 : i64}
    // CHECK-DAG: memref.alloc() {nn.worker_offset = 64 : i64}
    // CHECK-DAG: memref.alloc() {nn.worker_offset = 0 : i64}
    %a = memref.alloc() : memref<4xf32>
    %b = memref.alloc() : memref<4xf32>
    %c = memref.alloc() : memref<4xf32>
    %row = memref.subview %x[%i, 0] [1, 4] [1, 1] : memref<8x4xf32> to memref<4xf32, strided<[1], offset: ?>>
    linalg.copy ins(%row : memref<4xf32, strided<[1], offset: ?>>) outs(%a : memref<4xf32>)
    linalg.copy ins(%a : memref<4xf32>) outs(%b : memref<4xf32>)
    linalg.copy ins(%b : memref<4xf32>) outs(%c : memref<4xf32>)
  }
  return
}
