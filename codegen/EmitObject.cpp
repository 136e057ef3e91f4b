// From the LLVM dialect to one object: code units side by side, each by translation, a short optimisation pipeline and
// LLVM's code generator; the first with the descriptor; then the linker, and a check of what the object imports.
// Floating-point arithmetic stays what the IR says: no fast-math, no contraction.
#include "codegen/EmitObject.h"
#include "codegen/CodeUnits.h"
#include "codegen/Descriptor.h"
#include "codegen/LinkObjects.h"
#include "codegen/MiddleEnd.h"
#include "codegen/Program.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Threading.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace mlir::nn;

namespace {

constexpr StringLiteral memoryFunctions[] = {"memcpy", "memmove", "memset", "memcmp", "bcmp"};
/// What the host provides; the second only to programs compiled for a profile.
constexpr StringLiteral hostFunctions[] = {"nnc_rt_parallel_for", "nnc_rt_profile"};
/// What it provides besides to programs whose kernels are emulated.
constexpr StringLiteral emulatorPrefix = "nnc_rt_emulate";

/// What an object of target reference may import besides.
constexpr StringLiteral mathFunctions[] = {
    "acos",  "acosh",     "asin", "asinh", "atan",   "atan2", "atanh", "cbrt", "ceil",  "cos",   "cosh", "erf",
    "erfc",  "exp",       "exp2", "expm1", "floor",  "fma",   "fmod",  "log",  "log10", "log1p", "log2", "pow",
    "round", "roundeven", "rint", "sin",   "sincos", "sinh",  "sqrt",  "tan",  "tanh",  "trunc"};

/// The machine that code is for; it makes a code generator for each unit, as these are used by one thread.
struct Target {
  const llvm::Target *description;
  llvm::Triple triple;
  std::string cpu, features;

  std::unique_ptr<llvm::TargetMachine> makeMachine() const {
    llvm::TargetOptions codegen;
    codegen.AllowFPOpFusion = llvm::FPOpFusion::Strict;
    return std::unique_ptr<llvm::TargetMachine>(description->createTargetMachine(
        triple, cpu, features, codegen, llvm::Reloc::PIC_, std::nullopt, llvm::CodeGenOptLevel::Default));
  }
};

/// This machine's features, as LLVM writes them.
std::string getHostFeatures() {
  std::string features;
  for (const auto &[name, has] : llvm::sys::getHostCPUFeatures())
    features += (features.empty() ? "" : ",") + std::string(has ? "+" : "-") + name.str();
  return features;
}

void initializeAllTargets() {
  llvm::InitializeAllTargetInfos();
  llvm::InitializeAllTargets();
  llvm::InitializeAllTargetMCs();
  llvm::InitializeAllAsmPrinters();
}

llvm::Expected<Target> findTarget(const nn::TargetOptions &options) {
  // All the others' code would take memory too.
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  if (!options.triple.empty())
    initializeAllTargets();

  llvm::Triple triple(options.triple.empty() ? llvm::sys::getProcessTriple() : llvm::Triple::normalize(options.triple));
  llvm::Triple host(llvm::sys::getProcessTriple());
  std::string error;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return llvm::createStringError("--triple: no target '" + triple.str() + "': " + error);
  if (!triple.isArch64Bit() || !triple.isLittleEndian())
    return llvm::createStringError("--triple: target '" + triple.str() + "' is not 64-bit and little-endian");
  if (!triple.isOSBinFormatELF())
    return llvm::createStringError("--triple: target '" + triple.str() +
                                   "' has objects that are not ELF, which programs are");

  std::string cpu = options.march, features;
  if (cpu == "native") {
    if (triple.getArch() != host.getArch())
      return llvm::createStringError("--march=native is this machine's, but the target is '" + triple.str() +
                                     "'; name a CPU");
    cpu = llvm::sys::getHostCPUName();
    features = getHostFeatures();
  }
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget(target->createMCSubtargetInfo(triple, "", ""));
  if (!subtarget || !subtarget->isCPUStringValid(cpu))
    return llvm::createStringError("--march: target '" + triple.str() + "' has no CPU '" + cpu + "'");

  Target result{target, triple, cpu, features};
  if (!result.makeMachine())
    return llvm::createStringError("--triple: no code generator for target '" + triple.str() + "'");
  return result;
}

/// Only the descriptor is seen from outside; the units of a program see each other's functions.
void hideFunctions(llvm::Module &module, const llvm::TargetMachine &machine) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.setLinkage(llvm::GlobalValue::ExternalLinkage);
    function.setVisibility(llvm::GlobalValue::HiddenVisibility);
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
  runMiddleEnd(module, machine, {}, [](llvm::PassBuilder &builder) {
    llvm::ModulePassManager passes;
    llvm::cantFail(builder.parsePassPipeline(passes, "function(early-cse<memssa>,loop-mssa(licm))"));
    return passes;
  });
}

/// One unit of the program's code, of which nothing is left; with `program`, its descriptor too.
LogicalResult emitUnit(OwningOpRef<ModuleOp> unit, const Target &target, const nn::TargetOptions &options,
                       const Program *program, llvm::SmallVector<char> &object) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = translateModuleToLLVMIR(*unit, context, options.name);
  Location loc = unit->getLoc();
  unit = {};
  if (!module)
    return emitError(loc) << "the module does not translate to LLVM IR";
  std::unique_ptr<llvm::TargetMachine> machine = target.makeMachine();
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  module->setPICLevel(llvm::PICLevel::BigPIC);
  hideFunctions(*module, *machine);
  if (program)
    addDescriptor(*module, *program, options, program->image.empty() ? StringRef(target.cpu) : "cuda");
  optimize(*module, *machine);

  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager emission;
  if (machine->addPassesToEmitFile(emission, stream, nullptr, llvm::CodeGenFileType::ObjectFile))
    return emitError(loc) << "target '" << target.triple.str() << "' cannot write objects";
  emission.run(*module);
  return success();
}

/// Where symbols come from, by name: the first op that calls one, or that LLVM makes a call of it (llvm.intr.exp is
/// expf or exp).
llvm::StringMap<Location> findOrigins(ModuleOp module) {
  llvm::StringMap<Location> origins;
  module.walk([&](Operation *op) {
    StringRef name = op->getName().getStringRef();
    if (auto call = dyn_cast<LLVM::CallOp>(op); call && call.getCallee()) {
      origins.try_emplace(*call.getCallee(), op->getLoc());
    } else if (name.consume_front("llvm.intr.")) {
      origins.try_emplace(name, op->getLoc());
      origins.try_emplace((name + "f").str(), op->getLoc());
    }
  });
  return origins;
}

/// A program must run wherever the ABI's host runs, to the same bits: it imports nothing else.
LogicalResult checkImports(ModuleOp module, StringRef object, const llvm::StringMap<Location> &origins,
                           const nn::TargetOptions &options) {
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
                   (options.target == "reference" && llvm::is_contained(mathFunctions, *name)) ||
                   (StringRef(options.target).starts_with("cuda-") && name->starts_with(emulatorPrefix));
    if (isKnown)
      continue;
    auto origin = origins.find(*name);
    result = emitError(origin == origins.end() ? module.getLoc() : origin->second)
             << "the compiled program would import '" << *name << "'; a program imports "
             << llvm::join(ArrayRef(memoryFunctions), ", ") << " and " << hostFunctions[0] << " only";
  }
  return result;
}

} // namespace

llvm::Error nn::checkTarget(const TargetOptions &options) { return findTarget(options).takeError(); }

LogicalResult nn::emitObject(ModuleOp module, const TargetOptions &options, bool shared, llvm::raw_ostream &out) {
  FailureOr<Program> program = readProgram(module);
  llvm::Expected<Target> target = findTarget(options);
  if (!target)
    return emitError(UnknownLoc::get(module.getContext())) << llvm::toString(target.takeError());
  if (failed(program))
    return failure();
  llvm::StringMap<Location> origins = findOrigins(module);
  SmallVector<OwningOpRef<ModuleOp>> units = makeCodeUnits(module);
  MLIRContext *context = module.getContext();
  registerBuiltinDialectTranslation(*context);
  registerLLVMDialectTranslation(*context);
  SmallVector<llvm::SmallVector<char>> objects(units.size());
  auto emit = [&](size_t index) {
    return emitUnit(std::move(units[index]), *target, options, index == 0 ? &*program : nullptr, objects[index]);
  };
  if (failed(failableParallelForEachN(context, 0, units.size(), emit)))
    return failure();
  llvm::Expected<llvm::SmallVector<char>> relocatable = linkRelocatable(objects);
  if (!relocatable)
    return module.emitError() << llvm::toString(relocatable.takeError());
  if (failed(checkImports(module, StringRef(relocatable->data(), relocatable->size()), origins, options)))
    return failure();
  llvm::Expected<llvm::SmallVector<char>> object = shared ? linkShared({*relocatable}) : std::move(relocatable);
  if (!object)
    return module.emitError() << llvm::toString(object.takeError());
  out << StringRef(object->data(), object->size());
  return success();
}
