// --nn-outline-launches: makes the code of every launch a kernel of the module's device code, which gets the arena and
// the places of its buffers; launches that differ in these places alone, as those of equal layers do, share a kernel.
#include "codegen/Arena.h"
#include "codegen/EqualCode.h"
#include "codegen/KernelFunction.h"
#include "codegen/KernelNames.h"
#include "codegen/Passes.h"
#include "codegen/gpu/Launches.h"
#include "codegen/gpu/Precision.h"
#include "codegen/gpu/ProductRecord.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

namespace mlir::nn {
#define GEN_PASS_DEF_OUTLINELAUNCHES
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

/// Threads of a multiprocessor at a time, at least: with 128 registers each. With fewer blocks than multiprocessors,
/// about so many, each has one to itself.
static constexpr int64_t residentThreads = 512, multiprocessors = 128;

namespace {

/// What a launch becomes: a kernel, and what it gets besides the arena.
struct Outlined {
  gpu::GPUFuncOp kernel;
  SmallVector<Value> places;
};

/// Makes the kernel of one launch.
class KernelMaker {
public:
  /// `arenaType` has the arena's size: what is passed of a memref of known shape is its address alone.
  KernelMaker(gpu::LaunchOp launch, Value arena, MemRefType arenaType, StringRef name)
      : launch(launch), arena(arena), arenaType(arenaType), name(name.str()) {}

  FailureOr<Outlined> make() {
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(launch.getBody(), captured);
    for (Value value : captured)
      if (failed(findPlaces(value)))
        return failure();
    MLIRContext *context = launch.getContext();
    OpBuilder builder(context);
    SmallVector<Type> inputs = {arenaType};
    inputs.append(places.size(), builder.getIndexType());
    Location loc = launch.getLoc();
    auto kernel = gpu::GPUFuncOp::create(builder, loc, name, builder.getFunctionType(inputs, {}));
    kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), builder.getUnitAttr());
    setKnownSizes(kernel);
    Block &entry = kernel.getBody().front();
    builder.setInsertionPointToStart(&entry);
    map.map(arena, entry.getArgument(0));
    for (auto [number, place] : llvm::enumerate(places))
      map.map(place, entry.getArgument(number + 1));
    for (Value value : captured)
      rebuild(builder, value);
    mapIds(builder, loc);
    Block &body = launch.getBody().front();
    for (Operation &op : body.without_terminator())
      builder.clone(op, map);
    gpu::ReturnOp::create(builder, loc);
    return Outlined{kernel, places};
  }

private:
  static std::optional<int64_t> getConstant(Value value) {
    APInt constant;
    return matchPattern(value, m_ConstantInt(&constant)) ? std::optional(constant.getSExtValue()) : std::nullopt;
  }

  /// Lists the places of planned buffers that `value` is made of.
  LogicalResult findPlaces(Value value) {
    if (value == arena || !seen.insert(value).second)
      return success();
    Operation *op = value.getDefiningOp();
    if (!op || !isPure(op) || op->getNumRegions() != 0)
      return launch.emitOpError() << "takes a value that no kernel can get";
    if (isPlannedBuffer(value, arena)) {
      places.push_back(cast<memref::ViewOp>(op).getByteShift());
      return success();
    }
    for (Value operand : op->getOperands())
      if (failed(findPlaces(operand)))
        return failure();
    return success();
  }

  /// Makes `value` anew in the kernel. The places of buffers are arguments, whatever other constants are.
  void rebuild(OpBuilder &builder, Value value) {
    if (map.contains(value))
      return;
    Operation *op = value.getDefiningOp();
    for (Value operand : op->getOperands())
      rebuild(builder, operand);
    builder.clone(*op, map);
  }

  /// Bounds of the ids, from which narrower arithmetic on them follows.
  void setKnownSizes(gpu::GPUFuncOp kernel) {
    auto setSize = [&](StringRef attribute, Value size) {
      if (std::optional<int64_t> known = getConstant(size))
        kernel->setAttr(attribute, DenseI32ArrayAttr::get(kernel.getContext(), {static_cast<int32_t>(*known), 1, 1}));
    };
    setSize("known_block_size", launch.getBlockSizeX());
    setSize("known_grid_size", launch.getGridSizeX());
    // So many blocks that a multiprocessor has work for each scheduler while threads wait; without a number, ptxas
    // saves registers until it is full of threads, at the price of spills.
    std::optional<int64_t> blocks = getConstant(launch.getGridSizeX()), threads = getConstant(launch.getBlockSizeX());
    int64_t resident = blocks && threads && *blocks > multiprocessors ? residentThreads / *threads : 1;
    kernel->setAttr("nvvm.minctasm",
                    IntegerAttr::get(IntegerType::get(kernel.getContext(), 32), std::max<int64_t>(1, resident)));
  }

  void mapIds(OpBuilder &builder, Location loc) {
    map.map(launch.getBlockIds().x, Value(gpu::BlockIdOp::create(builder, loc, gpu::Dimension::x)));
    map.map(launch.getThreadIds().x, Value(gpu::ThreadIdOp::create(builder, loc, gpu::Dimension::x)));
  }

  gpu::LaunchOp launch;
  Value arena;
  MemRefType arenaType;
  std::string name;
  SmallVector<Value> places;
  DenseSet<Value> seen;
  IRMapping map;
};

struct OutlineLaunches : nn::impl::OutlineLaunchesBase<OutlineLaunches> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    kernels.clear();
    numNames.clear();
    kernelModule = {};
    auto program = module->getAttrOfType<DictionaryAttr>("nn.program");
    auto bytes = program ? program.getAs<IntegerAttr>("arena_bytes") : IntegerAttr();
    arenaType = MemRefType::get({bytes ? bytes.getInt() : 0}, Builder(&getContext()).getI8Type());
    for (func::FuncOp entry : llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
      if (entry->hasAttr("nn.device") && failed(outlineEntry(entry)))
        return signalPassFailure();
  }

  LogicalResult outlineEntry(func::FuncOp entry) {
    if (entry.getArgumentTypes() != ArrayRef<Type>(getArenaType(&getContext())))
      return entry.emitOpError() << "does not take the arena alone; --nn-plan-arena makes it so";
    auto launches = llvm::to_vector(entry.getOps<gpu::LaunchOp>());
    for (gpu::LaunchOp launch : launches)
      if (failed(outline(entry, launch)))
        return failure();
    // What is left are constants, and views that kernels have made anew.
    SmallVector<Operation *> left;
    for (Operation &op : entry.getBody().front().without_terminator())
      left.push_back(&op);
    for (Operation *op : llvm::reverse(left))
      if (op->use_empty() && isPure(op))
        op->erase();
    return success();
  }

  /// What cuBLASLt can do in the launch's place, which its code says no more then; null where there is nothing.
  static FailureOr<DictionaryAttr> takeProduct(func::FuncOp entry, gpu::LaunchOp launch) {
    auto products = llvm::to_vector(launch.getBody().getOps<LibraryProductOp>());
    if (products.empty())
      return DictionaryAttr();
    if (products.size() > 1)
      return launch.emitOpError() << "has two products that a library does";
    auto name = entry->getAttrOfType<StringAttr>(precisionAttributeName);
    Precision precision = parsePrecision(name ? name.getValue() : "f32").value_or(Precision::f32);
    FailureOr<nnc_product> product =
        describeProduct(products.front(), entry.getArgument(0), static_cast<int64_t>(precision));
    if (failed(product))
      return failure();
    products.front()->erase();
    return makeProductAttribute(entry.getContext(), *product);
  }

  LogicalResult outline(func::FuncOp entry, gpu::LaunchOp launch) {
    FailureOr<DictionaryAttr> product = takeProduct(entry, launch);
    if (failed(product))
      return failure();
    std::string name = makeName(entry, launch);
    FailureOr<Outlined> outlined = KernelMaker(launch, entry.getArgument(0), arenaType, name).make();
    if (failed(outlined))
      return failure();
    gpu::GPUFuncOp kernel = findEqual(outlined->kernel);
    if (kernel) {
      outlined->kernel.erase();
    } else {
      kernel = outlined->kernel;
      getKernelModule().push_back(kernel);
      kernels[hash(kernel)].push_back(kernel);
    }
    OpBuilder builder(launch);
    Location loc = launch.getLoc();
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    SmallVector<Value> operands = {memref::CastOp::create(builder, loc, arenaType, entry.getArgument(0))};
    llvm::append_range(operands, outlined->places);
    auto call = gpu::LaunchFuncOp::create(builder, loc, kernel, gpu::KernelDim3{launch.getGridSizeX(), one, one},
                                          gpu::KernelDim3{launch.getBlockSizeX(), one, one},
                                          launch.getDynamicSharedMemorySize(), operands);
    for (StringRef name : {timeAttributeName, cooperativeAttributeName})
      if (Attribute attribute = launch->getAttr(name))
        call->setAttr(name, attribute);
    if (*product)
      call->setAttr(productAttributeName, *product);
    launch.erase();
    return success();
  }

  /// Of letters, digits and underscores, as device code takes them; numbers tell kernels of one layer apart.
  std::string makeName(func::FuncOp entry, gpu::LaunchOp launch) {
    std::string name = (entry.getSymName() + "." + describeKernel(entry, launch.getLoc()).getStem()).str();
    for (char &c : name)
      if (!llvm::isAlnum(c))
        c = '_';
    int64_t number = numNames[name]++;
    return name + "_" + std::to_string(number);
  }

  static size_t hash(gpu::GPUFuncOp kernel) {
    size_t result = 0;
    for (Operation &op : kernel.getBody().front())
      result = llvm::hash_combine(result, hashCode(&op));
    return result;
  }

  gpu::GPUFuncOp findEqual(gpu::GPUFuncOp kernel) {
    for (gpu::GPUFuncOp other : kernels.lookup(hash(kernel)))
      if (areEqual(kernel, other))
        return other;
    return {};
  }

  static bool areEqual(gpu::GPUFuncOp a, gpu::GPUFuncOp b) {
    if (a.getFunctionType() != b.getFunctionType() ||
        a->getAttr("known_block_size") != b->getAttr("known_block_size") ||
        a->getAttr("known_grid_size") != b->getAttr("known_grid_size"))
      return false;
    SmallVector<arith::ConstantOp> ofA, ofB;
    findPassableConstants(a, ofA);
    findPassableConstants(b, ofB);
    if (!llvm::equal(ofA, ofB, [](arith::ConstantOp x, arith::ConstantOp y) { return x.getValue() == y.getValue(); }))
      return false;
    CodeComparison comparison;
    Block &blockA = a.getBody().front(), &blockB = b.getBody().front();
    for (auto [x, y] : llvm::zip_equal(blockA.getArguments(), blockB.getArguments()))
      if (!comparison.match(x, y))
        return false;
    auto y = blockB.begin();
    for (Operation &x : blockA) {
      if (y == blockB.end() || !comparison.areEqual(x, *y))
        return false;
      ++y;
    }
    return y == blockB.end();
  }

  gpu::GPUModuleOp getKernelModule() {
    if (!kernelModule) {
      ModuleOp module = getOperation();
      module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(), UnitAttr::get(&getContext()));
      OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
      kernelModule = gpu::GPUModuleOp::create(builder, module.getLoc(), "kernels");
    }
    return kernelModule;
  }

  DenseMap<size_t, SmallVector<gpu::GPUFuncOp>> kernels;
  llvm::StringMap<int64_t> numNames;
  gpu::GPUModuleOp kernelModule;
  MemRefType arenaType;
};
} // namespace
