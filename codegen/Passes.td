// The passes of nnc from tensors to machine code, in the order of the pipeline.
#ifndef NN_CODEGEN_PASSES_TD
#define NN_CODEGEN_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// linalg -> tiled
//===----------------------------------------------------------------------===//

def WidenElements : Pass<"nn-widen-elements", "::mlir::ModuleOp"> {
  let summary = "Make every f32 of a program an f64 (target reference)";
  let description = [{
    Types, constants, variables, inputs (the learning rate too) and outputs. Where a program looks at the bits of a
    float, it sees those of the f32.
  }];
}

def SeparateDestinations : Pass<"nn-separate-destinations", "::mlir::func::FuncOp"> {
  let summary = "Prepare tensors for bufferization in place";
  let description = [{
    Gives every destination that costs no more to make than to copy (an empty tensor, a fill, a splat constant) to one
    op alone, and writes each loop-carried value back into what carries it where it is not there by construction. CSE
    must not run between this pass and bufferization.

    ```mlir
    // %c0: f32
    // %m: tensor<4x4xf32>
    // %x: tensor<4xf32>
    // %y: tensor<4xf32>
    // Before
    %e = tensor.empty() : tensor<4xf32>
    %zero = linalg.fill ins(%c0 : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    %a = linalg.matvec ins(%m, %x : tensor<4x4xf32>, tensor<4xf32>) outs(%zero : tensor<4xf32>) -> tensor<4xf32>
    %b = linalg.matvec ins(%m, %y : tensor<4x4xf32>, tensor<4xf32>) outs(%zero : tensor<4xf32>) -> tensor<4xf32>
    // After: one %zero for each
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}

def BindBuffers : Pass<"nn-bind-buffers", "::mlir::func::FuncOp"> {
  let summary = "Give every entry point buffers for its inputs, outputs and variables";
  let description = [{
    Turns an entry point's tensor arguments into memref arguments, and its results into writes: a variable's new value
    goes into the variable's own buffer, an output into a buffer added as a further argument.

    ```mlir
    // Before
    func.func private @fit.train(%w: tensor<4xf32> {nn.variable = @m.w})
        -> (tensor<f32> {nn.output = "loss"}, tensor<4xf32> {nn.variable = @m.w})
    // After
    func.func private @fit.train(%w: memref<4xf32> {nn.variable = @m.w}, %loss: memref<f32> {nn.output = "loss"})
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect"];
}

def Bufferize : Pass<"nn-bufferize", "::mlir::ModuleOp"> {
  let summary = "Give every tensor a buffer, in place where that is possible";
  let description = [{
    Upstream's one-shot bufferization of one function at a time, all functions in parallel, after its elimination of
    empty tensors: what is computed to be written into some place is computed there. Functions have buffers at their
    boundaries (nn-bind-buffers) and do not call one another. The analysis takes longer than in proportion to a function's
    reads and writes: loops of a function's body that carry tensors alone are bufferized apart from it, equal ones once.

    ```mlir
    // %x: memref<4xf32>
    // %m: tensor<4x4xf32>
    // %v: tensor<4xf32>
    // Before
    %t = bufferization.to_tensor %x restrict writable : memref<4xf32> to tensor<4xf32>
    %a = linalg.matvec ins(%m, %v : tensor<4x4xf32>, tensor<4xf32>) outs(%t : tensor<4xf32>) -> tensor<4xf32>
    // After: a linalg.matvec on buffers whose destination is %x
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect",
                           "::mlir::affine::AffineDialect"];
}

def CheckBuffers : Pass<"nn-check-buffers", "::mlir::func::FuncOp"> {
  let summary = "Refuse buffers that cannot be planned, and copies without a reason";
  let description = [{
    After bufferization: refuses allocations of unknown size, buffers that escape from their entry point or cannot be
    traced to an allocation, loops whose carried buffers would take turns, and updates of variables that stand before
    the last use of the old value. Every copy gets its reason, one of a closed list, as `nn.copy_reason`:

    - `output`: into an output's buffer, the value being also something else (a variable, an input, another output);
    - `variable`: a new value into its variable, computed elsewhere as the op that makes it reads the old one;
    - `sequence`: a value of a loop's turn into its slot of a sequence;
    - `part`: a part into a whole: concatenation, padding, the adjoint of a slice;
    - `initial`: a starting value into a buffer that a loop or an accumulating op overwrites, as it is needed again;
    - `carried`: a loop's next value into the buffer that carries it, computed elsewhere as it reads the old one.

    `nn.copies` on the entry point counts them by reason. The one reason that comes later, in nn-lower-contractions, is
    `packed`: an operand of a product in the order in which its loops read it. What a kernel holds in the first cache
    for a while, a panel of a few columns, is part of the kernel and counts as none.
  }];
}

def LowerCopies : Pass<"nn-lower-copies", "::mlir::func::FuncOp"> {
  let summary = "Make strided copies linalg.copy ops";
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def NormalizeGenerics : Pass<"nn-normalize-generics", "::mlir::func::FuncOp"> {
  let summary = "Make every linalg operation and copy on buffers a linalg.generic without loops of one iteration";
  let description = [{
    Named operations and memref.copy become linalg.generic; loops of one iteration are dropped, and with them the unit
    dimensions of operands; views of what does not change in a loop are made before it.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect"];
}

class CpuPass<string argument> : Pass<argument, "::mlir::func::FuncOp"> {
  list<Option> marchOption = [
    Option<"march", "march", "std::string", "\"native\"",
           "Processor to generate code for: native, or an LLVM name such as x86-64-v3">
  ];
  let options = marchOption;
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::mlir::linalg::LinalgDialect"
  ];
}

def TuneContractions : Pass<"nn-tune-contractions", "::mlir::ModuleOp"> {
  let summary = "Measure schedules of matrix products on this machine, and put the best ones on them";
  let description = [{
    Each product, with what is computed along with it and the loops that it stands in, is compiled by itself with
    several schedules near that of the target's description, and timed in another process (nnc-time). It gets an
    `nn.schedule`, which nn-lower-contractions follows: empty where nothing was clearly faster than the target's own
    choice. No schedule changes a bit of the result. Products too small to measure are left alone, and those that have a
    schedule, and those whose order of sums is another (one row that lies along the sum).

    Results are kept in a file, under a hash of the product as IR, the processor's name, `march`, `threads` and the
    compiler; what is there is not measured again. A file that cannot be read or written is a warning.

    ```
    // Before
    linalg.generic {...} ins(%a, %b : memref<128x512xf32>, memref<2048x512xf32>) ...
    // After
    linalg.generic {...} ins(%a, %b : memref<128x512xf32>, memref<2048x512xf32>) ...
        attrs = {nn.schedule = {block_of_a = "in_place", block_sums = 512 : i64, panels = "per_task",
                                tasks = array<i64: 1, 2>, tile = array<i64: 14, 2>}}
    ```
  }];
  let options = [
    Option<"march", "march", "std::string", "\"native\"",
           "Processor to generate code for, one that this machine can be">,
    Option<"triple", "triple", "std::string", "\"\"",
           "LLVM target triple; empty: this machine's, and no other will do">,
    Option<"threads", "threads", "int64_t", "0", "Threads that the program will have; 0: one a processor">,
    Option<"results", "results", "std::string", "\"\"",
           "File of results; empty: $XDG_CACHE_HOME/nnc/tuned.tsv, else ~/.cache/nnc/tuned.tsv">
  ];
}

def MapToGpu : Pass<"nn-map-to-gpu", "::mlir::func::FuncOp"> {
  let summary = "Make an entry point a list of kernel launches";
  let description = [{
    On normalized linalg.generic ops on buffers (nn-normalize-generics). Every entry point but `init`, which stays the
    host's, becomes gpu.launch ops, one a level of the graph of what needs what: steps that need nothing of each other
    stand in one launch, each on blocks of its own.

    - A matrix product with the elementwise operations around it: tiles of blocks, both factors' parts in shared memory,
      sums in registers.
    - An elementwise operation or a reduction: an element a thread; a sum along contiguous memory sixteen threads.
    - A parallel loop (scf.forall), a recurrent layer's blocks of the batch: a turn a block, which keeps its temporaries
      in shared memory across all time steps (in an arena's buffer for each turn, where there is no room). Each operation
      inside is shared out among the block's threads, with barriers between those that touch the same memory;
      elementwise ones run together. A product whose second factor no turn of the loop over time changes keeps that factor
      in registers and shared memory, as far as these reach. Where it has fewer columns than the block threads, groups of
      threads have terms each and hand their sums on.
    - Such a loop with a factor that no block can keep: several blocks share a turn, each having units of its own and
      their columns of the factor, and wait for all others in each time step (`gpu.barrier {nn.grid}`). Its launch has
      `nn.cooperative`: its blocks, no more than the entry's `nn.most_blocks`, have to run at the same time. No other
      step stands in it, nor beside a loop of more than half as many blocks.
    - A loop with `nn.independent_turns`: a turn a thread.
    - All that is small, in a row: one block.

    Each element is computed by the same operations in the same order as on CPUs, so results are equal bit for bit, but
    for `matmul-precision`: with tf32 or bf16, tiles are multiplied on tensor cores (nvgpu.mma.sync), their factors
    rounded to that type and sums in f32; so are products in loops over time whose factor lies in parts, where a block
    has eight rows or more. The entry then has `nn.matmul_precision`, and parts say `tensor_flops`. With `cublaslt`, a
    product that is left to cuBLASLt, where that is there, has a launch of its own, which says so first
    (nn.library_product), and takes no more neighbours along than the library does: zeros or a bias that it starts from,
    a bias and relu after it.

    The entry gets `nn.device`, and each launch `nn.parts`: of every step in it, for each layer and stage that it works
    for, the floating-point operations, the bytes (each buffer once that it reads, and that it writes) and, with the
    step's first, its shared memory of a block.

    ```
    // Before
    func.func @f.predict(%x: memref<1024x64xf32>, %y: memref<1024x64xf32>) attributes {nn.entry = "predict"}
      linalg.generic {...} ins(%x : memref<1024x64xf32>) outs(%y : memref<1024x64xf32>) ...
    // After
      gpu.launch blocks(%b, ...) in (%c256, ...) threads(%t, ...) in (%c256, ...) { ... }
    ```
  }];
  let dependentDialects = ["::mlir::gpu::GPUDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
                           "::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::nvgpu::NVGPUDialect", "::mlir::NVVM::NVVMDialect", "::mlir::ub::UBDialect"];
  let options = [
    Option<"matmulPrecision", "matmul-precision", "std::string", "\"f32\"",
           "what factors of products are rounded to: f32, tf32 or bf16">,
    Option<"cublaslt", "cublaslt", "std::string", "\"never\"",
           "which products cuBLASLt may do, where it is there: never, auto or always">,
  ];
}

def ShareKernels : Pass<"nn-share-kernels", "::mlir::ModuleOp"> {
  let summary = "Make functions of what entry points compute more than once, with other buffers";
  let description = [{
    A matrix product with the elementwise operations that are computed along with it, or a parallel loop, that stands in
    an entry point's body more than once, but for its buffers and up to 8 numbers (no indices), becomes a private function
    of buffers and scalars, marked `nn.kernel`, which the entry calls: equal layers are lowered, planned and compiled
    once. `nn.writes` on a call says which operands the kernel may write, its location for which layers and stages the
    kernel works there, in the order of the kernel's location: pieces whose ops work for layers in another pattern are
    another kernel. Nothing that a kernel computes changes.

    ```
    // Before
    linalg.generic {...} ins(%x, %w0 : memref<32x128xf32>, memref<128x128xf32>) outs(%y0 : memref<32x128xf32>) ...
    linalg.generic {...} ins(%y0, %w1 : memref<32x128xf32>, memref<128x128xf32>) outs(%y1 : memref<32x128xf32>) ...
    // After
    call @fit.train.m.dense.forward(%x, %w0, %y0) {nn.writes = array<i1: false, false, true>} : ...
    call @fit.train.m.dense.forward(%y0, %w1, %y1) {nn.writes = array<i1: false, false, true>} : ...
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::vector::VectorDialect"];
}

def SplitKernels : Pass<"nn-split-kernels", "::mlir::ModuleOp"> {
  let summary = "Give each parallel loop of a shared kernel a kernel of its own, and callers what kernels allocate";
  let description = [{
    After this a kernel is one parallel loop or serial code, and allocates nothing outside of that loop: nn-plan-arena,
    which plans entry points, gives its temporaries a place for each call, and a profile tells as much of it as of code
    that is not shared. Copies that a kernel counts in `nn.copies` count for each call.

    ```
    // Before
    func.func private @k(%a: memref<8x8xf32>, %c: memref<8x8xf32>) attributes {nn.kernel} {
      %panels = memref.alloc() : memref<64xf32>
      scf.forall (%i) in (2) { ... } // from %a to %panels
      scf.forall (%i) in (4) { ... } // from %panels to %c
    // After
    func.func private @k_0(%panels: memref<64xf32>, %a: memref<8x8xf32>) attributes {nn.kernel} { ... }
    func.func private @k_1(%c: memref<8x8xf32>, %panels: memref<64xf32>) attributes {nn.kernel} { ... }
    ```
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::func::FuncDialect"];
}

def LowerContractions : CpuPass<"nn-lower-contractions"> {
  let summary = "Turn matrix products on buffers into register-tiled vector loops";
  let description = [{
    A linalg.generic that adds products of two inputs, in any arrangement of batch, row, column and sum loops, becomes
    tiles whose accumulators stay in vector registers through all terms of the sum. Each element is one chain of FMAs
    in increasing order of the sum's loops, so tiles change no bit. An elementwise operation that fills the result
    before, and those that read it after, are computed tile by tile along with it; a result that nobody else reads is
    never stored. A second factor whose columns are not contiguous is transposed into a buffer first, outside of all
    loops in which it does not change. Large products become scf.forall, unless they stand in one already.

    How a product is cut into tiles, blocks and tasks follows from the target's description. `nn.schedule` on the
    linalg.generic says otherwise, of all or of some of it; what is not possible is an error:

    ```
    linalg.generic {...} ... attrs = {nn.schedule = {tile = array<i64: 6, 2>}}
    ```

    - `tile`: rows, and vectors of columns, of the largest register tile;
    - `panels`: how the second factor is read: `in_place`, `transposed`, in place by blocks of the sum (`streamed`), copied
      `per_task` or once for all (`shared`);
    - `by_rows`: where it is read in place, whether tiles go row by row;
    - `block_sums`: where it is streamed or copied, terms of a block of the sum;
    - `block_of_a`: where it is copied, whether the first factor's rows for a block are copied too: `in_place`,
      `row_major`, `tile_major`;
    - `tasks`: shares of the rows, and of the columns.
  }];
}

def ParallelizeLoops : CpuPass<"nn-parallelize-loops"> {
  let summary = "Run loops whose turns are independent as parallel loops over blocks of turns";
  let description = [{
    `nn.independent_turns` on a loop says that no turn touches what another one writes, and how many turns there are at
    most; how many there are indeed may be known only as the program runs. Blocks are cut from the most there can be, so
    that they depend on shapes alone. A loop stays serial where it carries values, stands in a parallel loop already,
    writes a temporary that its turns share, or has less work than a task is worth.

    ```
    // Before
    scf.for %row = %c0 to %rows step %c1 { ... } {nn.independent_turns = 2048 : i64}
    // After
    scf.forall (%task) in (32) {
      %begin = arith.muli %task, %c64
      %end = arith.addi %begin, %c64
      %last = arith.minsi %end, %rows
      scf.for %row = %begin to %last step %c1 { ... }
    }
    ```
  }];
}

def FuseRows : CpuPass<"nn-fuse-rows"> {
  let summary = "Run neighbouring operations on the same rows as one parallel loop over blocks of rows";
  let description = [{
    The rows of a linalg.generic are its leading parallel loops. Neighbours on the same rows share one scf.forall, in
    which each runs on a block of rows while a cache holds it: a softmax cross-entropy, its gradient and its metrics
    read the logits from memory once. An operation joins where, of each buffer that one of them writes and the other
    touches, both touch row i only in iteration i, as the indexing maps into the same view show. What needs all rows of
    a result, such as the mean of the losses, runs after the loop; what stands between for other reasons, before it.

    - A buffer that only the loop uses becomes a block of it in the worker's scratch.
    - A value that two of the operations compute alike, at the cost of more than a store and a load (softmax's
      exponentials: of the sum, of the gradient), is computed once.
    - A result takes the place of a buffer of its type whose rows are read for the last time before the result's are
      written: a gradient that of the logits.

    At least two of the operations must be large enough to be parallel by themselves, there must be rows enough for
    about as many tasks as they have alone, and caches must hold a row. No sum changes its order: vectors run along no
    row, but in operations that are small and sum nothing. Blocks divide the rows evenly, so that no block has a tail.

    ```
    // Before
    linalg.generic ... ins(%x : memref<2048x4096xf32>) outs(%max : memref<2048xf32>) { maximum }
    linalg.generic ... ins(%x, %max : ...) outs(%y : memref<2048x4096xf32>) { ... }
    // After
    scf.forall (%task) in (64) {
      scf.for %block = ... {
        %rows = memref.subview %x[%block, 0] [2, 4096] [1, 1]
        linalg.generic ... ins(%rows : memref<2x4096xf32, ...>) outs(...) { maximum }
        linalg.generic ... ins(%rows, ... : ...) outs(...) { ... }
      }
    }
    ```
  }];
}

def VectorizeGenerics : CpuPass<"nn-vectorize-generics"> {
  let summary = "Turn every other linalg.generic on buffers into vector loops";
  let description = [{
    Loops through contiguous memory are merged; vectors run along the loop in which most operands are contiguous.
    Reductions along that loop keep 16 lanes and end in a fixed tree, others go in the order of their loops.
    What is left over at the end of a row is one shorter vector. Large operations become scf.forall, unless they stand
    in one already.
  }];
}

def ExpandFma : CpuPass<"nn-expand-fma"> {
  let summary = "Replace math.fma by a product and a sum where the processor has no FMA";
}

//===----------------------------------------------------------------------===//
// tiled -> planned
//===----------------------------------------------------------------------===//

def PlanArena : Pass<"nn-plan-arena", "::mlir::ModuleOp"> {
  let summary = "Give every buffer its place in the one arena of the program";
  let description = [{
    Variables come first, parameters before slots before counters, so that they lie alike in every program of a model;
    behind them each entry point places its inputs, outputs and scratch, entries overlaying each other. A buffer lives
    from the first to the last op of the entry's body that touches it, an input from the start, an output to the end.
    Buffers inside a parallel loop get an offset in their worker's scratch (`nn.worker_offset`). A call of a shared kernel
    is one op, in which all buffers that it is given are in use; the kernel's parallel loop counts as a loop of the entry,
    once for each call.

    An entry then takes the arena alone; `nn.inputs` and `nn.outputs` say where the rest lies, `nn.program` on the
    module how large all is and where the variables are, and `nn.plan` on the entry lists its buffers with place and lifetime,
    which `--nn-plan` prints. Launches of a device's kernels get `nn.time`, by which lifetimes count. A module that has
    been planned stays as it is.
  }];
  let options = [
    Option<"overlay", "overlay", "bool", "true",
           "Let buffers that are not alive together share bytes; without it a wrong lifetime does no harm, which helps to "
           "find it">
  ];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect"];
}

def Plan : Pass<"nn-plan", "::mlir::ModuleOp"> {
  let summary = "Print where every buffer lies and when it lives";
  let description = [{
    Prints what nn-plan-arena planned, as tables or, with `--nn-plan=json`, as JSON: each buffer's offset, bytes, kind,
    layer and the first and last op that touch it, of the entry's body or of the parallel loop whose scratch it is. For
    each entry point then its peak, the end of its highest buffer, by kind at the op at which most bytes are alive; and
    the lower bound, what is alive there: no plan could do with less. All count the variables, and whole multiples of the
    alignment. Of an entry point for a GPU the arena is of the GPU's memory; in place of workers' scratch it has the
    shared memory of a block, and its launches are listed: kernel, op that buffers' lifetimes count by, blocks, threads,
    shared bytes.

    Given a model file, `nnc-opt MODEL --nn-plan` compiles it as far as needed, with `--batch` and its like.
  }];
  let options = [
    Option<"json", "json", "bool", "false", "Print JSON">,
    Option<"table", "table", "bool", "false", "Print tables, as without an option">
  ];
}

def InstrumentKernels : Pass<"nn-instrument-kernels", "::mlir::ModuleOp"> {
  let summary = "Mark where each kernel of an entry point starts, for a profile";
  let description = [{
    A kernel is a parallel loop of an entry point's body, a call of a shared kernel, a launch (nn-map-to-gpu), or what
    stands between two of these, as far as it has one layer and stage. A call of the program ABI's nnc_rt_profile says
    that a kernel starts, and with it that the one before has ended; the last call, of -1, that the entry has. Nothing
    else changes.

    `nn.kernels` on the entry lists them: name, layer, stage, place in the model file, tasks of the parallel loop,
    floating-point operations and bytes. The operations are those of the code as it is, its loops followed to their
    constant bounds, or to the most turns that they can have: so they are what the processor's own counter counts, tails
    and polynomials of elementary functions included. The bytes are those of the buffers that the kernel reads, and of
    those that it writes, each once (of a buffer of which it touches less, as a look-up does, what it touches).

    Of a kernel that works for several layers or stages, `parts` lists what it does for each, as the places of its ops
    say: name and stage of the kernel are those of the first layer, and of all stages. What several of them read counts
    for the first, and so does what several write. A launch has its blocks as tasks, threads and shared memory besides,
    and its steps as parts (`nn.parts`, whose operations and bytes it adds up).

    Of entry points for a GPU the marks go with the host's code: there the runtime times launches. Kernels are named as
    nn-outline-parallel names their bodies, which comes later. An entry that has its marks stays as it is.

    ```
    // Before
    func.func @fit.train(%arena: memref<?xi8>) attributes {nn.entry = "train"} {
      ...
      scf.forall (%i) in (8) { ... }
      return
    // After
    func.func @fit.train(%arena: memref<?xi8>) attributes {nn.entry = "train", nn.kernels = [
        {name = "classifier.lstm.forward.0", layer = "classifier.lstm", stage = "forward",
         location = "models/text_classifier.mlir:8:9", tasks = 8, flops = 268435456, bytes = 5505024} ]} {
      call @nnc_rt_profile(%c0) : (i64) -> ()
      ...
      scf.forall (%i) in (8) { ... }
      call @nnc_rt_profile(%cm1) : (i64) -> ()
      return
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect"];
}

def OutlineLaunches : Pass<"nn-outline-launches", "::mlir::ModuleOp"> {
  let summary = "Make the code of kernel launches functions of a gpu.module";
  let description = [{
    On planned entry points (nn-plan-arena). A kernel gets the arena and the places of its buffers in it, in bytes;
    launches that differ in places alone share a kernel. Its name is that of the first launch's entry point, layer (of
    several, the first step's) and stage. What is left of an entry are constants, marks of a profile and gpu.launch_func
    ops; where a launch began with nn.library_product, these have `nn.product`, what the program's descriptor says of it.
  }];
  let dependentDialects = ["::mlir::gpu::GPUDialect", "::mlir::arith::ArithDialect"];
}

def LowerGridBarriers : Pass<"nn-lower-grid-barriers", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Make barriers of the whole grid atomics on a counter in the device's memory";
  let description = [{
    A `gpu.barrier {nn.grid}` waits for all threads of all blocks, which must run at the same time (a cooperative
    launch): one thread of each block adds to a counter of the module, and reads it until all have. What was written
    before the barrier is seen after it. The counter needs no reset between barriers, or launches.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"];
}

def LowerDeviceMath : Pass<"nn-lower-device-math", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Make operations of math instructions of the device";
  let description = [{
    Square roots, FMA, rounding and signs become LLVM's intrinsics. What has no instruction is an error: nothing is
    called.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def LowerMma : Pass<"nn-lower-mma", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Make products of warps of bf16 instructions of the device";
  let description = [{
    nvgpu.mma.sync of bf16 with sums in f32, which upstream's --convert-nvgpu-to-nvvm refuses, becomes nvvm.mma.sync. That
    of other types is left to upstream.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect", "::mlir::ub::UBDialect",
                           "::mlir::vector::VectorDialect"];
}

def AssembleKernels : Pass<"nn-assemble-kernels", "::mlir::ModuleOp"> {
  let summary = "Make device code a fat binary, and entry points lists of launches for the descriptor";
  let description = [{
    On gpu.module ops in the LLVM and nvvm dialects. LLVM makes PTX of them, NVIDIA's ptxas and fatbinary the module's
    `nn.image`: machine code for compute capability 8.0 and 9.0, and the PTX for later devices. What ptxas says that each
    kernel takes, registers and spills, is the module's `nn.kernel_resources`. Entry points get `nn.launches`, and have
    no body from then on.
  }];
  let dependentDialects = ["::mlir::gpu::GPUDialect"];
}

def OutlineParallel : Pass<"nn-outline-parallel", "::mlir::ModuleOp"> {
  let summary = "Make kernels functions: those of parallel loops are called by the host's threads";
  let description = [{
    ```
    // Before
    scf.forall (%i) in (8) { ... }
    // After: %context points to the arena's address, the places of the buffers and the scalars that the body uses
    %body = constant @fit.train.classifier.lstm.forward.0 : (!llvm.ptr, i64, i64) -> ()
    call @nnc_rt_parallel_for(%body, %context, %c8) : ((!llvm.ptr, i64, i64) -> (), !llvm.ptr, i64) -> ()
    ```
    A loop of one task is a plain call, and so is serial code with a loop in it, or of 16 operations or more; a loop inside
    a parallel body becomes a serial one. Serial code whose results other code needs stays where it is. Kernels that differ only in their buffers,
    as those of equal layers do, have one function; up to 8 numbers in which they differ (no indices) are passed too. So
    have the calls of a shared kernel, which is no more after this.

    A function's name, which `perf` shows, says the entry point, the layer, the stage (forward, backward, update; several
    where operations were fused) and a number: the loop is that layer's and stage's first, second, ... in the entry;
    `serial_0` is its first serial code. Of a function that several kernels share it is the first's, with `.and_5_more`
    behind it.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

//===----------------------------------------------------------------------===//
// planned -> binary
//===----------------------------------------------------------------------===//

def EmulateKernels : Pass<"nn-emulate-kernels", "::mlir::ModuleOp"> {
  let summary = "Make GPU kernels code of the host, which an emulator runs (targets cuda-emulator and cuda-races)";
  let description = [{
    A kernel becomes a function that one thread of it runs, and its launch a call of the program ABI's nnc_rt_emulate,
    which runs all threads of all blocks: so what target cuda runs on a device is tested without one. What threads do
    together is a call of the host: barriers, shuffles of 32 lanes, asynchronous copies to shared memory, and products of
    a warp (`nvgpu.mma.sync` of 16 rows and 8 columns, tf32 or bf16, summed in f32 in increasing order of the terms). A
    `gpu.barrier {nn.grid}` waits for all blocks. What else there is of the gpu and nvgpu dialects is refused. A product
    that cuBLASLt may do is handed on: a library that plays it may do it.

    With `detect-races` each load and store of memory that threads share is reported to the host too, with its layer and
    its place in the model file: the emulator finds two threads that touch the same byte with no barrier between, one of
    them writing, and what lies outside of shared memory or of the arena.

    ```mlir
    // Before
    module attributes {gpu.container_module, nn.program = {arena_bytes = 256 : i64}} {
      gpu.module @kernels {
        gpu.func @zero(%arena: memref<?xi8>, %offset: index) kernel {
          %zero = arith.constant 0.0 : f32
          %thread = gpu.thread_id x
          %x = memref.view %arena[%offset][] : memref<?xi8> to memref<64xf32>
          memref.store %zero, %x[%thread] : memref<64xf32>
          gpu.return
        }
      }
      func.func @m.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict"} {
        %c0 = arith.constant 0 : index
        %c1 = arith.constant 1 : index
        %c64 = arith.constant 64 : index
        gpu.launch_func @kernels::@zero blocks in (%c1, %c1, %c1) threads in (%c64, %c1, %c1)
            args(%arena : memref<?xi8>, %c0 : index)
        return
      }
    }
    // After
    module attributes {nn.program = {arena_bytes = 256 : i64}} {
      llvm.mlir.global private constant @nnc.emulated.text("zero\00")
      func.func private @nnc_rt_emulate(!llvm.ptr, (!llvm.ptr, !llvm.ptr) -> (), !llvm.ptr, i64, i64, i64, i64, i64,
                                        !llvm.ptr)
      func.func private @zero(%context: !llvm.ptr, %thread: !llvm.ptr) {
        return
      }
      func.func @m.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict"} {
        %one = arith.constant 1 : i64
        %threads = arith.constant 64 : i64
        %none = arith.constant 0 : i64
        %bytes = arith.constant 256 : i64
        %context = llvm.alloca %one x i64 : (i64) -> !llvm.ptr
        %name = llvm.mlir.addressof @nnc.emulated.text : !llvm.ptr
        %body = constant @zero : (!llvm.ptr, !llvm.ptr) -> ()
        %product = llvm.mlir.zero : !llvm.ptr
        call @nnc_rt_emulate(%name, %body, %context, %one, %threads, %none, %bytes, %none, %product)
            : (!llvm.ptr, (!llvm.ptr, !llvm.ptr) -> (), !llvm.ptr, i64, i64, i64, i64, i64, !llvm.ptr) -> ()
        return
      }
    }
    ```
  }];
  let options = [
    Option<"detectRaces", "detect-races", "bool", "false", "Report accesses to memory to the host's race detector">
  ];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect", "::mlir::vector::VectorDialect", "::mlir::gpu::GPUDialect",
                           "::mlir::nvgpu::NVGPUDialect"];
}

def LowerArena : Pass<"nn-lower-arena", "::mlir::func::FuncOp"> {
  let summary = "Give entry points the C ABI's form, void(void *arena)";
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif
