// From the LLVM dialect to one relocatable object: translation, the descriptor, a short optimisation pipeline, machine
// code, and a check of what the object imports. Floating-point arithmetic stays what the IR says: no fast-math, no
// contraction.
#include "codegen/EmitObject.h"
#include "codegen/Descriptor.h"
#include "codegen/Program.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace mlir::nn;

namespace {

constexpr StringLiteral memoryFunctions[] = {"memcpy", "memmove", "memset", "memcmp", "bcmp"};
/// What the host provides; the second only to programs compiled for a profile.
constexpr StringLiteral hostFunctions[] = {"nnc_rt_parallel_for", "nnc_rt_profile"};

/// What an object of target reference may import besides.
constexpr StringLiteral mathFunctions[] = {
    "acos",  "acosh",     "asin", "asinh", "atan",   "atan2", "atanh", "cbrt", "ceil",  "cos",   "cosh", "erf",
    "erfc",  "exp",       "exp2", "expm1", "floor",  "fma",   "fmod",  "log",  "log10", "log1p", "log2", "pow",
    "round", "roundeven", "rint", "sin",   "sincos", "sinh",  "sqrt",  "tan",  "tanh",  "trunc"};

struct Target {
  std::unique_ptr<llvm::TargetMachine> machine;
  std::string cpu;
};

/// This machine's features, as LLVM writes them.
std::string getHostFeatures() {
  std::string features;
  for (const auto &[name, has] : llvm::sys::getHostCPUFeatures())
    features += (features.empty() ? "" : ",") + std::string(has ? "+" : "-") + name.str();
  return features;
}

FailureOr<Target> makeTarget(ModuleOp module, const nn::TargetOptions &options) {
  static const bool initialized = [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    return true;
  }();
  (void)initialized;

  llvm::Triple triple(options.triple.empty() ? llvm::sys::getProcessTriple() : llvm::Triple::normalize(options.triple));
  llvm::Triple host(llvm::sys::getProcessTriple());
  std::string error;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return module.emitError() << "no target '" << triple.str() << "': " << error;
  if (!triple.isArch64Bit() || !triple.isLittleEndian())
    return module.emitError() << "target '" << triple.str() << "' is not 64-bit and little-endian";

  std::string cpu = options.march, features;
  if (cpu == "native") {
    if (triple.getArch() != host.getArch())
      return module.emitError() << "march 'native' is this machine's, but the target is '" << triple.str()
                                << "'; name a CPU";
    cpu = llvm::sys::getHostCPUName();
    features = getHostFeatures();
  }
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget(target->createMCSubtargetInfo(triple, "", ""));
  if (!subtarget || !subtarget->isCPUStringValid(cpu))
    return module.emitError() << "target '" << triple.str() << "' has no CPU '" << cpu << "'";

  llvm::TargetOptions codegen;
  codegen.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  Target result;
  result.machine.reset(target->createTargetMachine(triple, cpu, features, codegen, llvm::Reloc::PIC_, std::nullopt,
                                                   llvm::CodeGenOptLevel::Default));
  if (!result.machine)
    return module.emitError() << "no code generator for target '" << triple.str() << "'";
  result.cpu = cpu;
  return result;
}

/// Only the descriptor is seen from outside.
void hideFunctions(llvm::Module &module, const llvm::TargetMachine &machine) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.setLinkage(llvm::GlobalValue::InternalLinkage);
    function.addFnAttr(llvm::Attribute::NoUnwind);
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    if (!machine.getTargetFeatureString().empty())
      function.addFnAttr("target-features", machine.getTargetFeatureString());
    // Vectors are as wide as the code generator of nnc made them.
    function.addFnAttr("prefer-vector-width", "512");
  }
  for (llvm::GlobalVariable &global : module.globals())
    global.setLinkage(llvm::GlobalValue::PrivateLinkage);
}

/// Shares addresses and takes them out of loops. Loops are vectorised already, in an order of operations that is ours;
/// LLVM's whole middle end makes programs no faster and takes longer than all the rest.
void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::PassBuilder builder(&machine);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::ModulePassManager passes;
  llvm::cantFail(builder.parsePassPipeline(passes, "function(early-cse<memssa>,loop-mssa(licm))"));
  passes.run(module, modules);
}

/// Where `symbol` comes from: the first op that calls it, or that LLVM makes a call of it (llvm.intr.exp is expf or
/// exp).
Location findOrigin(ModuleOp module, StringRef symbol) {
  std::optional<Location> origin;
  module.walk([&](Operation *op) {
    auto call = dyn_cast<LLVM::CallOp>(op);
    StringRef intrinsic = op->getName().getStringRef();
    bool isIntrinsic =
        intrinsic.consume_front("llvm.intr.") && (symbol == intrinsic || symbol.drop_back() == intrinsic);
    if (!isIntrinsic && !(call && call.getCallee() == symbol))
      return WalkResult::advance();
    origin = op->getLoc();
    return WalkResult::interrupt();
  });
  return origin.value_or(module.getLoc());
}

/// A program must run wherever the ABI's host runs, to the same bits: it imports nothing else.
LogicalResult checkImports(ModuleOp module, StringRef object, const nn::TargetOptions &options) {
  auto file = llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(object, options.name));
  if (!file)
    return module.emitError() << "the object does not read back: " << llvm::toString(file.takeError());
  LogicalResult result = success();
  for (const llvm::object::SymbolRef &symbol : (*file)->symbols()) {
    llvm::Expected<uint32_t> flags = symbol.getFlags();
    llvm::Expected<StringRef> name = symbol.getName();
    if (!flags || !name)
      return module.emitError() << "the object's symbols do not read back";
    if (!(*flags & llvm::object::SymbolRef::SF_Undefined) || name->empty() || *name == "_GLOBAL_OFFSET_TABLE_")
      continue;
    bool isKnown = llvm::is_contained(hostFunctions, *name) || llvm::is_contained(memoryFunctions, *name) ||
                   (options.target == "reference" && llvm::is_contained(mathFunctions, *name));
    if (isKnown)
      continue;
    result = emitError(findOrigin(module, *name))
             << "the compiled program would import '" << *name << "'; a program imports "
             << llvm::join(ArrayRef(memoryFunctions), ", ") << " and " << hostFunctions[0] << " only";
  }
  return result;
}

} // namespace

LogicalResult nn::emitObject(ModuleOp module, const TargetOptions &options, llvm::raw_pwrite_stream &out) {
  FailureOr<Program> program = readProgram(module);
  FailureOr<Target> target = makeTarget(module, options);
  if (failed(program) || failed(target))
    return failure();

  MLIRContext *context = module.getContext();
  registerBuiltinDialectTranslation(*context);
  registerLLVMDialectTranslation(*context);
  OwningOpRef<ModuleOp> code = cast<ModuleOp>(module->clone());
  for (auto variable : llvm::make_early_inc_range(code->getOps<VariableOp>()))
    variable.erase();
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> llvmModule = translateModuleToLLVMIR(*code, llvmContext, options.name);
  if (!llvmModule)
    return module.emitError() << "the module does not translate to LLVM IR";

  llvm::TargetMachine &machine = *target->machine;
  llvmModule->setTargetTriple(machine.getTargetTriple());
  llvmModule->setDataLayout(machine.createDataLayout());
  llvmModule->setPICLevel(llvm::PICLevel::BigPIC);
  hideFunctions(*llvmModule, machine);
  addDescriptor(*llvmModule, *program, options, target->cpu);
  optimize(*llvmModule, machine);

  llvm::SmallVector<char> object;
  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager emission;
  if (machine.addPassesToEmitFile(emission, stream, nullptr, llvm::CodeGenFileType::ObjectFile))
    return module.emitError() << "target '" << options.triple << "' cannot write objects";
  emission.run(*llvmModule);
  StringRef bytes(object.data(), object.size());
  if (failed(checkImports(module, bytes, options)))
    return failure();
  out << bytes;
  return success();
}
