// nn-report: collects what a model file's models and steps cost and writes it, alone or beside other files'.
#include "passes/report/Report.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "passes/Diagnostics.h"
#include "passes/InputGuard.h"
#include "passes/Passes.h"
#include "passes/report/Collect.h"
#include "passes/report/Devices.h"
#include "passes/report/Writers.h"
#include "llvm/Support/SourceMgr.h"

namespace mlir::nn {
#define GEN_PASS_DEF_REPORT
#include "passes/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

struct Report : nn::impl::ReportBase<Report> {
  using Base::Base;

  void set(const ReportSettings &settings) {
    batch = settings.batch;
    target = settings.target;
    march = settings.march;
    triple = settings.triple;
    device = settings.device;
    compare = settings.compare;
    samples = settings.samples;
    gpuBlocks = settings.gpuBlocks;
    matmulPrecision = settings.matmulPrecision;
    cublaslt = settings.cublaslt;
    os = settings.os;
  }

  void getDependentDialects(DialectRegistry &registry) const override {
    OpPassManager pm(ModuleOp::getOperationName());
    buildPipeline(pm, Phase::model, Phase::planned, getCompileOptions());
    pm.getDependentDialects(registry);
  }

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

private:
  CompileOptions getCompileOptions() const {
    CompileOptions options;
    options.batch = batch;
    options.target = target;
    options.march = march;
    options.triple = triple;
    options.profile = true;
    options.gpuBlocks = gpuBlocks;
    options.matmulPrecision = matmulPrecision;
    options.cublaslt = cublaslt;
    return options;
  }

  LogicalResult run() {
    // What options say has no place in the file.
    Location commandLine = UnknownLoc::get(&getContext());
    if (table + json + csv + html > 1)
      return emitError(commandLine) << "--nn-report takes one format: table, json, html or csv";
    if (samples < 0)
      return emitError(commandLine) << "--samples takes the training samples of an epoch, at least 1, not " << samples;
    CollectOptions options{getCompileOptions(), std::nullopt, samples};
    if (failed(verifyOptions(&getContext(), options.compile)))
      return failure();
    if (!device.empty()) {
      llvm::Expected<Device> found = findDevice(device);
      if (!found)
        return emitError(commandLine) << llvm::toString(found.takeError());
      if (StringRef(target).starts_with("cuda") && found->kind == "cpu")
        return emitError(commandLine) << "--device=" << device << " is a CPU, and --target=" << target
                                      << " is for GPUs; a time is estimated for " << listDevices("gpu")
                                      << ", or a file NAME.json that says the same of another";
      if (matmulPrecision != "f32" && !found->getTensorFlops(matmulPrecision))
        return emitError(commandLine) << "--device=" << device << " has no number '" << matmulPrecision
                                      << "_flops', which --matmul-precision=" << matmulPrecision << " multiplies by";
      options.device = std::move(*found);
    }
    std::vector<CostReport> reports(1);
    if (failed(collectOwn(options, reports.front())))
      return failure();
    SmallVector<StringRef> others;
    StringRef(compare).split(others, ',', -1, /*KeepEmpty=*/false);
    for (StringRef path : others) {
      FailureOr<CostReport> report = collectOther(path, options);
      if (failed(report))
        return failure();
      reports.push_back(std::move(*report));
    }
    write(reports);
    return success();
  }

  /// The module itself is compiled, so that its passes have their place in --mlir-timing, and put back as it was.
  LogicalResult collectOwn(const CollectOptions &options, CostReport &report) {
    ModuleOp module = getOperation();
    OwningOpRef<ModuleOp> original = module.clone();
    StringRef file = getFile(module);
    FailureOr<CostReport> collected = collectReport(
        module, file, options, [&](OpPassManager &pm, ModuleOp module) { return runPipeline(pm, module); });
    if (failed(collected))
      return failure();
    report = std::move(*collected);
    module.getBodyRegion().takeBody(original->getBodyRegion());
    module->setAttrs((*original)->getAttrDictionary());
    return success();
  }

  static StringRef getFile(ModuleOp module) {
    auto place = module.getLoc()->findInstanceOf<FileLineColLoc>();
    return place ? place.getFilename().getValue() : StringRef();
  }

  /// Another file is nobody's but ours: it has a context of its own, and its errors name it.
  FailureOr<CostReport> collectOther(StringRef path, const CollectOptions &options) {
    std::string message;
    std::unique_ptr<llvm::MemoryBuffer> input = openInputFile(path, &message);
    if (!input)
      return emitError(UnknownLoc::get(&getContext())) << "--compare: " << message;
    std::optional<InputProblem> problem = findInputProblem(input->getBuffer());
    llvm::SourceMgr sources;
    sources.AddNewSourceBuffer(std::move(input), SMLoc());
    if (problem) {
      const char *start = sources.getMemoryBuffer(sources.getMainFileID())->getBufferStart();
      sources.PrintMessage(SMLoc::getFromPointer(start + problem->offset), llvm::SourceMgr::DK_Error, problem->message);
      return failure();
    }
    MLIRContext context(getContext().getDialectRegistry(), MLIRContext::Threading::DISABLED);
    context.printOpOnDiagnostic(false);
    if (getContext().isMultithreadingEnabled())
      context.setThreadPool(getContext().getThreadPool());
    SourceMgrDiagnosticHandler handler(sources, &context);
    printWithoutLines(&context);
    OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, &context);
    if (!module)
      return failure();
    return collectReport(*module, path, options, [&](OpPassManager &passes, ModuleOp module) {
      PassManager pm(&context, ModuleOp::getOperationName());
      pm.enableVerifier(false);
      static_cast<OpPassManager &>(pm) = passes;
      return pm.run(module);
    });
  }

  void write(ArrayRef<CostReport> reports) const {
    bool isAlone = reports.size() == 1;
    if (json)
      isAlone ? writeJson(*os, reports.front()) : writeComparisonJson(*os, reports);
    else if (csv)
      isAlone ? writeCsv(*os, reports.front()) : writeComparisonCsv(*os, reports);
    else if (html)
      isAlone ? writeHtml(*os, reports.front()) : writeComparisonHtml(*os, reports);
    else
      isAlone ? writeTable(*os, reports.front()) : writeComparisonTable(*os, reports);
  }

  raw_ostream *os = &llvm::outs();
};

} // namespace

void nn::setReportOptions(OpPassManager &pm, const ReportSettings &settings) {
  for (Pass &pass : pm.getPasses())
    if (pass.getTypeID() == TypeID::get<Report>())
      static_cast<Report &>(pass).set(settings);
}
