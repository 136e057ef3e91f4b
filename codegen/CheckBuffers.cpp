// nn-check-buffers: what bufferization made must fit into one arena that is planned before the first step, and every
// copy in it must have a reason. The closed list of reasons is `CopyReason` below. The only copies made later are those
// of nn-lower-contractions, into buffers of its own, which it counts as `packed`; nn-plan-arena checks their sizes.
#include "codegen/Buffers.h"
#include "codegen/Passes.h"
#include "dialect/NN.h"

namespace mlir::nn {
#define GEN_PASS_DEF_CHECKBUFFERS
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

/// Why a copy is there (`nn.copy_reason`).
enum class CopyReason {
  output,   ///< into an output's buffer: the value is also something else (a variable, an input, another output)
  variable, ///< a new value into its variable, computed elsewhere because the op that makes it reads the old one
  sequence, ///< a value of a loop's turn into its slot of a sequence
  part,     ///< a part into a whole: concatenation, padding, the adjoint of a slice
  initial,  ///< a starting value into the buffer that a loop or an accumulating op overwrites, as it is needed again
  carried,  ///< a loop's next value into the buffer that carries it, computed elsewhere because it reads the old one
};

StringRef stringifyReason(CopyReason reason) {
  constexpr StringLiteral names[] = {"output", "variable", "sequence", "part", "initial", "carried"};
  return names[static_cast<int>(reason)];
}

struct CheckBuffers : nn::impl::CheckBuffersBase<CheckBuffers> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp entry = getOperation();
    if (!entry->hasAttr("nn.entry"))
      return;
    bool fails = false;
    entry.walk([&](Operation *op) { fails |= failed(checkOp(op)); });
    if (fails)
      return signalPassFailure();
  }

  LogicalResult checkOp(Operation *op) {
    if (isBufferAllocation(op))
      return checkAllocation(op);
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return checkLoop(loop);
    if (auto copy = dyn_cast<memref::CopyOp>(op))
      return checkCopy(copy);
    if (auto global = dyn_cast<memref::GetGlobalOp>(op))
      return checkGlobal(global);
    return checkEscapes(op);
  }

  /// Every buffer has a size that is known before the first step.
  LogicalResult checkAllocation(Operation *op) {
    auto type = cast<MemRefType>(op->getResult(0).getType());
    if (getBufferBytes(type) && type.getLayout().isIdentity())
      return success();
    return op->emitOpError() << "makes a buffer " << type << " whose size is not known at compile time";
  }

  /// A loop updates what it carries in place: buffers that take turns have no fixed offset.
  LogicalResult checkLoop(scf::ForOp loop) {
    for (auto [carried, yielded] : llvm::zip_equal(loop.getRegionIterArgs(), loop.getYieldedValues())) {
      if (!isa<BaseMemRefType>(carried.getType()) || getBufferRoot(yielded) == getBufferRoot(carried))
        continue;
      return loop->emitOpError() << "carries a value (argument " << carried.getArgNumber() - 1
                                 << ") that it does not update in place: its buffers would take turns";
    }
    return success();
  }

  /// Data outside the arena is constant.
  LogicalResult checkGlobal(memref::GetGlobalOp op) {
    auto global = SymbolTable::lookupNearestSymbolFrom<memref::GlobalOp>(op, op.getNameAttr());
    if (global && global.getConstant() && !global.isUninitialized())
      return success();
    return op->emitOpError() << "reads memory outside the arena that is not constant";
  }

  /// No buffer leaves the function, nor the sight of the planner.
  LogicalResult checkEscapes(Operation *op) {
    auto isBuffer = [](Type type) { return isa<BaseMemRefType>(type); };
    if (isa<func::ReturnOp, CallOpInterface>(op) && llvm::any_of(op->getOperandTypes(), isBuffer))
      return op->emitOpError() << "lets a buffer escape from its entry point";
    if (isBufferView(op) || isa<scf::ForOp>(op) || llvm::none_of(op->getResultTypes(), isBuffer))
      return success();
    return op->emitOpError() << "makes a buffer that cannot be traced to an allocation";
  }

  LogicalResult checkCopy(memref::CopyOp copy) {
    FailureOr<CopyReason> reason = findReason(copy);
    if (failed(reason))
      return failure();
    copy->setAttr("nn.copy_reason", StringAttr::get(&getContext(), stringifyReason(*reason)));
    countCopy(copy, stringifyReason(*reason));
    return success();
  }

  FailureOr<CopyReason> findReason(memref::CopyOp copy) {
    Value root = getBufferRoot(copy.getTarget());
    bool isPart = root.getType() != copy.getTarget().getType();
    auto loop = copy->getParentOfType<scf::ForOp>();
    bool outlivesTurn = loop && !loop->isAncestor(root.getParentBlock()->getParentOp());
    if (outlivesTurn)
      return isPart ? CopyReason::sequence : CopyReason::carried;
    if (auto argument = dyn_cast<BlockArgument>(root))
      return findReasonInArgument(copy, argument);
    if (isPart)
      return CopyReason::part;
    if (loop && copiesAllOfCarried(copy, loop))
      return copy->emitOpError() << "copies a whole " << copy.getSource().getType() << " in every turn of a loop: the "
                                 << "loop overwrites a value that it still reads; write into a tensor.empty instead";
    if (isFilledOnly(copy.getSource(), copy))
      return copy->emitOpError() << "copies a value that costs no more to make again: several ops were given one "
                                 << "destination, as CSE does after nn-separate-destinations";
    return CopyReason::initial;
  }

  /// Whether nothing but fills has written all of `source` when `copy` reads it.
  bool isFilledOnly(Value source, memref::CopyOp copy) {
    if (getBufferRoot(source) != source || source.getParentBlock() != copy->getBlock())
      return false;
    bool isFilled = false;
    for (OpOperand &use : source.getUses()) {
      Operation *place = getAncestorIn(copy->getBlock(), use.getOwner());
      if (!place->isBeforeInBlock(copy))
        continue;
      bool isFill = isa<linalg::FillOp>(use.getOwner());
      isFilled |= isFill;
      // Whoever looks at it otherwise may write through what it sees.
      if (!isFill && getAccess(use.getOwner(), use) != Access::read)
        return false;
    }
    return isFilled;
  }

  FailureOr<CopyReason> findReasonInArgument(memref::CopyOp copy, BlockArgument argument) {
    func::FuncOp entry = getOperation();
    if (entry.getArgAttr(argument.getArgNumber(), "nn.output"))
      return CopyReason::output;
    if (auto variable = entry.getArgAttrOfType<FlatSymbolRefAttr>(argument.getArgNumber(), "nn.variable"))
      return checkUpdate(copy, argument, variable);
    return copy->emitOpError() << "writes into an input";
  }

  /// Whether what is copied is all of a buffer that lives longer than a turn of `loop`.
  bool copiesAllOfCarried(memref::CopyOp copy, scf::ForOp loop) {
    Value root = getBufferRoot(copy.getSource());
    return root.getType() == copy.getSource().getType() && !loop->isAncestor(root.getParentBlock()->getParentOp());
  }

  /// A variable may be overwritten once nothing reads its old value any more. Where something does after the new value
  /// is there, the copy exists only because the update stands too early.
  FailureOr<CopyReason> checkUpdate(memref::CopyOp copy, Value variable, FlatSymbolRefAttr name) {
    Block *block = &getOperation().getBody().front();
    Value value = getBufferRoot(copy.getSource());
    Operation *copyPlace = getAncestorIn(block, copy);
    Operation *lastWrite = nullptr, *lastRead = nullptr;
    block->getParentOp()->walk([&](Operation *op) {
      Operation *place = getAncestorIn(block, op);
      if (!place || !place->isBeforeInBlock(copyPlace))
        return;
      for (OpOperand &operand : op->getOpOperands()) {
        if (!isa<BaseMemRefType>(operand.get().getType()))
          continue;
        Value root = getBufferRoot(operand.get());
        Access access = getAccess(op, operand);
        if (root == value && writes(access) && (!lastWrite || lastWrite->isBeforeInBlock(place)))
          lastWrite = place;
        if (root == variable && reads(access) && (!lastRead || lastRead->isBeforeInBlock(place)))
          lastRead = place;
      }
    });
    if (!lastWrite || !lastRead || !lastWrite->isBeforeInBlock(lastRead))
      return CopyReason::variable;
    InFlightDiagnostic error = emitError(lastWrite->getLoc())
                               << "the new value of '" << name.getValue()
                               << "' is computed before the last use of its old value, which costs a copy of it";
    error.attachNote(lastRead->getLoc()) << "the old value is still used here";
    return error;
  }
};
} // namespace
