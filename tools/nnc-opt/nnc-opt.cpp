// nnc-opt: reads a model file and runs passes on it. A list of registrations around MlirOptMain; `--phase=NAME` stands
// for the pipeline up to a phase; `--phase=binary -o FILE.o` writes an object file, `-o FILE.so` a shared one;
// `--nn-report` and `--nn-plan`, without a phase, write a report or the plan of phase planned in the module's place.
#include "Outputs.h"
#include "codegen/EmitObject.h"
#include "codegen/Passes.h"
#include "codegen/Plan.h"
#include "dialect/NN.h"
#include "dialect/Names.h"
#include "dialect/UpstreamGradients.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "passes/Diagnostics.h"
#include "passes/InputGuard.h"
#include "passes/Passes.h"
#include "passes/Pipeline.h"
#include "passes/report/Devices.h"
#include "passes/report/Report.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;

namespace {
llvm::cl::OptionCategory category("nnc options");
llvm::cl::opt<std::string>
    phase("phase", llvm::cl::cat(category), llvm::cl::value_desc("name"),
          llvm::cl::desc("Compile up to a phase: model, params, grad, fused, linalg, tiled, "
                         "planned, binary (with -o FILE.o: an object file; FILE.so: a shared one)"));
llvm::cl::opt<int64_t> batch("batch", llvm::cl::cat(category), llvm::cl::init(32),
                             llvm::cl::desc("Batch size of every entry point"));
llvm::cl::opt<std::string> entries("entries", llvm::cl::cat(category), llvm::cl::init("init,train,evaluate,predict"),
                                   llvm::cl::desc("Entry points to build"));
llvm::cl::opt<std::string> target("target", llvm::cl::cat(category), llvm::cl::init("cpu"),
                                  llvm::cl::desc("cpu, cuda, or reference (plain loops in f64 with libm)"));
llvm::cl::opt<std::string> march("march", llvm::cl::cat(category), llvm::cl::init("native"),
                                 llvm::cl::desc("CPU to compile for: native, or a name such as x86-64-v3"));
llvm::cl::opt<std::string> triple("triple", llvm::cl::cat(category),
                                  llvm::cl::desc("LLVM target triple; this machine's where not given"));
llvm::cl::opt<bool> classWeights("class-weights", llvm::cl::cat(category),
                                 llvm::cl::desc("Have training steps take a weight for each class, which the loss of "
                                                "its samples is multiplied by"));
llvm::cl::opt<bool> profile("profile", llvm::cl::cat(category),
                            llvm::cl::desc("Have the program tell its host when each kernel starts, and describe its "
                                           "kernels"));
llvm::cl::opt<bool> tune("tune", llvm::cl::cat(category),
                         llvm::cl::desc("Measure on this machine how products are best cut into tiles and tasks, where "
                                        "that is not known yet. Changes no bit of a result"));
llvm::cl::opt<int64_t> tuneThreads("tune-threads", llvm::cl::cat(category), llvm::cl::init(0),
                                   llvm::cl::desc("Threads to measure for; default: one a processor"));
llvm::cl::opt<std::string> tuneResults("tune-results", llvm::cl::cat(category), llvm::cl::value_desc("file"),
                                       llvm::cl::desc("What keeps the results of --tune; default: "
                                                      "$XDG_CACHE_HOME/nnc/tuned.tsv, else ~/.cache/nnc/tuned.tsv"));
llvm::cl::opt<int64_t>
    gpuBlocks("gpu-blocks", llvm::cl::cat(category), llvm::cl::init(128),
              llvm::cl::desc("Blocks that the GPU runs side by side: its multiprocessors, or fewer. A "
                             "wide recurrent layer takes them all"));
llvm::cl::opt<std::string>
    matmulPrecision("matmul-precision", llvm::cl::cat(category), llvm::cl::init("f32"),
                    llvm::cl::desc("What a GPU's program rounds the factors of matrix products to: f32 (not at all), "
                                   "tf32 or bf16, which tensor cores multiply. Sums stay f32"));
llvm::cl::opt<std::string>
    cublaslt("cublaslt", llvm::cl::cat(category), llvm::cl::init("never"),
             llvm::cl::desc("Which matrix products of a GPU's program NVIDIA's cuBLASLt does, where it is there when "
                            "the program runs: never, auto (those that it is estimated to do faster) or always"));
llvm::cl::opt<std::string> device("device", llvm::cl::cat(category), llvm::cl::value_desc("name or file.json"),
                                  llvm::cl::desc("Device that --nn-report estimates times for"));
llvm::cl::opt<int64_t> samples("samples", llvm::cl::cat(category), llvm::cl::init(0),
                               llvm::cl::desc("Training samples of an epoch, for --nn-report"));
llvm::cl::opt<std::string> compare("compare", llvm::cl::cat(category), llvm::cl::value_desc("files"),
                                   llvm::cl::desc("Model files, comma-separated, that --nn-report shows beside this "
                                                  "one"));
llvm::cl::extrahelp printers(R"(
Passes that print, in place of the module where no --phase is given; -o FILE takes what they print:

  --nn-report[=table|json|csv|html] - What each model consists of and what training it costs, by layer
  --nn-plan[=table|json]            - Where every buffer lies in memory and when it lives

--help-hidden lists all other passes and the options of MLIR and LLVM.
)");
} // namespace

namespace {
/// Turns the module into an object file in memory, and leaves nothing of it: nobody reads it any more.
struct EmitObjectPass : PassWrapper<EmitObjectPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(EmitObjectPass)
  EmitObjectPass(nn::TargetOptions options, bool shared, SmallVectorImpl<char> &object)
      : options(std::move(options)), shared(shared), object(object) {}
  StringRef getArgument() const override { return "nn-emit-object"; }
  void runOnOperation() override {
    llvm::raw_svector_ostream out(object);
    if (failed(nn::emitObject(getOperation(), options, shared, out)))
      return signalPassFailure();
    getOperation().getBody()->clear();
  }
  nn::TargetOptions options;
  bool shared;
  SmallVectorImpl<char> &object;
};
} // namespace

/// An error that concerns no place in the model file.
static LogicalResult reportError(const Twine &message) {
  llvm::WithColor::error(llvm::errs(), "nnc-opt") << message << "\n";
  return failure();
}

/// Has --help show nnc's own options, and --help-hidden MLIR's and LLVM's as well.
static void hideOptionsOfOthers() {
  llvm::cl::HideUnrelatedOptions(category);
  for (auto &[name, option] : llvm::cl::getRegisteredOptions())
    if (option->getOptionHiddenFlag() == llvm::cl::ReallyHidden)
      option->setHiddenFlag(llvm::cl::Hidden);
}

/// The name of the program in a file: the file's, without folder and extension.
static std::string programName(StringRef path) { return path == "-" ? "program" : llvm::sys::path::stem(path).str(); }

/// The symbol of a program in its object: `nnc_program_<name>`, characters that C identifiers lack as underscores.
static std::string programSymbol(StringRef name) {
  std::string symbol = ("nnc_program_" + name).str();
  for (char &c : symbol)
    if (!llvm::isAlnum(c))
      c = '_';
  return symbol;
}

/// An error at a place in a file that has not been parsed.
static LogicalResult reportProblem(const llvm::MemoryBuffer &input, const nn::InputProblem &problem) {
  StringRef before = input.getBuffer().take_front(problem.offset);
  size_t line = before.count('\n') + 1, column = before.size() - (before.rfind('\n') + 1) + 1;
  llvm::errs() << input.getBufferIdentifier() << ":" << line << ":" << column << ": error: " << problem.message << "\n";
  return failure();
}

/// Whether an argument is a flag, alone or with a value.
static bool isFlag(StringRef argument, StringRef flag) {
  return argument.starts_with("-") && argument.ltrim('-').split('=').first == flag;
}

/// Whether a flag is among the arguments.
static bool isGiven(ArrayRef<char *> arguments, StringRef flag) {
  return llvm::any_of(arguments, [&](StringRef argument) { return isFlag(argument, flag); });
}

/// Checks what stands behind the flag of a pass that prints, which has no values but its formats.
static LogicalResult checkFormats(ArrayRef<char *> arguments, StringRef flag, ArrayRef<StringRef> formats) {
  for (StringRef argument : arguments) {
    if (!isFlag(argument, flag))
      continue;
    SmallVector<StringRef> given;
    llvm::SplitString(argument.split('=').second, given);
    for (StringRef format : given)
      if (!llvm::is_contained(formats, format))
        return reportError("--" + flag + " takes " + nn::listChoices(formats) + ", not '" + format + "'");
  }
  return success();
}

/// Refuses to write onto a file that is read.
static LogicalResult checkOutputs(StringRef inputName, StringRef outputName) {
  SmallVector<File> read;
  read.push_back({"the model file", inputName.str()});
  if (StringRef(device).ends_with(".json"))
    read.push_back({"the file of --device", device});
  SmallVector<StringRef> others;
  StringRef(compare).split(others, ',', -1, /*KeepEmpty=*/false);
  for (StringRef other : others)
    read.push_back({"a file of --compare", other.str()});
  std::optional<std::string> problem =
      findOverwritten(read, {{"-o", outputName.str()}, {"--tune-results", tuneResults}});
  return problem ? reportError(*problem) : success();
}

/// Checks the options that only a report takes.
static LogicalResult checkReportOptions(bool wantsReport) {
  for (const llvm::cl::Option *option : std::initializer_list<const llvm::cl::Option *>{&device, &samples, &compare})
    if (option->getNumOccurrences() && !wantsReport)
      return reportError("--" + option->ArgStr + " says something of a report, which --nn-report asks for");
  if (samples.getNumOccurrences() && samples <= 0)
    return reportError("--samples takes the training samples of an epoch, at least 1, not " + Twine(samples));
  if (compare.getNumOccurrences() && StringRef("," + compare + ",").contains(",,"))
    return reportError(compare.empty() ? "--compare names no file"
                                       : "--compare=" + compare + " names no file at one of its commas");
  if (!device.getNumOccurrences())
    return success();
  llvm::Expected<nn::Device> found = nn::findDevice(device);
  return found ? success() : reportError(llvm::toString(found.takeError()));
}

/// Refuses options that nothing reads: passes alone take none of them, a report not all.
static LogicalResult checkCompileOptions(bool wantsProgram, bool wantsReport) {
  using Options = std::initializer_list<const llvm::cl::Option *>;
  for (const llvm::cl::Option *option : Options{&entries, &classWeights, &profile, &tune, &tuneThreads, &tuneResults})
    if (option->getNumOccurrences() && !wantsProgram)
      return reportError("--" + option->ArgStr + " says something of a program, which --phase and --nn-plan ask for");
  for (const llvm::cl::Option *option :
       Options{&batch, &target, &march, &triple, &gpuBlocks, &matmulPrecision, &cublaslt})
    if (option->getNumOccurrences() && !wantsProgram && !wantsReport)
      return reportError("--" + option->ArgStr +
                         " says something of a program, which --phase, --nn-plan and --nn-report ask for");
  for (const llvm::cl::Option *option : Options{&tuneThreads, &tuneResults})
    if (option->getNumOccurrences() && !tune)
      return reportError("--" + option->ArgStr + " says something of --tune");
  if (tuneThreads.getNumOccurrences() && tuneThreads < 1)
    return reportError("--tune-threads takes at least 1 thread, not " + Twine(tuneThreads));
  for (const llvm::cl::Option *option : Options{&gpuBlocks, &matmulPrecision, &cublaslt})
    if (option->getNumOccurrences() && !StringRef(target).starts_with("cuda"))
      return reportError("--" + option->ArgStr + " says something of a GPU's program, which --target=cuda asks for");
  if (entries.empty())
    return reportError("--entries names no entry point");
  return success();
}

static LogicalResult run(ArrayRef<char *> given, DialectRegistry &registry) {
  SmallVector<char *> arguments(given);
  // An error's place in the model file says more than the op, or the whole module, in MLIR's generic form.
  static char quiet[] = "--mlir-print-op-on-diagnostic=false";
  if (!isGiven(given, "mlir-print-op-on-diagnostic"))
    arguments.push_back(quiet);
  int argc = arguments.size();
  char **argv = arguments.data();
  registerCLIOptions("nnc-opt", registry);
  hideOptionsOfOthers();
  auto [inputName, outputName] = parseCLIOptions(argc, argv, "nnc-opt: compiles training programs\n");
  // The linker registers LLVM's code generation options, one of which has this name.
  march.removeArgument();
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> input = openInputFile(inputName, &message);
  if (!input)
    return reportError(message);
  if (failed(checkOutputs(inputName, outputName)))
    return failure();
  if (std::optional<nn::InputProblem> problem = nn::findInputProblem(input->getBuffer()))
    return reportProblem(*input, *problem);
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  // Each phase verifies what it made. To do so after each of its passes too takes a third of a compilation.
  if (!phase.empty() && !isGiven(given, "verify-each"))
    config.verifyPasses(false);
  // What the file will hold is made first and written last: an error leaves an older file as it was.
  std::string content;
  llvm::raw_string_ostream contentStream(content);
  StringRef extension = llvm::sys::path::extension(outputName);
  bool wantsShared = extension == ".so", wantsObject = wantsShared || extension == ".o";
  if (wantsObject && phase != "binary")
    return reportError("'" + outputName + "' is an object file, which only --phase=binary makes");
  if (phase == "binary" && !wantsObject && !extension.empty() && extension != ".mlir")
    return reportError("--phase=binary writes an object to FILE.o, a shared one to FILE.so, the module as text to "
                       "FILE.mlir, not '" +
                       outputName + "'");
  SmallVector<char> object;
  bool wantsReport = isGiven(given, "nn-report"), wantsPlan = isGiven(given, "nn-plan");
  if (failed(checkFormats(given, "nn-report", {"table", "json", "html", "csv"})) ||
      failed(checkFormats(given, "nn-plan", {"table", "json"})) || failed(checkReportOptions(wantsReport)) ||
      failed(checkCompileOptions(!phase.empty() || wantsPlan, wantsReport)))
    return failure();
  if (wantsReport && wantsPlan)
    return reportError(
        "--nn-report and --nn-plan take turns: a report is of the model file, a plan of what is made of it");
  // A report alone is what is wanted, not the module after it.
  bool reportOnly = phase.empty() && (wantsReport || wantsPlan);
  raw_ostream &reportStream = reportOnly ? static_cast<raw_ostream &>(contentStream) : llvm::outs();
  // A plan is there from phase planned on.
  if (wantsPlan && phase.empty())
    phase = "planned";
  // So does a report, which compiles by phases.
  if (reportOnly && !isGiven(given, "verify-each"))
    config.verifyPasses(false);
  std::string name = programName(inputName);
  nn::TargetOptions options{march, triple, target, name, programSymbol(name)};
  if (triple.getNumOccurrences())
    if (llvm::Error error = nn::checkTarget(options))
      return reportError(llvm::toString(std::move(error)));
  // After the passes named on the command line, but for the one that prints what the phases make.
  auto setUp = [base = config, options, wantsObject, wantsShared, wantsPlan, wantsReport, &reportStream,
                &object](PassManager &pm) mutable -> LogicalResult {
    // A verifier of diagnostics takes them all.
    if (!base.shouldVerifyDiagnostics())
      nn::printWithoutLines(pm.getContext());
    auto compile = [&] {
      pm.addPass(nn::createCompileTo({phase, batch, entries, classWeights, profile, target, march, triple, tune,
                                      tuneThreads, tuneResults, gpuBlocks, matmulPrecision, cublaslt}));
    };
    if (wantsPlan)
      compile();
    if (failed(base.setupPassPipeline(pm)))
      return failure();
    if (wantsPlan)
      nn::setPlanStream(pm, reportStream);
    if (wantsReport)
      nn::setReportOptions(pm, {batch, target, march, triple, device, compare, matmulPrecision, cublaslt, samples,
                                gpuBlocks, &reportStream});
    if (!wantsPlan && !phase.empty())
      compile();
    if (wantsObject)
      pm.addPass(std::make_unique<EmitObjectPass>(options, wantsShared, object));
    return success();
  };
  config.setPassPipelineSetupFn(setUp);
  raw_ostream &os = reportOnly || wantsObject ? llvm::nulls() : contentStream;
  if (failed(MlirOptMain(os, std::move(input), registry, config)))
    return failure();

  std::unique_ptr<llvm::ToolOutputFile> output = openOutputFile(outputName, &message);
  if (!output)
    return reportError(message);
  output->os() << (wantsObject ? StringRef(object.data(), object.size()) : StringRef(content));
  output->os().flush();
  if (output->os().has_error()) {
    message = output->os().error().message();
    output->os().clear_error();
    return reportError("cannot write '" + outputName + "': " + message);
  }
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
  return asMainReturnCode(run(ArrayRef(argv, argc), registry));
}
