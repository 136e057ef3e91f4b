// The passes of nnc on tensors, in the order of the pipeline.
#ifndef NN_PASSES_TD
#define NN_PASSES_TD

include "mlir/Pass/PassBase.td"

def CompileTo : Pass<"nn-compile", "::mlir::ModuleOp"> {
  let summary = "Take a module from the phase it is in to a later one";
  let description = [{
    Reads the phase of the module (its `nn.phase` attribute; `model` where it has none) and runs the passes from there
    to `phase`. `nnc-opt --phase=NAME` is this pass. See passes/Pipeline.cpp for what happens on the way.
  }];
  let options = [
    Option<"phase", "phase", "std::string", "\"binary\"",
           "where to stop: model, params, grad, fused, linalg, tiled, planned, binary">,
    Option<"batch", "batch", "int64_t", "32", "batch size of every entry point">,
    Option<"entries", "entries", "std::string", "\"init,train,evaluate,predict\"",
           "comma-separated entry points: init, train, evaluate, predict, gradient">,
    Option<"classWeights", "class-weights", "bool", "false", "have training steps take a weight for each class">,
    Option<"profile", "profile", "bool", "false", "tell the host when each kernel starts">,
    Option<"target", "target", "std::string", "\"cpu\"", "cpu, or reference: plain loops in f64 with libm">,
    Option<"march", "march", "std::string", "\"native\"", "CPU: native, or an LLVM name such as x86-64-v3">,
    Option<"triple", "triple", "std::string", "\"\"", "LLVM target triple; empty: this machine's">,
    Option<"tune", "tune", "bool", "false", "measure schedules of products on this machine (nn-tune-contractions)">,
    Option<"tuneThreads", "tune-threads", "int64_t", "0", "threads to measure for; 0: one a processor">,
    Option<"tuneResults", "tune-results", "std::string", "\"\"", "file that keeps what was measured">,
    Option<"gpuBlocks", "gpu-blocks", "int64_t", "128", "blocks that the GPU runs side by side">,
    Option<"matmulPrecision", "matmul-precision", "std::string", "\"f32\"",
           "what a GPU's program rounds factors of products to: f32, tf32 or bf16">,
    Option<"cublaslt", "cublaslt", "std::string", "\"never\"",
           "which products of a GPU's program cuBLASLt may do, where it is there: never, auto or always">,
  ];
}

//===----------------------------------------------------------------------===//
// model -> params
//===----------------------------------------------------------------------===//

def MaterializeParams : Pass<"nn-materialize-params", "::mlir::ModuleOp"> {
  let summary = "Make each layer's parameters variables of the module and operands of the layer";
  let description = [{
    Names every layer of a model (its `name` attribute, else its op's name, with `_1`, `_2`, … from the second on, as
    Keras does), creates an `nn.variable` for each parameter its LayerOpInterface asks for, and passes their values to
    the layer as `params`. A layer's location becomes `"model.layer"` at its place in the file, so that later errors
    and profiles name it. Layers that already have `params` keep them.

    ```mlir
    // %x: tensor<?x256xf32>
    // Before
    %y = nn.dense %x {units = 10}
    // After
    %k = nn.get_variable @classifier.dense.kernel : tensor<256x10xf32>
    %b = nn.get_variable @classifier.dense.bias : tensor<10xf32>
    %y = nn.dense %x params(%k, %b) {units = 10}
    ```
  }];
}

def Report : Pass<"nn-report", "::mlir::ModuleOp"> {
  let summary = "Print what each model consists of and what each training step costs, by layer";
  let description = [{
    First a table of each model like Keras' `model.summary()`, then, of each `nn.step`, what a step does and needs, by
    layer and in total: multiply-adds and floating-point operations of forward pass, backward pass and update, bytes
    moved, parameters, optimiser state, gradients, activations kept for the backward pass. docs/report.md defines each
    number and the formats `json`, `csv` and `html`.

    For the steps the file is compiled as far as the plan of its memory, with `batch`, `target`, `march` and `triple`:
    the numbers are those of the program that would run. No weights are made. The module stays as it is.

    With a `device`, times are estimated: for each kernel the longer of operations / peak and bytes / bandwidth. Of a
    `target` for GPUs the kernels are its launches, and the device is no CPU.
    `compare` names further files, which are then shown side by side.
  }];
  let options = [
    Option<"table", "table", "bool", "false", "Print tables, as without a format">,
    Option<"json", "json", "bool", "false", "Print JSON">,
    Option<"csv", "csv", "bool", "false", "Print CSV, one line a layer">,
    Option<"html", "html", "bool", "false", "Print one HTML file that needs no other">,
    Option<"batch", "batch", "int64_t", "32", "samples of a step">,
    Option<"target", "target", "std::string", "\"cpu\"", "cpu, reference, cuda, cuda-emulator or cuda-races">,
    Option<"march", "march", "std::string", "\"native\"", "CPU to compile for">,
    Option<"triple", "triple", "std::string", "\"\"", "LLVM target triple; empty: this machine's">,
    Option<"device", "device", "std::string", "\"\"", "name or FILE.json of the device to estimate times for">,
    Option<"samples", "samples", "int64_t", "0", "training samples of an epoch">,
    Option<"gpuBlocks", "gpu-blocks", "int64_t", "128", "blocks that the GPU runs side by side">,
    Option<"matmulPrecision", "matmul-precision", "std::string", "\"f32\"",
           "what a GPU's program rounds factors of products to: f32, tf32 or bf16">,
    Option<"cublaslt", "cublaslt", "std::string", "\"never\"",
           "which products of a GPU's program cuBLASLt may do, where it is there: never, auto or always">,
    Option<"compare", "compare", "std::string", "\"\"", "comma-separated files to show beside this one">,
  ];
}

//===----------------------------------------------------------------------===//
// params -> grad
//===----------------------------------------------------------------------===//

def CheckSamples : Pass<"nn-check-samples", "::mlir::ModuleOp"> {
  let summary = "Refuse upstream ops that mix the samples of a batch";
  let description = [{
    Follows the batch dimension through models and steps. An op that reduces over it, takes part of it, or does anything
    with it that cannot be followed, is refused: the samples that fill up a short last batch would change the results
    of valid ones. Layers and losses of the nn dialect are trusted: those that mix samples take a mask. So is refused
    what makes a result depend on the batch otherwise: `linalg.index` of it but to read the sample's own elements, and
    `tensor.dim` of it but as the size of a tensor.
  }];
}

def BuildEntries : Pass<"nn-build-entries", "::mlir::ModuleOp"> {
  let summary = "Make one function per entry point: init, train, evaluate, predict";
  let description = [{
    For each step `@fit` makes `@fit.train` and `@fit.evaluate`, for each model `@m` makes `@m.predict`, and one
    `@init`. Calls are inlined, the batch is fixed, masks and random keys are wired in, training-only ops take their
    inference form outside training. All state is explicit: variables come in as arguments and, where the entry changes
    them, go out as results. In train functions a `nn.gradient` op stands where gradients are asked for
    (`--nn-differentiate` expands it). Slots and counters become `nn.variable`s.
  }];
  let dependentDialects = ["::mlir::nn::NNDialect"];
  let options = [
    Option<"batch", "batch", "int64_t", "32", "batch size of every entry point">,
    Option<"entries", "entries", "std::string", "\"init,train,evaluate,predict\"",
           "comma-separated entry points: init, train, evaluate, predict, gradient">,
    Option<"mostBlocks", "most-blocks", "int64_t", "0",
           "For targets that run so many blocks of many threads side by side: layers are lowered for these, not for a "
           "few fast cores; 0: for the latter">,
    Option<"classWeights", "class-weights", "bool", "false",
           "have training steps take a weight for each class, which a sample's loss is multiplied by">,
  ];
}

def DefineBehaviour : Pass<"nn-define-behaviour", "::mlir::ModuleOp"> {
  let summary = "Give upstream ops a result, or an error, where upstream leaves their behaviour undefined";
  let description = [{
    What a model file says must not make a program read or write elsewhere, or trap. An index, an offset, a step or a
    divisor that is known to be wrong is an error. What is not known until the program runs becomes harmless:

    - `tensor.extract`, `tensor.insert`, slices: an index that is negative or too large is the largest one there is.
    - integer division and remainder: by zero they give 0; the smallest number divided by -1 wraps to itself.
    - shifts by the width or more: 0, or the sign.
    - floats to integers: what the type does not hold is the nearest that it does, NaN is 0.
    - `scf.for`: a step below 1 is 1.
    - `tensor.empty`: where it may be written in part only, or a loop or a branch hands it on, it starts from zeros. An op
      that reads its elements is an error.

    Nothing is added where the range of an index shows that it is right (a loop's induction variable, `linalg.index`,
    arithmetic on them). Flags that promise something of operands (`overflow<nsw>`, `exact`, `nneg`, `fastmath`) are
    dropped. Sizes and strides of slices and amounts of padding must be known.

    ```mlir
    // %t: tensor<10xf32>
    // %i: index
    // Before
    %x = tensor.extract %t[%i] : tensor<10xf32>
    // After
    %last = arith.constant 9 : index
    %j = arith.minui %i, %last : index
    %x = tensor.extract %t[%j] : tensor<10xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect"];
}

def StabilizeLosses : Pass<"nn-stabilize-losses", "::mlir::func::FuncOp"> {
  let summary = "Compute losses on logits where a model ends in softmax";
  let description = [{
    Asks each op for its numerically stable form (StabilizableOpInterface).

    ```mlir
    // %x: tensor<?x256xf32>
    // %k: tensor<256x10xf32>
    // %b: tensor<10xf32>
    // Before
    %y = nn.dense %x params(%k, %b) {units = 10, activation = softmax}
    %loss = nn.sparse_categorical_crossentropy %y, %label
    // After
    %z = nn.dense %x params(%k, %b) {units = 10}
    %loss = nn.sparse_categorical_crossentropy %z, %label {from_logits}
    ```
  }];
}

def Differentiate : Pass<"nn-differentiate", "::mlir::func::FuncOp"> {
  let summary = "Expand nn.gradient by reverse-mode differentiation";
  let description = [{
    Walks the function backward from the loss and asks each op on the way for its adjoint (DifferentiableOpInterface).
    A layer that has none is lowered first and its lowering differentiated. Ops without a gradient are reported, all of
    them at once, before anything is changed. A train function whose loss has a gradient with respect to none of the
    parameters it is minimised over is refused.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect"];
}

//===----------------------------------------------------------------------===//
// fused -> linalg
//===----------------------------------------------------------------------===//

def DropAdjointMarks : Pass<"nn-drop-adjoint-marks", "::mlir::func::FuncOp"> {
  let summary = "Remove the marks of ops that adjoints emitted";
  let description = [{
    `--nn-differentiate` marks what adjoints emit with `nn.adjoint`, so that a test can change each of them and see the
    gradient checks fail. From here on the marks would only keep equal ops apart.
  }];
}

def LowerLayers : Pass<"nn-lower-layers", "::mlir::func::FuncOp"> {
  let summary = "Replace every op of the nn dialect by its lowering to upstream dialects";
}

def FoldTransposes : Pass<"nn-fold-transposes", "::mlir::func::FuncOp"> {
  let summary = "Read and write tensors in the order in which transpositions would put them";
  let description = [{
    A `linalg.generic` or a slice that reads a transposed tensor reads the original; an elementwise op whose result is
    transposed wherever it is read writes it in that order. Recurrent layers hold their sequences time-major, and
    transpose at their borders: between two of them nothing is moved.

    ```mlir
    // Before
    func.func @reader(%x: tensor<4x3xf32>, %e: tensor<3x4xf32>) -> tensor<3x4xf32> {
      %t = linalg.transpose ins(%x : tensor<4x3xf32>) outs(%e : tensor<3x4xf32>) permutation = [1, 0]
      %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                           iterator_types = ["parallel", "parallel"]}
          ins(%t : tensor<3x4xf32>) outs(%e : tensor<3x4xf32>) {
        ^bb0(%a: f32, %out: f32):
          %b = math.exp %a : f32
          linalg.yield %b : f32
      } -> tensor<3x4xf32>
      return %y : tensor<3x4xf32>
    }
    // After
    func.func @reader(%x: tensor<4x3xf32>, %e: tensor<3x4xf32>) -> tensor<3x4xf32> {
      %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>],
                           iterator_types = ["parallel", "parallel"]}
          ins(%x : tensor<4x3xf32>) outs(%e : tensor<3x4xf32>) {
        ^bb0(%a: f32, %out: f32):
          %b = math.exp %a : f32
          linalg.yield %b : f32
      } -> tensor<3x4xf32>
      return %y : tensor<3x4xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::tensor::TensorDialect", "::mlir::linalg::LinalgDialect"];
}

def FuseElementwise : Pass<"nn-fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "Fuse chains of elementwise linalg ops, leaving contractions whole";
  let description = [{
    Upstream's elementwise fusion under a rule of our own: a producer with one use goes into its consumer, unless the
    consumer is a contraction, or the two would make a very large body. Bits do not change: the same scalar operations
    run in the same order for each element.
  }];
}

def LowerSplats : Pass<"nn-lower-splats", "::mlir::func::FuncOp"> {
  let summary = "Replace splat constants of tensor type by fills";
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
  let description = [{
    ```mlir
    // Before
    %z = arith.constant dense<0.0> : tensor<4xf32>
    // After
    %c = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<4xf32>
    %z = linalg.fill ins(%c : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
}

def ExpandMath : Pass<"nn-expand-math", "::mlir::func::FuncOp"> {
  let summary = "Write elementary functions out in arithmetic";
  let description = [{
    Replaces the math dialect's functions on f32 and f64, scalars and vectors, by range reduction and polynomials in
    arith and math.fma, without branches. What stays is what every target has an instruction for: sqrt, fma, absf,
    copysign. So compiled programs need no libm, loops vectorise, and all targets with a fused multiply-add compute the
    same bits. Ops that have no expansion are errors.

    Largest errors, in units in the last place (test/codegen/elementary-functions.test measures them):

    | function                            | f32  | f64 |
    |-------------------------------------|------|-----|
    | exp, log, erf                       | 1    | 1   |
    | exp2                                | 1.1  | 1.1 |
    | tanh, log1p                         | 1.5  | 1.5 |
    | expm1                               | 1.5  | 2   |
    | log2                                | 2    | 2   |
    | log10                               | 2.5  | 2.5 |
    | erfc                                | 5    | 7   |
    | sin, cos (up to 2^30)               | 0.51 | 2   |
    | tan (up to 2^30)                    | 0.51 | 4   |
    | powf                                | 0.51 | 2   |
    | floor, ceil, trunc, round, roundeven| 0    | 0   |

    Infinities, NaN and signed zeros are as in C's Annex F, but that sin(-0) is 0; subnormal arguments and results are
    computed, but that expm1 loses the last bit of a subnormal. Sines of arguments beyond 2^30 are NaN. On processors
    without a fused multiply-add sines are as accurate up to 2^20 only, erf is within 1.1, erfc loses up to six bits
    where it is smallest, and powf on f64 has ten bits less. A sigmoid is best written 1 / (1 + exp(-x)): no
    intermediate cancels or turns into NaN, and the error stays below 2.5 where exp(-x) is finite.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def ExpandRandom : Pass<"nn-expand-random", "::mlir::func::FuncOp"> {
  let summary = "Compute random words in integer arithmetic";
  let description = [{
    Replaces nn.philox by the ten rounds of Philox 4x32-10. No branches: code generation vectorises them like any
    other arithmetic, and every target draws the same numbers.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

#endif
