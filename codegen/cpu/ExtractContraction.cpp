// Copies a contraction and its neighbours into a function whose arguments are the buffers that they see.
#include "codegen/cpu/ExtractContraction.h"
#include "codegen/ParallelLoops.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/cpu/Loops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::nn;

// Turns of a loop that leaves b as it is: as good as many, where b's panels are made once.
static constexpr int64_t hoistedTurns = 16;

// A parallel loop of more tasks takes as long as one of so many, over and over.
static constexpr int64_t maxTasksAround = 16;

namespace {
class Extractor {
public:
  Extractor(const ContractionGroup &group, const ContractionSchedule &schedule)
      : group(group), schedule(schedule), loc(UnknownLoc::get(group.contraction.op->getContext())),
        outer(loc.getContext()), inner(loc.getContext()) {}

  OwningOpRef<ModuleOp> run() {
    OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
    makeFunction(*module);
    makeLoops();
    for (Operation *member : group.getOps())
      if (failed(copy(member)))
        return {};
    return module;
  }

private:
  void makeFunction(ModuleOp module) {
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    function = func::FuncOp::create(builder, loc, "kernel", builder.getFunctionType({}, {}));
    function.setPrivate();
    function->setAttr("nn.entry", builder.getStringAttr("gradient"));
    function->setAttr("nn.symbol", builder.getStringAttr("kernel"));
    function->setAttr("nn.batch", builder.getI64IntegerAttr(1));
    builder.setInsertionPointToStart(function.addEntryBlock());
    Operation *end = func::ReturnOp::create(builder, loc);
    outer.setInsertionPoint(end);
    inner.setInsertionPoint(end);
  }

  void makeLoops() {
    Operation *around = nullptr;
    if (schedule.isNested) {
      original = group.contraction.op->getParentOfType<scf::ForallOp>();
      FailureOr<SmallVector<LoopDimension>> dimensions = getDimensions(original);
      numTasks = std::min(maxTasksAround, succeeded(dimensions) ? countTasks(*dimensions) : maxTasksAround);
      auto loop = scf::ForallOp::create(inner, loc, {inner.getIndexAttr(numTasks)}, ValueRange{}, std::nullopt);
      around = loop;
      task = loop.getInductionVar(0);
      inner.setInsertionPointToStart(loop.getBody());
    }
    if (schedule.isHoisted) {
      Value begin = getIndexConstant(inner, loc, 0), end = getIndexConstant(inner, loc, hoistedTurns);
      auto loop = scf::ForOp::create(inner, loc, begin, end, getIndexConstant(inner, loc, 1));
      around = around ? around : begin.getDefiningOp();
      inner.setInsertionPointToStart(loop.getBody());
      // Views for the task are made before its loop.
      views = OpBuilder(begin.getDefiningOp());
    }
    if (around)
      outer.setInsertionPoint(around);
  }

  LogicalResult copy(Operation *member) {
    for (Value operand : member->getOperands())
      if (failed(map(operand)))
        return failure();
    WalkResult captured = member->walk([&](Operation *op) {
      for (Value operand : op->getOperands())
        if (!member->isAncestor(operand.getParentRegion()->getParentOp()) && failed(map(operand)))
          return WalkResult::interrupt();
      return WalkResult::advance();
    });
    if (captured.wasInterrupted())
      return failure();
    Operation *copied = inner.clone(*member, mapping);
    for (NamedAttribute attribute : llvm::to_vector(copied->getDiscardableAttrs()))
      copied->removeDiscardableAttr(attribute.getName());
    if (member == group.contraction.op)
      copied->setAttr(scheduleAttributeName, inner.getDictionaryAttr({}));
    copied->walk([&](Operation *op) { op->setLoc(loc); });
    return success();
  }

  LogicalResult map(Value value) {
    if (mapping.contains(value))
      return success();
    Value mapped = isa<MemRefType>(value.getType()) ? makeBuffer(value) : makeScalar(value);
    if (mapped)
      mapping.map(value, mapped);
    return success(bool(mapped));
  }

  /// What a program can be given.
  static bool isExchanged(Type type) {
    return type.isF32() || type.isF64() || type.isInteger(32) || type.isInteger(64);
  }

  Value addArgument(MemRefType type) {
    unsigned number = function.getNumArguments();
    Builder builder(loc.getContext());
    DictionaryAttr attributes =
        builder.getDictionaryAttr({builder.getNamedAttr("nn.output", builder.getStringAttr("buffer" + Twine(number))),
                                   builder.getNamedAttr("nn.output_role", builder.getStringAttr("gradient"))});
    if (failed(function.insertArgument(number, type, attributes, loc)))
      return {};
    return function.getArgument(number);
  }

  bool isWritten(Value value) {
    return llvm::any_of(group.getOps(), [&](Operation *op) { return mayWrite(op, value); });
  }

  Value makeBuffer(Value value) {
    for (auto [known, buffer] : buffers)
      if (isSameView(known, value))
        return buffer;
    auto type = cast<MemRefType>(value.getType());
    SmallVector<int64_t> strides;
    int64_t offset = 0, span = 1;
    if (!type.hasStaticShape() || failed(type.getStridesAndOffset(strides, offset)) ||
        llvm::any_of(strides, [](int64_t stride) { return ShapedType::isDynamic(stride) || stride < 0; }))
      return {};
    for (auto [extent, stride] : llvm::zip_equal(type.getShape(), strides))
      span += (extent - 1) * stride;
    Type element = type.getElementType();
    bool isOwn =
        schedule.isNested && (isWritten(value) || original->isAncestor(value.getParentRegion()->getParentOp()));
    bool isUnseen = isOnlyUsedBy(value, group.getOps());
    if (!isUnseen && !isExchanged(element))
      return {};
    OpBuilder &place = isOwn || isUnseen ? (views ? *views : inner) : outer;
    // Cache lines apart.
    int64_t slot = llvm::alignTo(span, 64);
    auto flat = MemRefType::get({isOwn && !isUnseen ? slot * numTasks : span}, element);
    Value whole = isUnseen ? memref::AllocOp::create(place, loc, flat, place.getI64IntegerAttr(64)).getResult()
                           : addArgument(flat);
    if (!whole)
      return {};
    OpFoldResult begin = place.getIndexAttr(0);
    if (isOwn && !isUnseen)
      begin = arith::MulIOp::create(place, loc, task, getIndexConstant(place, loc, slot)).getResult();
    auto viewType = MemRefType::get(
        type.getShape(), element,
        StridedLayoutAttr::get(loc.getContext(), isOwn && !isUnseen ? ShapedType::kDynamic : 0, strides));
    Value view = memref::ReinterpretCastOp::create(place, loc, viewType, whole, begin,
                                                   getAsIndexOpFoldResult(loc.getContext(), type.getShape()),
                                                   getAsIndexOpFoldResult(loc.getContext(), strides));
    buffers.push_back({value, view});
    return view;
  }

  Value makeScalar(Value value) {
    Operation *op = value.getDefiningOp();
    if (op && op->hasTrait<OpTrait::ConstantLike>()) {
      Operation *constant = outer.clone(*op);
      constant->setLoc(loc);
      return constant->getResult(0);
    }
    Type type = value.getType();
    if (isExchanged(type)) {
      Value cell = addArgument(MemRefType::get({}, type));
      return cell ? memref::LoadOp::create(outer, loc, cell, ValueRange{}) : Value();
    }
    if (isa<IntegerType, IndexType>(type))
      return arith::ConstantOp::create(outer, loc, outer.getIntegerAttr(type, 1));
    return {};
  }

  const ContractionGroup &group;
  const ContractionSchedule &schedule;
  Location loc;
  func::FuncOp function;
  /// Before all loops; in all loops; in the parallel loop, before the other one.
  OpBuilder outer, inner;
  std::optional<OpBuilder> views;
  scf::ForallOp original;
  int64_t numTasks = 1;
  Value task;
  IRMapping mapping;
  SmallVector<std::pair<Value, Value>> buffers;
};
} // namespace

OwningOpRef<ModuleOp> nn::extractContraction(const ContractionGroup &group, const ContractionSchedule &schedule) {
  return Extractor(group, schedule).run();
}

linalg::GenericOp nn::getExtracted(Operation *root) {
  linalg::GenericOp found;
  root->walk([&](linalg::GenericOp op) {
    if (op->hasAttr(scheduleAttributeName))
      found = op;
  });
  return found;
}
