// nn-emulate-kernels: makes GPU kernels functions of the host, and their launches calls of the host's emulator, which
// runs them thread by thread. A kernel's arguments lie in a context on its caller's stack, as those of parallel loops
// do.
#include "codegen/Arena.h"
#include "codegen/KernelFunction.h"
#include "codegen/Passes.h"
#include "codegen/gpu/EmulatedBody.h"
#include "codegen/gpu/Launches.h"
#include "codegen/gpu/ProductRecord.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/IR/Matchers.h"
#include "runtime/include/nnc/program.h"

namespace mlir::nn {
#define GEN_PASS_DEF_EMULATEKERNELS
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

/// A kernel as a function of the host.
struct EmulatedKernel {
  func::FuncOp function;
  std::string name;
  bool isCooperative;
};

/// The arena's bytes, whose number a kernel may know.
bool isArena(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  return memref && memref.getRank() == 1 && memref.getElementType().isInteger(8) && memref.getLayout().isIdentity() &&
         !memref.getMemorySpace();
}

/// How an argument lies in a context: the arena as its address, an index as an i64.
Type getFieldType(Type type) {
  MLIRContext *context = type.getContext();
  if (isArena(type))
    return LLVM::LLVMPointerType::get(context);
  return isa<IndexType>(type) ? IntegerType::get(context, 64) : type;
}

bool isArgument(Type type) {
  return isa<IndexType>(type) || (type.isIntOrFloat() && type.getIntOrFloatBitWidth() <= 64);
}

struct EmulateKernels : nn::impl::EmulateKernelsBase<EmulateKernels> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto kernelModules = llvm::to_vector(module.getOps<gpu::GPUModuleOp>());
    if (kernelModules.empty())
      return;
    auto program = module->getAttrOfType<DictionaryAttr>("nn.program");
    auto bytes = program ? program.getAs<IntegerAttr>("arena_bytes") : IntegerAttr();
    if (!bytes) {
      module.emitError() << "has kernels, but no arena; --nn-plan-arena makes one";
      return signalPassFailure();
    }
    arenaBytes = bytes.getInt();
    EmulatorCalls calls(module);
    kernels.clear();
    LogicalResult result = success();
    for (gpu::GPUModuleOp kernelModule : kernelModules)
      if (failed(moveKernels(kernelModule, calls)))
        result = failure();
    if (failed(result))
      return signalPassFailure();
    for (func::FuncOp function : llvm::to_vector(module.getOps<func::FuncOp>()))
      if (failed(replaceLaunches(function, calls)))
        return signalPassFailure();
    for (gpu::GPUModuleOp kernelModule : kernelModules)
      kernelModule.erase();
    module->removeAttr(gpu::GPUDialect::getContainerModuleAttrName());
  }

private:
  LogicalResult moveKernels(gpu::GPUModuleOp kernelModule, EmulatorCalls &calls) {
    // Constants first, as kernels name them.
    for (auto global : llvm::make_early_inc_range(kernelModule.getOps<memref::GlobalOp>())) {
      StringAttr name = global.getSymNameAttr();
      global->remove();
      StringAttr newName = calls.getSymbols().insert(global);
      if (newName != name && failed(SymbolTable::replaceAllSymbolUses(name, newName, kernelModule)))
        return global.emitOpError() << "is used where that cannot be seen";
    }
    LogicalResult result = success();
    for (Operation &op : llvm::make_early_inc_range(*kernelModule.getBody())) {
      auto kernel = dyn_cast<gpu::GPUFuncOp>(op);
      if (!kernel || !kernel.isKernel())
        result = op.emitOpError() << "is no kernel, which is all that the emulator knows of a module of kernels";
      else if (failed(moveKernel(kernelModule, kernel, calls)))
        result = failure();
    }
    return result;
  }

  LogicalResult moveKernel(gpu::GPUModuleOp kernelModule, gpu::GPUFuncOp kernel, EmulatorCalls &calls) {
    ArrayRef<Type> types = kernel.getArgumentTypes();
    if (types.empty() || !isArena(types.front()) || !llvm::all_of(types.drop_front(), isArgument))
      return kernel.emitOpError() << "does not take the arena, as " << getArenaType(&getContext())
                                  << ", and then numbers of at most 64 bits";
    if (kernel.getNumWorkgroupAttributions() > 0 || kernel.getNumPrivateAttributions() > 0)
      return kernel.emitOpError() << "has buffers of its own; the emulator knows shared memory by "
                                     "gpu.dynamic_shared_memory alone";
    auto key = SymbolRefAttr::get(kernelModule.getSymNameAttr(), FlatSymbolRefAttr::get(kernel.getNameAttr()));
    bool isCooperative = waitsForGrid(kernel);

    Location loc = kernel.getLoc();
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    OpBuilder builder(&getContext());
    auto function = func::FuncOp::create(loc, kernel.getName(), builder.getFunctionType({pointer, pointer}, {}));
    function.setPrivate();
    calls.getSymbols().insert(function);
    function.getBody().takeBody(kernel.getBody());
    Block &entry = function.getBody().front();
    EmulatedThreadValues values{entry.insertArgument(0u, pointer, loc), entry.insertArgument(1u, pointer, loc)};
    builder.setInsertionPointToStart(&entry);
    for (auto [field, type] : llvm::enumerate(types)) {
      Value value =
          LLVM::LoadOp::create(builder, loc, getFieldType(type), getField(builder, loc, values.context, field));
      if (field == 0) {
        value = makeArena(builder, loc, value);
        if (type != value.getType())
          value = memref::CastOp::create(builder, loc, type, value);
      }
      if (isa<IndexType>(type))
        value = arith::IndexCastOp::create(builder, loc, type, value);
      entry.getArgument(field + 2).replaceAllUsesWith(value);
    }
    entry.eraseArguments(2, types.size());
    kernels[key] = {function, kernel.getName().str(), isCooperative};
    return emulateBody(function, values, calls, detectRaces);
  }

  LogicalResult replaceLaunches(func::FuncOp function, EmulatorCalls &calls) {
    SmallVector<gpu::LaunchFuncOp> launches;
    function.walk([&](gpu::LaunchFuncOp launch) { launches.push_back(launch); });
    if (launches.empty())
      return success();
    // One context does for all: a launch ends before the next begins.
    int64_t numFields = 0;
    for (gpu::LaunchFuncOp launch : launches)
      numFields = std::max<int64_t>(numFields, launch.getNumKernelOperands());
    OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
    Value context = LLVM::AllocaOp::create(builder, function.getLoc(), LLVM::LLVMPointerType::get(&getContext()),
                                           builder.getI64Type(), makeInt64(builder, function.getLoc(), numFields));
    for (gpu::LaunchFuncOp launch : launches)
      if (failed(replace(launch, context, calls)))
        return failure();
    function->removeAttr("nn.device"); // it runs on the host now
    return success();
  }

  LogicalResult replace(gpu::LaunchFuncOp launch, Value context, EmulatorCalls &calls) {
    auto known = kernels.find(launch.getKernelAttr());
    if (known == kernels.end())
      return launch.emitOpError() << "launches " << launch.getKernelAttr() << ", which is no kernel of this module";
    const EmulatedKernel &kernel = known->second;
    auto isOne = [](Value value) { return matchPattern(value, m_One()); };
    if (!llvm::all_of(
            ArrayRef({launch.getGridSizeY(), launch.getGridSizeZ(), launch.getBlockSizeY(), launch.getBlockSizeZ()}),
            isOne))
      return launch.emitOpError()
             << "has blocks or threads in more than one dimension, which the emulator does not know";
    if (launch.hasClusterSize() || launch.getAsyncToken() || !launch.getAsyncDependencies().empty() ||
        launch.getAsyncObject())
      return launch.emitOpError() << "has clusters or is asynchronous, which the emulator does not know";

    OpBuilder builder(launch);
    Location loc = launch.getLoc();
    auto toInt64 = [&](Value value) -> Value {
      if (isa<IndexType>(value.getType()))
        return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), value);
      if (value.getType().isInteger(32))
        return arith::ExtUIOp::create(builder, loc, builder.getI64Type(), value);
      return value;
    };
    for (auto [field, operand] : llvm::enumerate(launch.getKernelOperands())) {
      Value value = operand;
      if (isArena(operand.getType()))
        value = getArenaPointer(builder, loc, operand);
      else if (isa<IndexType>(operand.getType()))
        value = toInt64(operand);
      LLVM::StoreOp::create(builder, loc, value, getField(builder, loc, context, field));
    }
    FailureOr<Value> product = makeProduct(builder, launch, calls);
    if (failed(product))
      return failure();
    Value shared = launch.getDynamicSharedMemorySize();
    int64_t flags = (detectRaces ? NNC_DETECT_RACES : 0) | (kernel.isCooperative ? NNC_COOPERATIVE : 0);
    func::FuncOp function = kernel.function;
    auto body = func::ConstantOp::create(builder, loc, function.getFunctionType(), function.getSymName());
    calls.call(builder, loc, "nnc_rt_emulate",
               {calls.makeText(builder, loc, kernel.name), body, context, toInt64(launch.getGridSizeX()),
                toInt64(launch.getBlockSizeX()), shared ? toInt64(shared) : makeInt64(builder, loc, 0),
                makeInt64(builder, loc, arenaBytes), makeInt64(builder, loc, flags), *product});
    launch.erase();
    return success();
  }

  /// A pointer to what cuBLASLt would do in the launch's place; a null one where there is nothing.
  static FailureOr<Value> makeProduct(OpBuilder &builder, gpu::LaunchFuncOp launch, EmulatorCalls &calls) {
    Location loc = launch.getLoc();
    Attribute attribute = launch->getAttr(productAttributeName);
    if (!attribute)
      return Value(LLVM::ZeroOp::create(builder, loc, LLVM::LLVMPointerType::get(builder.getContext())));
    std::optional<nnc_product> product = readProductAttribute(attribute);
    if (!product)
      return launch.emitOpError() << "has a malformed description of a product: " << attribute;
    return calls.makeNumbers(builder, loc, getNumbers(*product));
  }

  /// By the name that launches have for them.
  llvm::DenseMap<SymbolRefAttr, EmulatedKernel> kernels;
  int64_t arenaBytes = 0;
};
} // namespace
