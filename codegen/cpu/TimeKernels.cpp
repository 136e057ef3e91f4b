// Compiles kernels into a shared object, hands it to nnc-time, and reads what that prints.
#include "codegen/cpu/TimeKernels.h"
#include "codegen/EmitObject.h"
#include "codegen/Passes.h"
#include "codegen/TemporaryFiles.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

using namespace mlir;
using namespace mlir::nn;

// A measurement that takes longer hangs: nnc-time begins no round after 20 s, and the first is as long as the kernels.
static constexpr unsigned timeoutSeconds = 600;

static std::string getTimer() {
  static int anchor;
  llvm::SmallString<128> path(llvm::sys::path::parent_path(llvm::sys::fs::getMainExecutable(nullptr, &anchor)));
  llvm::sys::path::append(path, "nnc-time");
  return path.str().str();
}

llvm::Error nn::findTimer() {
  std::string timer = getTimer();
  if (llvm::sys::fs::can_execute(timer))
    return llvm::Error::success();
  return llvm::createStringError("'" + timer + "', which measures, cannot be run");
}

static LogicalResult lower(ModuleOp module, const std::string &march) {
  PassManager tiles(module.getContext(), ModuleOp::getOperationName());
  tiles.addNestedPass<func::FuncOp>(createLowerContractions({march}));
  tiles.addNestedPass<func::FuncOp>(createVectorizeGenerics({march}));
  tiles.addNestedPass<func::FuncOp>(createExpandFma({march}));
  if (failed(tiles.run(module)))
    return failure();
  module->setAttr("nn.phase", StringAttr::get(module.getContext(), "tiled"));
  // The rest of the way is the pipeline's, which stands above code generation: it is known here by its name.
  PassManager rest(module.getContext(), ModuleOp::getOperationName());
  return failure(failed(parsePassPipeline("nn-compile{phase=binary march=" + march + "}", rest)) ||
                 failed(rest.run(module)));
}

/// The object of `module`; what is said on the way is part of the error.
static llvm::Expected<SmallVector<char>> compile(ModuleOp module, const std::string &march) {
  std::string said;
  ScopedDiagnosticHandler handler(module.getContext(), [&](Diagnostic &diagnostic) {
    if (said.empty())
      said = diagnostic.str();
  });
  SmallVector<char> object;
  llvm::raw_svector_ostream stream(object);
  TargetOptions options{march, "", "cpu", "kernels", "nnc_program_kernels"};
  if (failed(lower(module, march)) || failed(emitObject(module, options, /*shared=*/true, stream)))
    return llvm::createStringError("not compiled: " + said);
  return object;
}

static llvm::Error runTimer(StringRef program, StringRef answer, const TimingOptions &options) {
  std::string timer = getTimer(), threads = "--threads=" + std::to_string(options.threads),
              rounds = "--rounds=" + std::to_string(options.rounds), message;
  std::optional<StringRef> redirects[] = {StringRef(), answer, std::nullopt};
  int status = llvm::sys::ExecuteAndWait(timer, {timer, program, threads, rounds}, std::nullopt, redirects,
                                         timeoutSeconds, /*MemoryLimit=*/0, &message);
  if (status == 0)
    return llvm::Error::success();
  return llvm::createStringError("nnc-time left with " + Twine(status) + (message.empty() ? "" : ": " + message));
}

static llvm::Expected<SmallVector<KernelTime>> readTimes(StringRef path, size_t count) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return llvm::createFileError(path, buffer.getError());
  SmallVector<StringRef> lines;
  (*buffer)->getBuffer().split(lines, '\n', -1, /*KeepEmpty=*/false);
  SmallVector<KernelTime> times(lines.size());
  for (auto [line, time] : llvm::zip_equal(lines, times)) {
    auto [least, median] = line.split(' ');
    if (least.getAsDouble(time.least) || median.getAsDouble(time.median))
      return llvm::createStringError("nnc-time said '" + line + "'");
  }
  if (times.size() != count)
    return llvm::createStringError("nnc-time said " + Twine(times.size()) + " times for " + Twine(count) + " kernels");
  return times;
}

llvm::Expected<KernelTimes> nn::timeKernels(ModuleOp module, const TimingOptions &options) {
  size_t count = llvm::range_size(module.getOps<func::FuncOp>());
  llvm::Expected<SmallVector<char>> object = compile(module, options.march);
  if (!object)
    return object.takeError();
  TemporaryFiles files;
  llvm::Expected<StringRef> program = files.make(*object);
  if (!program)
    return program.takeError();
  KernelTimes all;
  for (int64_t i = 0; i < options.processes; ++i) {
    llvm::Expected<StringRef> answer = files.make();
    if (!answer)
      return answer.takeError();
    if (llvm::Error error = runTimer(*program, *answer, options))
      return error;
    llvm::Expected<SmallVector<KernelTime>> times = readTimes(*answer, count);
    if (!times)
      return times.takeError();
    all.push_back(*times);
  }
  return all;
}
