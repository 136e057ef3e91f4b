// nnc-opt: reads a model file and runs passes on it. A list of registrations around MlirOptMain; `--phase=NAME` stands
// for the pipeline up to a phase, and `--phase=binary` writes an object file.
#include "codegen/EmitObject.h"
#include "codegen/Passes.h"
#include "dialect/NN.h"
#include "dialect/UpstreamGradients.h"
#include "passes/Passes.h"
#include "passes/Pipeline.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;

namespace {
llvm::cl::OptionCategory category("nnc options");
llvm::cl::opt<std::string> phase("phase", llvm::cl::cat(category), llvm::cl::value_desc("name"),
                                 llvm::cl::desc("Compile up to a phase: model, params, grad, fused, linalg, tiled, "
                                                "planned, binary (an object file)"));
llvm::cl::opt<int64_t> batch("batch", llvm::cl::cat(category), llvm::cl::init(32),
                             llvm::cl::desc("Batch size of every entry point"));
llvm::cl::opt<std::string> entries("entries", llvm::cl::cat(category), llvm::cl::init("init,train,evaluate,predict"),
                                   llvm::cl::desc("Entry points to build"));
llvm::cl::opt<std::string> target("target", llvm::cl::cat(category), llvm::cl::init("cpu"),
                                  llvm::cl::desc("cpu, or reference (plain loops in f64 with libm)"));
llvm::cl::opt<std::string> march("march", llvm::cl::cat(category), llvm::cl::init("native"),
                                 llvm::cl::desc("CPU to compile for: native, or a name such as x86-64-v3"));
llvm::cl::opt<std::string> triple("triple", llvm::cl::cat(category),
                                  llvm::cl::desc("LLVM target triple; this machine's where not given"));
} // namespace

/// Writes a module in phase `binary` as an object.
struct EmitObject : PassWrapper<EmitObject, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(EmitObject)
  EmitObject(nn::TargetOptions options, llvm::raw_pwrite_stream &out) : options(std::move(options)), out(&out) {}
  StringRef getArgument() const override { return "nn-emit-object"; }
  void runOnOperation() override {
    if (failed(nn::emitObject(getOperation(), options, *out)))
      signalPassFailure();
  }
  nn::TargetOptions options;
  llvm::raw_pwrite_stream *out;
};

/// The name of the program in a file: the file's, without folder and extension.
static std::string getProgramName(StringRef path) {
  return path == "-" ? "program" : llvm::sys::path::stem(path).str();
}

/// An error that concerns no place in the model file.
static LogicalResult reportError(const Twine &message) {
  llvm::WithColor::error(llvm::errs(), "nnc-opt") << message << "\n";
  return failure();
}

static LogicalResult run(int argc, char **argv, DialectRegistry &registry) {
  auto [inputName, outputName] =
      registerAndParseCLIOptions(argc, argv, "nnc-opt: compiles training programs\n", registry);
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> input = openInputFile(inputName, &message);
  if (!input)
    return reportError(message);
  std::unique_ptr<llvm::ToolOutputFile> output = openOutputFile(outputName, &message);
  if (!output)
    return reportError(message);

  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  bool writesObject = phase == "binary";
  if (!phase.empty()) {
    nn::TargetOptions object{march, triple, target, getProgramName(inputName)};
    // After the passes named on the command line.
    auto setUp = [=, &output, base = config](PassManager &pm) mutable -> LogicalResult {
      if (failed(base.setupPassPipeline(pm)))
        return failure();
      pm.addPass(nn::createCompileTo({phase, batch, entries, target, march, triple}));
      if (writesObject)
        pm.addPass(std::make_unique<EmitObject>(object, output->os()));
      return success();
    };
    config.setPassPipelineSetupFn(setUp);
  }
  // A report alone, or an object, is what is wanted, not the module after it.
  bool reportOnly = phase.empty() && outputName == "-" && llvm::any_of(ArrayRef(argv, argc), [](StringRef argument) {
                      return argument.ltrim('-').split('=').first == "nn-report";
                    });
  raw_ostream &os = reportOnly || writesObject ? llvm::nulls() : output->os();
  if (failed(MlirOptMain(os, std::move(input), registry, config)))
    return failure();
  output->keep();
  return success();
}

int main(int argc, char **argv) {
  llvm::InitLLVM initLLVM(argc, argv);
  registerAllPasses();
  nn::registerNnPasses();
  nn::registerNnCodegenPasses();
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registry.insert<nn::NNDialect>();
  nn::registerUpstreamGradients(registry);
  return asMainReturnCode(run(argc, argv, registry));
}
