// Chooses loops by strides; see LoopRoles.h.
#include "codegen/cpu/LoopRoles.h"
#include "codegen/cpu/Reduction.h"
#include "codegen/cpu/VectorBody.h"

using namespace mlir;
using namespace mlir::nn;

/// Whether an output is written once for all iterations of the sums' loops.
static bool isSumOutput(linalg::GenericOp op, OpOperand &output) {
  AffineMap map = op.getMatchingIndexingMap(&output);
  return llvm::any_of(llvm::seq<unsigned>(0, op.getNumLoops()),
                      [&](unsigned loop) { return isSumLoop(op, loop) && !map.isFunctionOfDim(loop); });
}

/// Whether each output has an element of its own for each point of the parallel loops, and either one for all or one
/// for each iteration of the others.
static bool hasPlainOutputs(linalg::GenericOp op) {
  return llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &output) {
    AffineMap map = op.getMatchingIndexingMap(&output);
    if (!map.isProjectedPermutation())
      return false;
    bool isSum = isSumOutput(op, output);
    return llvm::all_of(llvm::seq<unsigned>(0, op.getNumLoops()),
                        [&](unsigned loop) { return map.isFunctionOfDim(loop) == !(isSumLoop(op, loop) && isSum); });
  });
}

/// How well vectors along `loop` suit the operands that the loops of sums walk through, and then all of them; nothing
/// where they are not possible.
static std::optional<std::pair<int64_t, int64_t>> getScore(linalg::GenericOp op, unsigned loop,
                                                           ArrayRef<OpOperand *> sums) {
  if (op.getStaticLoopRanges()[loop] == 1 || !VectorBody::canVectorize(op, loop) ||
      (isSumLoop(op, loop) &&
       !llvm::all_of(sums, [&](OpOperand *output) { return matchCombiner(op, output).has_value(); })))
    return std::nullopt;
  int64_t inSums = 0, all = 0;
  for (OpOperand &operand : op->getOpOperands()) {
    std::optional<int64_t> stride = getStrideAlong(&operand, loop);
    int64_t score = stride == 1 ? op.isDpsInit(&operand) ? 3 : 2 : stride != 0 ? -3 : 0;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    all += score;
    // The others are read once a sum.
    if (llvm::any_of(llvm::seq<unsigned>(0, op.getNumLoops()),
                     [&](unsigned other) { return isSumLoop(op, other) && map.isFunctionOfDim(other); }))
      inSums += score;
  }
  if (all < 0)
    return std::nullopt;
  return std::pair(inSums, all);
}

LoopRoles nn::findLoopRoles(linalg::GenericOp op) {
  LoopRoles roles;
  for (OpOperand &output : op.getDpsInitsMutable())
    if (isSumOutput(op, output))
      roles.sumOutputs.push_back(&output);
  roles.isPlain = hasPlainOutputs(op);
  std::pair<int64_t, int64_t> bestScore;
  for (unsigned loop = 0; roles.isPlain && loop < op.getNumLoops(); ++loop)
    if (auto score = getScore(op, loop, roles.sumOutputs); score && (!roles.vectorLoop || *score >= bestScore)) {
      roles.vectorLoop = loop;
      bestScore = *score;
    }
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
    if (loop != roles.vectorLoop)
      (isSumLoop(op, loop) || !roles.isPlain ? roles.sums : roles.outer).push_back(loop);
  return roles;
}
