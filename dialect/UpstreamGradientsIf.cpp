// The gradient of scf.if between scalars: a branch on the same condition, each of whose sides computes again what it
// needs of the side it is the adjoint of, and yields the gradients of all that either side reads from outside.
#include "dialect/DetachedBlock.h"
#include "dialect/ReverseMode.h"
#include "dialect/UpstreamGradients.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace mlir::nn;

/// What either side reads from outside, constants apart.
static SmallVector<Value> getCaptures(scf::IfOp branch) {
  llvm::SetVector<Value> captures;
  for (Region &region : branch->getRegions())
    if (!region.empty())
      for (Value value : DetachedBlock::getCaptures(region.front()))
        captures.insert(value);
  return captures.takeVector();
}

namespace {

/// A copy of one side with its adjoint behind it.
class SideAdjoint {
public:
  /// `hasGrad`: which results a gradient arrives for; `wanted`: one flag for each of `all`, what both sides read.
  SideAdjoint(scf::IfOp branch, Region &side, ArrayRef<Value> all, ArrayRef<bool> hasGrad, ArrayRef<bool> wanted)
      : branch(branch), captures(DetachedBlock::getCaptures(side.front())), block(branch.getContext()) {
    for (Value result : branch.getResults())
      block->addArgument(result.getType(), branch.getLoc());
    IRMapping mapping;
    block.copyBody(side.front(), mapping, branch.getLoc());
    yield = &block->back();
    for (auto [index, capture] : llvm::enumerate(captures))
      if (wanted[llvm::find(all, capture) - all.begin()] && isa<FloatType>(getElementTypeOrSelf(capture.getType()))) {
        inputs.push_back(argument(index));
        inputCaptures.push_back(capture);
      }
    for (auto [index, result] : llvm::enumerate(branch.getResults()))
      if (hasGrad[index] && isa<FloatType>(result.getType())) {
        outputs.push_back(yield->getOperand(index));
        outputGrads.push_back(block->getArgument(index));
      }
  }

  /// Why there is no gradient; empty where there is one.
  std::string getObstacle() {
    for (auto [input, capture] : llvm::zip(inputs, inputCaptures)) {
      ReverseMode through(*block, yield, input, outputs);
      through.analyse();
      if (isa<ShapedType>(capture.getType()) && through.hasActiveOps())
        return "reads a trained tensor on one of its sides; extract the elements before it";
    }
    SmallVector<std::pair<Operation *, std::string>> obstacles;
    ReverseMode(*block, yield, inputs, outputs).collectObstacles(obstacles);
    if (obstacles.empty())
      return {};
    auto &[op, reason] = obstacles.front();
    return ("holds '" + op->getName().getStringRef() + "', which " + reason).str();
  }

  LogicalResult emit() {
    ReverseMode mode(*block, yield, inputs, outputs);
    if (failed(mode.makeSavingForms()))
      return failure();
    OpBuilder builder = OpBuilder::atBlockEnd(&*block);
    FailureOr<SmallVector<Value>> result = mode.emit(builder, outputGrads);
    if (failed(result))
      return failure();
    for (auto [capture, grad] : llvm::zip(inputCaptures, *result))
      grads[capture] = grad;
    return success();
  }

  /// After `emit`: what the gradients are computed from.
  DetachedBlock::Slice slice() {
    SmallVector<Value> values;
    for (Value capture : inputCaptures)
      if (Value grad = grads.lookup(capture))
        values.push_back(grad);
    return block.slice(values);
  }

  /// The captures that a slice reads.
  SmallVector<Value> getRead(const DetachedBlock::Slice &slice) {
    SmallVector<Value> read;
    for (auto [index, capture] : llvm::enumerate(captures))
      if (slice.arguments.contains(argument(index)))
        read.push_back(capture);
    return read;
  }

  /// After `emit`: yields the gradients of `targets` at the builder's place.
  void build(ImplicitLocOpBuilder &b, ArrayRef<Value> targets, ArrayRef<Value> resultGrads,
             const DenseMap<Value, Value> &savedFor) {
    DetachedBlock::Slice needed = slice();
    IRMapping mapping;
    for (auto [index, grad] : llvm::enumerate(resultGrads))
      if (grad)
        mapping.map(block->getArgument(index), grad);
    for (auto [index, capture] : llvm::enumerate(captures))
      if (needed.arguments.contains(argument(index)))
        mapping.map(argument(index), savedFor.lookup(capture));
    DetachedBlock::cloneSlice(needed, b, mapping);
    SmallVector<Value> yields;
    for (Value target : targets) {
      Value grad = grads.lookup(target);
      yields.push_back(grad ? mapping.lookup(grad) : zeroOf(b, b.getLoc(), target.getType()));
    }
    scf::YieldOp::create(b, yields);
  }

  /// After `emit`; null where zero.
  DenseMap<Value, Value> grads;

private:
  BlockArgument argument(unsigned capture) { return block->getArgument(branch.getNumResults() + capture); }

  scf::IfOp branch;
  SmallVector<Value> captures, inputs, inputCaptures, outputs, outputGrads;
  DetachedBlock block;
  Operation *yield;
};

struct IfGradient : DifferentiableOpInterface::ExternalModel<IfGradient, scf::IfOp> {
  /// The condition, then what the sides read.
  SmallVector<Value> getGradientInputs(Operation *op) const {
    auto branch = cast<scf::IfOp>(op);
    SmallVector<Value> values = {branch.getCondition()};
    llvm::append_range(values, getCaptures(branch));
    return values;
  }

  std::string getObstacle(Operation *op, ArrayRef<bool> wanted) const {
    auto branch = cast<scf::IfOp>(op);
    if (llvm::any_of(branch.getResultTypes(), llvm::IsaPred<ShapedType>))
      return "gives a tensor; use arith.select";
    SmallVector<Value> all = getCaptures(branch);
    for (Region &side : branch->getRegions()) {
      SideAdjoint adjoint(branch, side, all, SmallVector<bool>(branch.getNumResults(), true), wanted.drop_front());
      if (std::string obstacle = adjoint.getObstacle(); !obstacle.empty())
        return obstacle;
    }
    return {};
  }

  SmallVector<Value> getSavedValues(Operation *op) const {
    auto branch = cast<scf::IfOp>(op);
    SmallVector<Value> all = getCaptures(branch);
    llvm::SetVector<Value> saved;
    saved.insert(branch.getCondition());
    for (Region &side : branch->getRegions()) {
      SideAdjoint adjoint(branch, side, all, SmallVector<bool>(branch.getNumResults(), true),
                          SmallVector<bool>(all.size(), true));
      if (failed(adjoint.emit()))
        return {};
      saved.insert_range(adjoint.getRead(adjoint.slice()));
    }
    return saved.takeVector();
  }

  FailureOr<SmallVector<Value>> buildAdjoint(Operation *op, OpBuilder &builder, ValueRange saved,
                                             ArrayRef<Value> resultGrads, ArrayRef<bool> wanted) const {
    auto branch = cast<scf::IfOp>(op);
    DenseMap<Value, Value> savedFor;
    for (auto [value, copy] : llvm::zip(getSavedValues(op), saved))
      savedFor[value] = copy;
    SmallVector<bool> hasGrad = llvm::map_to_vector(resultGrads, [](Value grad) { return bool(grad); });
    SmallVector<Value> all = getCaptures(branch);
    SideAdjoint onTrue(branch, branch.getThenRegion(), all, hasGrad, wanted.drop_front());
    SideAdjoint onFalse(branch, branch.getElseRegion(), all, hasGrad, wanted.drop_front());
    if (failed(onTrue.emit()) || failed(onFalse.emit()))
      return failure();
    SmallVector<Value> targets = llvm::filter_to_vector(
        all, [&](Value value) { return onTrue.grads.lookup(value) || onFalse.grads.lookup(value); });
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    auto build = [&](SideAdjoint &side) {
      return [&](OpBuilder &nested, Location loc) {
        ImplicitLocOpBuilder body(loc, nested);
        side.build(body, targets, resultGrads, savedFor);
      };
    };
    SmallVector<Value> grads(wanted.size());
    if (targets.empty())
      return grads;
    auto adjoint = scf::IfOp::create(b, savedFor.lookup(branch.getCondition()), build(onTrue), build(onFalse));
    for (auto [target, grad] : llvm::zip(targets, adjoint.getResults()))
      grads[1 + (llvm::find(all, target) - all.begin())] = grad;
    return grads;
  }
};

} // namespace

void nn::registerIfGradients(DialectRegistry &registry) {
  registry.addExtension(
      +[](MLIRContext *context, scf::SCFDialect *) { scf::IfOp::attachInterface<IfGradient>(*context); });
}
