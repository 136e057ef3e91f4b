// RUN: nnc-opt %s --nn-plan-arena --nn-plan | FileCheck %s
// RUN: nnc-opt %s --nn-plan-arena --nn-plan=table | FileCheck %s
// RUN: nnc-opt %s --nn-plan-arena --nn-plan=json | FileCheck %s --check-prefix=JSON
// A plan reads back in; a module without one is refused.
// RUN: nnc-opt %s --nn-plan-arena | nnc-opt --nn-plan | FileCheck %s
// RUN: not nnc-opt %s --nn-plan 2>&1 | FileCheck %s --check-prefix=NONE
// Of a model file, the plan is that of the program --batch describes, with the layers by name.
// RUN: nnc-opt %S/../../models/mlp.mlir --nn-plan --batch=5 | FileCheck %s --check-prefix=MODEL
// RUN: nnc-opt %S/../../models/mlp.mlir --nn-plan=json --batch=5 --entries=predict | FileCheck %s --check-prefix=PREDICT

// Layers that start from equal values have buffers of their own all the same.
// RUN: nnc-opt %S/../../models/text_classifier.mlir --nn-plan --batch=8 --entries=predict | FileCheck %s --check-prefix=OWN

// OWN: 64x8x512xf32 temporary classifier.lstm{{ }}
// OWN: 64x8x512xf32 temporary classifier.lstm_1{{ }}

// NONE: the module has no nn.program; --nn-plan-arena makes it

// CHECK: Variables, in all entry points
// CHECK: Variable Type Offset Bytes
// CHECK: k 4xf32 0 16
// CHECK: State: 64 bytes

// CHECK: Entry point: "fit.train", 6 ops
// CHECK: Buffer Type Kind Layer Offset Bytes First op Last op
// CHECK: - 4xf32 scratch of loop 0 {{.*}}plan.mlir:{{[0-9:]+}} 0 16 1 3
// CHECK: - 8x4xf32 temporary m.dense 64 128 1 4
// CHECK: x 8x4xf32 input {{.*}}plan.mlir:{{[0-9:]+}} 192 128 0 2
// CHECK: loss 4xf32 output {{.*}}plan.mlir:{{[0-9:]+}} 192 16 4 5
// From op 1 on both large buffers are alive, at op 4 one of them and the loss, which lies where x lay.
// CHECK: Peak: 320 bytes, by kind at op 1: variable 64, input 128, output 0, temporary 128, gaps 0
// CHECK: Lower bound: 320 bytes, alive at that op
// CHECK: Scratch of each worker: 64 bytes; lower bound 64 bytes
// CHECK: Copies: part 1

// CHECK: Program
// CHECK: Arena: 320 bytes, 64 bytes of it state
// CHECK: Scratch of each worker: 64 bytes

// JSON: "arena_bytes": 320,
// JSON: "state_bytes": 64,
// JSON: "worker_bytes": 64,
// JSON: "variables": [
// JSON: "kind": "variable",
// JSON-NEXT: "name": "k",
// JSON: "type": "4xf32",
// JSON-NEXT: "offset": 0,
// JSON-NEXT: "bytes": 16
// JSON: "entries": [
// JSON: "name": "fit.train",
// JSON-NEXT: "ops": 6,
// JSON-NEXT: "peak_bytes": 320,
// JSON-NEXT: "lower_bound_bytes": 320,
// JSON-NEXT: "lower_bound": {
// JSON-NEXT: "op": 1,
// JSON-NEXT: "variable": 64,
// JSON-NEXT: "input": 128,
// JSON-NEXT: "output": 0,
// JSON-NEXT: "temporary": 128
// JSON: "worker_peak_bytes": 64,
// JSON-NEXT: "worker_lower_bound_bytes": 64,
// JSON-NEXT: "copies": {
// JSON-NEXT: "part": 1
// JSON-NEXT: },
// JSON-NEXT: "buffers": [
// JSON: "kind": "scratch",
// JSON: "first": 1,
// JSON-NEXT: "last": 3,
// JSON-NEXT: "loop": 0
// JSON: "kind": "temporary",
// JSON-NEXT: "layer": "m.dense",

// MODEL: classifier.dense.kernel 784x
// MODEL: Entry point: "fit.train"
// MODEL: temporary classifier.dense
// MODEL: image 5x784xf32 input
// PREDICT: "name": "classifier.predict",
// PREDICT-NOT: "name": "fit.train",
// PREDICT: "type": "5x784xf32"
module attributes {nn.phase = "planned"} {
  nn.variable @k : tensor<4xf32>

  func.func @fit.train(%x: memref<8x4xf32> {nn.input = "x", nn.input_role = "data"},
                       %k: memref<4xf32> {nn.variable = @k},
                       %loss: memref<4xf32> {nn.output = "loss", nn.output_role = "loss"})
      attributes {nn.copies = {part = 1 : i64}, nn.entry = "train"} {
    %h = memref.alloc() : memref<8x4xf32> loc("m.dense")
    scf.forall (%i) in (8) {
      %row = memref.alloc() : memref<4xf32>
      linalg.copy ins(%k : memref<4xf32>) outs(%row : memref<4xf32>)
      %to = memref.subview %h[%i, 0] [1, 4] [1, 1] : memref<8x4xf32> to memref<4xf32, strided<[1], offset: ?>>
      linalg.copy ins(%row : memref<4xf32>) outs(%to : memref<4xf32, strided<[1], offset: ?>>)
    }
    linalg.copy ins(%x : memref<8x4xf32>) outs(%h : memref<8x4xf32>)
    %last = memref.subview %h[7, 0] [1, 4] [1, 1] : memref<8x4xf32> to memref<4xf32, strided<[1], offset: 28>>
    linalg.copy ins(%last : memref<4xf32, strided<[1], offset: 28>>) outs(%loss : memref<4xf32>)
    return
  }
}
