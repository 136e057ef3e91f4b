// LLVM's code generator for PTX, and NVIDIA's tools as programs; see DeviceImage.h.
#include "codegen/gpu/DeviceImage.h"
#include "codegen/MiddleEnd.h"
#include "codegen/TemporaryFiles.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace mlir::nn;

/// What drivers from 525 on (CUDA 12) take.
static constexpr StringLiteral ptxFeature = "+ptx80";

static std::unique_ptr<llvm::TargetMachine> makeMachine(std::string &error) {
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  llvm::Triple triple("nvptx64-nvidia-cuda");
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  llvm::TargetOptions options;
  // Products and sums are rounded where the IR says so, as on CPUs.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(triple, oldestArchitecture, ptxFeature,
                                                                          options, llvm::Reloc::PIC_, std::nullopt,
                                                                          llvm::CodeGenOptLevel::Aggressive));
}

/// Shared memory whose size a launch says is an external array without one; upstream makes it an empty one of the
/// module.
static void declareDynamicMemory(llvm::Module &module) {
  for (llvm::GlobalVariable &global : module.globals()) {
    auto array = dyn_cast<llvm::ArrayType>(global.getValueType());
    if (!array || array->getNumElements() != 0)
      continue;
    global.setInitializer(nullptr);
    global.setLinkage(llvm::GlobalValue::ExternalLinkage);
  }
}

static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  // Loops are unrolled already where it gains something; longer code only takes registers.
  llvm::PipelineTuningOptions tuning;
  tuning.LoopUnrolling = false;
  runMiddleEnd(module, machine, tuning, [](llvm::PassBuilder &builder) {
    return builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2);
  });
}

llvm::Expected<std::string> nn::translateToPtx(gpu::GPUModuleOp kernels) {
  MLIRContext *mlirContext = kernels.getContext();
  registerBuiltinDialectTranslation(*mlirContext);
  registerLLVMDialectTranslation(*mlirContext);
  registerGPUDialectTranslation(*mlirContext);
  registerNVVMDialectTranslation(*mlirContext);
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = translateModuleToLLVMIR(kernels, context, "kernels");
  if (!module)
    return llvm::createStringError("the kernels do not translate to LLVM IR");
  std::string error;
  std::unique_ptr<llvm::TargetMachine> machine = makeMachine(error);
  if (!machine)
    return llvm::createStringError("no code generator for PTX: " + error);
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  declareDynamicMemory(*module);
  // As the runtime has it on the CPU (runtime/core/Subnormals.h).
  for (llvm::Function &function : *module)
    function.addFnAttr("denormal-fp-math-f32", "preserve-sign,preserve-sign");
  optimize(*module, *machine);
  llvm::SmallVector<char> ptx;
  llvm::raw_svector_ostream stream(ptx);
  llvm::legacy::PassManager emission;
  if (machine->addPassesToEmitFile(emission, stream, nullptr, llvm::CodeGenFileType::AssemblyFile))
    return llvm::createStringError("LLVM's code generator writes no PTX");
  emission.run(*module);
  return std::string(ptx.begin(), ptx.end());
}

/// A tool of NVIDIA's, or where it was looked for.
static llvm::Expected<std::string> findTool(StringRef name) {
  SmallVector<std::string> folders;
  if (llvm::ErrorOr<std::string> onPath = llvm::sys::findProgramByName(name))
    return *onPath;
  for (const char *variable : {"CUDA_HOME", "CUDA_PATH"})
    if (const char *home = std::getenv(variable))
      folders.push_back(std::string(home) + "/bin");
  folders.push_back("/usr/local/cuda/bin");
  folders.push_back(NNC_CUDA_TOOLS);
  for (StringRef folder : folders)
    if (llvm::ErrorOr<std::string> found = llvm::sys::findProgramByName(name, {folder}))
      return *found;
  return llvm::createStringError("'" + name + "', which assembles device code, is neither on PATH nor in " +
                                 llvm::join(folders, ", ") +
                                 "; a CUDA Toolkit has it, and tools/setup installs it from PyPI's nvidia-cuda-nvcc");
}

/// Runs a tool; what it prints.
static llvm::Expected<std::string> run(StringRef tool, ArrayRef<std::string> options) {
  llvm::Expected<std::string> program = findTool(tool);
  if (!program)
    return program.takeError();
  TemporaryFiles files;
  llvm::Expected<StringRef> messages = files.make();
  if (!messages)
    return messages.takeError();
  SmallVector<StringRef> arguments = {*program};
  llvm::append_range(arguments, options);
  std::optional<StringRef> redirects[] = {StringRef(""), *messages, *messages};
  std::string error;
  int status = llvm::sys::ExecuteAndWait(*program, arguments, std::nullopt, redirects, 0, 0, &error);
  auto printed = llvm::MemoryBuffer::getFile(*messages);
  std::string text = printed ? (*printed)->getBuffer().trim().str() : "";
  if (status == 0)
    return text;
  return llvm::createStringError(tool + " refuses the device code: " + error + text);
}

/// Reads what `ptxas --verbose` prints of each kernel: its name, a line with frame and spills, one with registers.
static void readResources(StringRef text, StringRef architecture, std::vector<KernelResources> &resources) {
  static constexpr StringLiteral begin = "Compiling entry function '";
  auto getNumberBefore = [](StringRef line, StringRef words) -> int64_t {
    int64_t number = 0;
    StringRef before = line.take_front(line.find(words)).rtrim();
    before.take_back(before.size() - (before.find_last_of(' ') + 1)).getAsInteger(10, number);
    return number;
  };
  for (StringRef rest = text; !rest.empty();) {
    StringRef line;
    std::tie(line, rest) = rest.split('\n');
    if (line.contains(begin)) {
      StringRef name = line.split(begin).second.split('\'').first;
      resources.push_back({name.str(), architecture.str()});
    } else if (resources.empty()) {
      continue;
    } else if (line.contains(" bytes stack frame")) {
      int64_t spills = getNumberBefore(line, " bytes spill stores") + getNumberBefore(line, " bytes spill loads");
      resources.back().spillBytes = spills;
      resources.back().frameBytes = getNumberBefore(line, " bytes stack frame");
    } else if (line.contains(" registers")) {
      resources.back().registers = getNumberBefore(line, " registers");
    }
  }
}

llvm::Expected<DeviceImage> nn::assemble(StringRef ptx) {
  TemporaryFiles files;
  llvm::Expected<StringRef> source = files.make(ArrayRef(ptx.data(), ptx.size()));
  if (!source)
    return source.takeError();
  llvm::Expected<StringRef> image = files.make();
  if (!image)
    return image.takeError();
  std::string version = oldestArchitecture.drop_front(3).str();
  SmallVector<std::string> bind = {"--create", image->str(), "-64",
                                   "--image3=kind=ptx,sm=" + version + ",file=" + source->str()};
  DeviceImage result;
  for (StringRef architecture : deviceArchitectures) {
    llvm::Expected<StringRef> code = files.make();
    if (!code)
      return code.takeError();
    llvm::Expected<std::string> printed =
        run("ptxas", {"--gpu-name=" + architecture.str(), "-O3", "--verbose", source->str(), "-o", code->str()});
    if (!printed)
      return printed.takeError();
    readResources(*printed, architecture, result.resources);
    bind.push_back("--image3=kind=elf,sm=" + architecture.drop_front(3).str() + ",file=" + code->str());
  }
  if (llvm::Expected<std::string> printed = run("fatbinary", bind); !printed)
    return printed.takeError();
  auto made = llvm::MemoryBuffer::getFile(*image, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!made)
    return llvm::errorCodeToError(made.getError());
  result.bytes = (*made)->getBuffer().str();
  return result;
}
