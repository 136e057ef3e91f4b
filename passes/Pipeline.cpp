// The table of contents: every pass between a model file and machine code, and why it stands where it stands.
#include "passes/Pipeline.h"
#include "codegen/Passes.h"
#include "codegen/cpu/Target.h"
#include "codegen/gpu/LibraryProduct.h"
#include "dialect/Names.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"

using namespace mlir;
using namespace mlir::nn;

namespace mlir::nn {
#define GEN_PASS_DEF_COMPILETO
#include "passes/Passes.h.inc"
} // namespace mlir::nn

namespace {

constexpr StringLiteral phaseNames[] = {"model", "params", "grad", "fused", "linalg", "tiled", "planned", "binary"};

/// Marks that a module has reached a phase, and verifies it where asked.
struct SetPhasePass : PassWrapper<SetPhasePass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SetPhasePass)
  SetPhasePass(Phase phase, bool verifies) : phase(phase), verifies(verifies) {}
  StringRef getArgument() const override { return "nn-set-phase"; }
  void runOnOperation() override {
    if (verifies && failed(verify(getOperation())))
      return signalPassFailure();
    getOperation()->setAttr("nn.phase", StringAttr::get(&getContext(), stringifyPhase(phase)));
  }
  Phase phase;
  bool verifies;
};

/// The pipeline as a pass: where it starts depends on the module.
struct CompileTo : nn::impl::CompileToBase<CompileTo> {
  using Base::Base;

  CompileOptions getOptions() const {
    return {batch, target,      march,       triple,    entries,         classWeights, profile,
            tune,  tuneThreads, tuneResults, gpuBlocks, matmulPrecision, cublaslt};
  }

  void getDependentDialects(DialectRegistry &registry) const override {
    OpPassManager pm(ModuleOp::getOperationName());
    buildPipeline(pm, Phase::model, Phase::binary, getOptions());
    pm.getDependentDialects(registry);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    std::optional<Phase> to = parsePhase(phase);
    if (!to) {
      emitError(UnknownLoc::get(&getContext()))
          << "--phase takes " << listChoices(phaseNames) << ", not '" << phase << "'";
      return signalPassFailure();
    }
    FailureOr<Phase> from = getPhase(module);
    if (failed(from) || failed(verifyOptions(&getContext(), getOptions())))
      return signalPassFailure();
    if (*from > *to) {
      emitError(module.getLoc()) << "the module is in phase '" << stringifyPhase(*from) << "', past '" << phase << "'";
      return signalPassFailure();
    }
    if (profile && *from >= Phase::planned && *to > *from) {
      emitError(module.getLoc()) << "the module is in phase '" << stringifyPhase(*from)
                                 << "' already; a program is prepared for a profile on the way there";
      return signalPassFailure();
    }
    if (tune && *from >= Phase::tiled && *to > *from) {
      emitError(module.getLoc()) << "the module is in phase '" << stringifyPhase(*from)
                                 << "' already; schedules are chosen on the way to 'tiled'";
      return signalPassFailure();
    }
    OpPassManager pm(ModuleOp::getOperationName());
    buildPipeline(pm, *from, *to, getOptions());
    if (failed(runPipeline(pm, module)))
      signalPassFailure();
  }
};

bool isForGpu(const CompileOptions &options) { return StringRef(options.target).starts_with("cuda"); }

void modelToParams(OpPassManager &pm, const CompileOptions &) { pm.addPass(createMaterializeParams()); }

void paramsToGrad(OpPassManager &pm, const CompileOptions &options) {
  // On models as they were written, where the batch still is a dimension of its own.
  pm.addPass(createCheckSamples());
  pm.addPass(createBuildEntries(
      {options.batch, options.entries, isForGpu(options) ? options.gpuBlocks : 0, options.classWeights}));
  // On what users wrote, once shapes are static; gradients are taken of what is left.
  pm.addPass(createDefineBehaviour());
  // Before differentiation, so that the gradient too is the stable one.
  pm.addNestedPass<func::FuncOp>(createStabilizeLosses());
  pm.addNestedPass<func::FuncOp>(createDifferentiate());
}

void gradToFused(OpPassManager &pm, const CompileOptions &) {
  pm.addNestedPass<func::FuncOp>(createDropAdjointMarks());
  pm.addNestedPass<func::FuncOp>(createCanonicalizerPass());
  pm.addNestedPass<func::FuncOp>(createCSEPass());
}

void fusedToLinalg(OpPassManager &pm, const CompileOptions &options) {
  pm.addNestedPass<func::FuncOp>(createLowerLayers());
  // Adjoints add and compare whole tensors with arith ops; as linalg ops they fuse with their neighbours.
  pm.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  pm.addNestedPass<func::FuncOp>(createCanonicalizerPass());
  pm.addNestedPass<func::FuncOp>(createCSEPass());
  // Before fusion, which sees no chain where a transposition stands in it.
  pm.addNestedPass<func::FuncOp>(createFoldTransposes());
  pm.addNestedPass<func::FuncOp>(createFuseElementwise());
  // After fusion, which folds splats into the ops that read them.
  pm.addNestedPass<func::FuncOp>(createLowerSplats());
  // After fusion, which is quicker on few ops than on many.
  pm.addNestedPass<func::FuncOp>(createExpandRandom());
  if (options.target != "reference")
    pm.addNestedPass<func::FuncOp>(createExpandMath());
  pm.addNestedPass<func::FuncOp>(createCanonicalizerPass());
}

void linalgToTiled(OpPassManager &pm, const CompileOptions &options) {
  if (options.target == "reference")
    pm.addPass(createWidenElements());
  // From here to bufferization CSE must not run: it would give one destination to many ops again, and nn-check-buffers
  // would refuse the copies that come of it.
  pm.addNestedPass<func::FuncOp>(createSeparateDestinations());
  pm.addNestedPass<func::FuncOp>(createBindBuffers());
  pm.addPass(createBufferize());
  // What was bufferized in place has left copies of buffers onto themselves.
  pm.addNestedPass<func::FuncOp>(createCanonicalizerPass());
  pm.addNestedPass<func::FuncOp>(createCSEPass());
  pm.addNestedPass<func::FuncOp>(createCanonicalizerPass());
  // On all copies there are, and before loops hide them.
  pm.addNestedPass<func::FuncOp>(createCheckBuffers());
  pm.addNestedPass<func::FuncOp>(createLowerCopies());
  if (options.target == "reference")
    return pm.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  pm.addNestedPass<func::FuncOp>(createNormalizeGenerics());
  // What it maps the passes after it do not see; init entries stay the host's.
  if (isForGpu(options))
    pm.addNestedPass<func::FuncOp>(createMapToGpu({options.matmulPrecision, options.cublaslt}));
  if (options.tune)
    pm.addPass(createTuneContractions({options.march, options.triple, options.tuneThreads, options.tuneResults}));
  // What is equal is lowered once. Before products are lowered, and when it is said how.
  pm.addPass(createShareKernels());
  // Products first: they take the elementwise operations around them along.
  pm.addNestedPass<func::FuncOp>(createLowerContractions({options.march}));
  // Before rows are fused and vectors made, which do otherwise inside a parallel loop.
  pm.addNestedPass<func::FuncOp>(createParallelizeLoops({options.march}));
  // Of what products have not taken along; before rows become loops.
  pm.addNestedPass<func::FuncOp>(createFuseRows({options.march}));
  pm.addNestedPass<func::FuncOp>(createVectorizeGenerics({options.march}));
  pm.addNestedPass<func::FuncOp>(createExpandFma({options.march}));
  // When kernels have all their temporaries; entries alone are planned.
  pm.addPass(createSplitKernels());
}

void tiledToPlanned(OpPassManager &pm, const CompileOptions &options) {
  pm.addPass(createPlanArena());
  // While a kernel's loops and buffers are in one place to be counted.
  if (options.profile)
    pm.addPass(createInstrumentKernels());
  if (isForGpu(options)) {
    pm.addPass(createOutlineLaunches());
    pm.addNestedPass<gpu::GPUModuleOp>(createCanonicalizerPass());
    pm.addNestedPass<gpu::GPUModuleOp>(createCSEPass());
  }
  // After planning, when a body's scratch has its place.
  pm.addPass(createOutlineParallel());
  pm.addNestedPass<func::FuncOp>(createCanonicalizerPass());
  pm.addNestedPass<func::FuncOp>(createCSEPass());
}

/// Device code in nvvm ops. Before all else: passes on the module as a whole would lower it as the host's.
void lowerKernels(OpPassManager &pm) {
  OpPassManager &kernels = pm.nest<gpu::GPUModuleOp>();
  kernels.addPass(createLowerGridBarriers());
  kernels.addPass(createConvertVectorToSCFPass());
  kernels.addPass(createLoopInvariantCodeMotionPass());
  kernels.addPass(createSCFToControlFlowPass());
  kernels.addPass(memref::createExpandStridedMetadataPass());
  kernels.addPass(createLowerAffinePass());
  // Before math is lowered to calls of libdevice.
  kernels.addPass(createLowerDeviceMath());
  kernels.addPass(createConvertMathToLLVMPass());
  // Before upstream's lowering, which has no form for bf16.
  kernels.addPass(createLowerMma());
  kernels.addPass(createConvertNVGPUToNVVMPass());
  // What a kernel gets is the address of the arena and numbers: the program ABI's nnc_launch.
  ConvertGpuOpsToNVVMOpsOptions nvvm;
  nvvm.useBarePtrCallConv = true;
  kernels.addPass(createConvertGpuOpsToNVVMOps(nvvm));
  kernels.addPass(createReconcileUnrealizedCastsPass());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
}

void plannedToBinary(OpPassManager &pm, const CompileOptions &options) {
  if (options.target == "cuda") {
    lowerKernels(pm);
    pm.addPass(createAssembleKernels());
  }
  if (options.target == "cuda-emulator" || options.target == "cuda-races")
    pm.addPass(createEmulateKernels({options.target == "cuda-races"}));
  // Function by function, so that they go in parallel.
  OpPassManager &functions = pm.nest<func::FuncOp>();
  functions.addPass(createLowerArena());
  functions.addPass(createConvertVectorToSCFPass());
  functions.addPass(createSCFToControlFlowPass());
  // Subviews become offsets and strides, as affine maps of them.
  functions.addPass(memref::createExpandStridedMetadataPass());
  functions.addPass(createLowerAffinePass());
  functions.addPass(createConvertVectorToLLVMPass());
  // Square roots and the like are the target's instructions; what is none is refused on the object.
  functions.addPass(createConvertMathToLLVMPass());
  functions.addPass(createArithToLLVMConversionPass());
  functions.addPass(createConvertIndexToLLVMPass());
  if (options.target == "reference")
    pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  OpPassManager &code = pm.nest<LLVM::LLVMFuncOp>();
  code.addPass(createUBToLLVMConversionPass());
  code.addPass(createCanonicalizerPass());
  code.addPass(createCSEPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

} // namespace

StringRef nn::stringifyPhase(Phase phase) { return phaseNames[static_cast<int>(phase)]; }

std::optional<Phase> nn::parsePhase(StringRef name) { return findChoice<Phase>(phaseNames, name); }

FailureOr<Phase> nn::getPhase(ModuleOp module) {
  auto name = module->getAttr("nn.phase");
  if (!name)
    return Phase::model;
  auto text = dyn_cast<StringAttr>(name);
  std::optional<Phase> phase = text ? parsePhase(text.getValue()) : std::nullopt;
  if (!phase)
    return module.emitError() << "nn.phase is " << name << ", not one of model, params, grad, fused, linalg, tiled, "
                              << "planned, binary";
  return *phase;
}

LogicalResult nn::verifyOptions(MLIRContext *context, const CompileOptions &options) {
  auto error = [&] { return emitError(UnknownLoc::get(context)); };
  if (options.batch <= 0)
    return error() << "--batch takes at least 1 sample, not " << options.batch;
  constexpr StringLiteral targets[] = {"cpu", "reference", "cuda", "cuda-emulator", "cuda-races"};
  if (!llvm::is_contained(targets, options.target))
    return error() << "--target takes " << listChoices(targets) << ", not '" << options.target << "'";
  // Target reference leaves it to LLVM, which knows more processors.
  if (options.target != "reference" && !findCpuTarget(options.march))
    return error() << describeUnknownCpu(options.march);
  if (options.gpuBlocks < 1)
    return error() << "--gpu-blocks takes at least 1 block, not " << options.gpuBlocks;
  if (!parsePrecision(options.matmulPrecision))
    return error() << "--matmul-precision takes " << listChoices(precisionNames) << ", not '" << options.matmulPrecision
                   << "'";
  if (options.matmulPrecision != "f32" && !isForGpu(options))
    return error() << "--matmul-precision: target '" << options.target << "' multiplies f32 only";
  if (!parseLibraryUse(options.cublaslt))
    return error() << "--cublaslt takes " << listChoices(libraryUseNames) << ", not '" << options.cublaslt << "'";
  if (options.cublaslt != "never" && !isForGpu(options))
    return error() << "--cublaslt: target '" << options.target << "' has no such library";
  if (options.tune && options.target != "cpu")
    return error() << "--tune: target '" << options.target << "' has no schedules to tune";
  return success();
}

void nn::buildPipeline(OpPassManager &pm, Phase from, Phase to, const CompileOptions &options) {
  using Builder = void (*)(OpPassManager &, const CompileOptions &);
  static constexpr Builder builders[] = {modelToParams, paramsToGrad,   gradToFused,    fusedToLinalg,
                                         linalgToTiled, tiledToPlanned, plannedToBinary};
  for (int phase = static_cast<int>(from); phase < static_cast<int>(to); ++phase) {
    builders[phase](pm, options);
    auto reached = static_cast<Phase>(phase + 1);
    // A tiled module, the largest of all, is verified a moment later where it goes on: as planned.
    pm.addPass(std::make_unique<SetPhasePass>(reached, reached == to || reached != Phase::tiled));
  }
}
