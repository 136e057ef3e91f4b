// Gradients of linalg.generic and of the named ops, by one method. The adjoint of a structured op is structured: over
// the same iteration space it recomputes the body from saved values, differentiates it, and gives each input's gradient
// through that input's map, summed over the iterators the map does not use. A contraction's adjoints are contractions.
#include "dialect/DetachedBlock.h"
#include "dialect/Layer.h"
#include "dialect/ReverseMode.h"
#include "dialect/UpstreamGradients.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::nn;
using linalg::LinalgOp;

namespace {

/// What an element of the iteration space reads: an operand, a captured value, a result, or a result's gradient. A
/// scalar of the differentiated body that stands for one of them is a block argument.
struct Source {
  enum Kind { operand, capture, result, gradient } kind;
  unsigned index;
};

/// The body of a structured op, and behind it, in the same block, its adjoint; both on scalars. The block belongs to
/// nothing: what is needed of it is cloned into new ops.
class BodyAdjoint {
public:
  /// `resultGrads` tells which results a gradient arrives for (null: none); nothing: for all.
  explicit BodyAdjoint(LinalgOp op, std::optional<ArrayRef<Value>> resultGrads = std::nullopt);

  LinalgOp op;
  /// Values from outside that the body reads, constants apart.
  SmallVector<Value> captures;
  /// One per block argument.
  SmallVector<Source> sources;
  /// The gradient of each operand's and capture's element; null where zero.
  SmallVector<Value> grads;
  /// Empty, or why there is no gradient.
  std::string obstacle;
  /// Captured float tensors that the result depends on: elements gathered by computed indices.
  llvm::SmallDenseSet<unsigned> gathered;
  /// Of results that are the largest or smallest of elements: a scalar of the block, 1 for an element that is it, else
  /// 0.
  llvm::SmallDenseMap<unsigned, Value> extremes;

  Block::BlockArgListType arguments() { return block->getArguments(); }
  BlockArgument argument(Source::Kind kind, unsigned index);
  /// What gradients are computed from; of all of them where none are given.
  DetachedBlock::Slice slice(ArrayRef<Value> scalars = {}) {
    SmallVector<Value> all = llvm::filter_to_vector(grads, [](Value grad) { return bool(grad); });
    return block.slice(scalars.empty() ? ArrayRef<Value>(all) : scalars);
  }

private:
  Value getExtremeElement(Operation *yield, unsigned result);
  void differentiate(Operation *yield);
  void readResultsInstead(Operation *firstAdjoint, Operation *yield);
  void checkAccumulators();

  bool hasGradient(unsigned result) const {
    return isa<FloatType>(getElementTypeOrSelf(op->getResult(result).getType())) &&
           (!resultGrads || (*resultGrads)[result]);
  }

  DetachedBlock block;
  std::optional<ArrayRef<Value>> resultGrads;
};

} // namespace

/// The iterators that an indexing map uses.
static llvm::SmallBitVector usedDims(AffineMap map) {
  llvm::SmallBitVector used(map.getNumDims());
  for (unsigned dim = 0; dim < map.getNumDims(); ++dim)
    used[dim] = map.isFunctionOfDim(dim);
  return used;
}

static AffineMap resultMap(LinalgOp op, unsigned result) {
  return op.getMatchingIndexingMap(op.getDpsInitOperand(result));
}

/// Whether result `index` is a reduction: several elements of the iteration space go into one of its elements.
static bool isReduced(LinalgOp op, unsigned index) { return !usedDims(resultMap(op, index)).all(); }

/// The operand number of the init of result `index`.
static unsigned initNumber(LinalgOp op, unsigned index) { return op.getDpsInitOperand(index)->getOperandNumber(); }

BodyAdjoint::BodyAdjoint(LinalgOp op, std::optional<ArrayRef<Value>> resultGrads)
    : op(op), captures(DetachedBlock::getCaptures(*op.getBlock())), block(op.getContext()), resultGrads(resultGrads) {
  Block &body = *op.getBlock();
  IRMapping mapping;
  auto add = [&](Source source, Value value) {
    sources.push_back(source);
    return block->addArgument(getElementTypeOrSelf(value.getType()), op.getLoc());
  };
  for (OpOperand &operand : op->getOpOperands()) {
    unsigned number = operand.getOperandNumber();
    BlockArgument arg = add({Source::operand, number}, operand.get());
    // linalg.map hides the element of its init from the body.
    if (number < body.getNumArguments())
      mapping.map(body.getArgument(number), arg);
  }
  for (Value result : op->getResults())
    add({Source::result, cast<OpResult>(result).getResultNumber()}, result);
  for (Value result : op->getResults())
    add({Source::gradient, cast<OpResult>(result).getResultNumber()}, result);
  for (unsigned index = 0; index < captures.size(); ++index)
    sources.push_back({Source::capture, index});
  block.copyBody(body, mapping, op.getLoc());
  differentiate(&block->back());
}

BlockArgument BodyAdjoint::argument(Source::Kind kind, unsigned index) {
  for (auto [arg, source] : llvm::zip(block->getArguments(), sources))
    if (source.kind == kind && source.index == index)
      return arg;
  llvm_unreachable("no such argument");
}

/// Where result `index` is a reduction by maximum or minimum: the scalar whose extreme it is, else null.
Value BodyAdjoint::getExtremeElement(Operation *yield, unsigned result) {
  Operation *def = yield->getOperand(result).getDefiningOp();
  BlockArgument accumulator = argument(Source::operand, initNumber(op, result));
  if (!isReduced(op, result) || !accumulator.hasOneUse() ||
      !isa_and_nonnull<arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp>(def))
    return {};
  bool isFirst = def->getOperand(0) == accumulator;
  return isFirst || def->getOperand(1) == accumulator ? def->getOperand(isFirst ? 1 : 0) : Value();
}

void BodyAdjoint::differentiate(Operation *yield) {
  for (AffineMap map : op.getIndexingMapsArray())
    if (map.getNumSymbols())
      obstacle = "has symbols in its indexing maps";
  for (unsigned result = 0; result < op->getNumResults(); ++result)
    if (!resultMap(op, result).isProjectedPermutation(/*allowZeroInResults=*/true))
      obstacle = "writes its result through a map that is not a permutation";
  if (op.hasDynamicShape())
    obstacle = "has dynamic shapes";
  if (!obstacle.empty())
    return;

  SmallVector<Value> inputs;
  for (auto [arg, source] : llvm::zip(block->getArguments(), sources))
    if (source.kind == Source::operand || source.kind == Source::capture)
      inputs.push_back(arg);
  SmallVector<Value> differentiableInputs =
      llvm::filter_to_vector(inputs, [](Value value) { return isa<FloatType>(value.getType()); });
  SmallVector<Value> outputs, outputGrads;
  OpBuilder builder = OpBuilder::atBlockEnd(&*block);
  for (unsigned result = 0; result < op->getNumResults(); ++result) {
    if (!hasGradient(result))
      continue;
    Value output = yield->getOperand(result), grad = argument(Source::gradient, result);
    if (Value element = getExtremeElement(yield, result)) {
      ImplicitLocOpBuilder b(op.getLoc(), builder);
      output = element;
      Value zero = constant(b, grad.getType(), 0.0), one = constant(b, grad.getType(), 1.0);
      Value isExtreme = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, element, argument(Source::result, result));
      extremes[result] = arith::SelectOp::create(b, isExtreme, one, zero);
      grad = arith::SelectOp::create(b, isExtreme, grad, zero);
    }
    outputs.push_back(output);
    outputGrads.push_back(grad);
  }

  for (auto [index, capture] : llvm::enumerate(captures)) {
    if (!isa<ShapedType>(capture.getType()))
      continue;
    Value arg = argument(Source::capture, index);
    ReverseMode through(*block, yield, arg, outputs);
    through.analyse();
    if (through.hasActiveOps())
      gathered.insert(op->getNumOperands() + index);
  }

  ReverseMode reverse(*block, yield, differentiableInputs, outputs);
  SmallVector<std::pair<Operation *, std::string>> obstacles;
  reverse.collectObstacles(obstacles);
  if (!obstacles.empty()) {
    obstacle =
        ("applies '" + obstacles.front().first->getName().getStringRef() + "', which " + obstacles.front().second)
            .str();
    return;
  }
  if (failed(reverse.makeSavingForms())) {
    obstacle = "has a body that cannot be differentiated";
    return;
  }
  FailureOr<SmallVector<Value>> result = reverse.emit(builder, outputGrads);
  if (failed(result)) {
    obstacle = "has a body that cannot be differentiated";
    return;
  }
  grads.assign(inputs.size(), Value());
  for (auto [input, grad] : llvm::zip(differentiableInputs, *result))
    grads[llvm::find(inputs, input) - inputs.begin()] = grad;
  readResultsInstead(yield->getNextNode(), yield);
  checkAccumulators();
}

/// Where the adjoint reads what the body yields, the op's result has it already (tanh's gradient reads tanh's result).
void BodyAdjoint::readResultsInstead(Operation *firstAdjoint, Operation *yield) {
  for (unsigned result = 0; result < op->getNumResults(); ++result) {
    Value yielded = yield->getOperand(result);
    Operation *def = yielded.getDefiningOp();
    if (isReduced(op, result) || !def || def->hasTrait<OpTrait::ConstantLike>())
      continue;
    BlockArgument arg = argument(Source::result, result);
    yielded.replaceUsesWithIf(
        arg, [&](OpOperand &use) { return firstAdjoint && !use.getOwner()->isBeforeInBlock(firstAdjoint); });
    llvm::replace(grads, yielded, Value(arg));
  }
}

/// Any other reduction must add to its accumulator: then every element's gradient is the result's, and no adjoint needs
/// to know the accumulator's value on the way.
void BodyAdjoint::checkAccumulators() {
  for (unsigned result = 0; result < op->getNumResults(); ++result) {
    if (!isReduced(op, result) || !hasGradient(result) || extremes.contains(result))
      continue;
    unsigned init = initNumber(op, result);
    if (grads[init] != Value(argument(Source::gradient, result)) ||
        slice().arguments.contains(argument(Source::operand, init)))
      obstacle = "reduces other than by a sum, a maximum or a minimum";
  }
}

//===----------------------------------------------------------------------===//
// Emission
//===----------------------------------------------------------------------===//

namespace {

/// Builds the adjoint of one op out of its BodyAdjoint.
class StructuredAdjoint {
public:
  StructuredAdjoint(BodyAdjoint &body, OpBuilder &builder, DenseMap<Value, Value> saved, ArrayRef<Value> resultGrads)
      : body(body), op(body.op), b(op.getLoc(), builder), saved(std::move(saved)), resultGrads(resultGrads) {}

  SmallVector<Value> build(ArrayRef<bool> wanted);

private:
  struct Target {
    unsigned input;
    Value scalar;
    AffineMap map;
    RankedTensorType type;
  };

  Value tensorOf(BlockArgument arg) { return tensorOf(body.sources[arg.getArgNumber()]); }
  Value tensorOf(Source source);
  AffineMap mapOf(Source source);
  Value existing(const Target &target);
  SmallVector<Value> emitGeneric(ArrayRef<Target> targets, Value start = {});
  Value emitExtreme(unsigned result, bool wantsInit);
  Value emitSum(const Target &from, Value tensor, const Target &to);

  BodyAdjoint &body;
  LinalgOp op;
  ImplicitLocOpBuilder b;
  DenseMap<Value, Value> saved;
  SmallVector<Value> resultGrads;
};

} // namespace

Value StructuredAdjoint::tensorOf(Source source) {
  switch (source.kind) {
  case Source::operand:
    return saved.lookup(op->getOperand(source.index));
  case Source::capture:
    return saved.lookup(body.captures[source.index]);
  case Source::result:
    return saved.lookup(op->getResult(source.index));
  case Source::gradient:
    return resultGrads[source.index];
  }
  llvm_unreachable("covered");
}

AffineMap StructuredAdjoint::mapOf(Source source) {
  switch (source.kind) {
  case Source::operand:
    return op.getMatchingIndexingMap(&op->getOpOperand(source.index));
  case Source::capture:
    return AffineMap::get(op.getNumLoops(), 0, b.getContext());
  case Source::result:
  case Source::gradient:
    return resultMap(op, source.index);
  }
  llvm_unreachable("covered");
}

/// The gradient that arrived for a result, where that is all the target is: element by element, or for the initial
/// value of a sum.
Value StructuredAdjoint::existing(const Target &target) {
  auto arg = dyn_cast<BlockArgument>(target.scalar);
  if (!arg)
    return {};
  Source source = body.sources[arg.getArgNumber()];
  bool isInit = source.kind == Source::gradient && initNumber(op, source.index) == target.input;
  if (!isInit && !usedDims(target.map).all())
    return {};
  Value tensor = tensorOf(source);
  return mapOf(source) == target.map && tensor.getType() == target.type ? tensor : Value();
}

/// One structured op that computes the targets, which are all parallel or all summed over iterators, from zero or from
/// `start`.
SmallVector<Value> StructuredAdjoint::emitGeneric(ArrayRef<Target> targets, Value start) {
  SmallVector<Value> scalars = llvm::map_to_vector(targets, [](const Target &target) { return target.scalar; });
  DetachedBlock::Slice slice = body.slice(scalars);

  unsigned loops = op.getNumLoops();
  bool reduced = !usedDims(targets.front().map).all();
  SmallVector<Value> ins, outs;
  SmallVector<AffineMap> maps;
  SmallVector<Type> types;
  SmallVector<BlockArgument> inArgs;
  llvm::SmallBitVector covered(loops);
  for (BlockArgument arg : slice.arguments) {
    Source source = body.sources[arg.getArgNumber()];
    // A tensor that the body captures whole (to extract from it) stays captured.
    if (isa<ShapedType>(arg.getType()))
      continue;
    ins.push_back(tensorOf(source));
    maps.push_back(mapOf(source));
    inArgs.push_back(arg);
    covered |= usedDims(maps.back());
  }
  for (const Target &target : targets) {
    if (!reduced)
      outs.push_back(tensor::EmptyOp::create(b, target.type.getShape(), target.type.getElementType()));
    else
      outs.push_back(start ? start : filled(b, target.type, 0.0));
    types.push_back(target.type);
    covered |= usedDims(target.map);
  }
  // Iterators that nothing else spans get their extent from a tensor of that shape.
  if (!covered.all()) {
    SmallVector<int64_t> shape, ranges = op.getStaticLoopRanges();
    SmallVector<AffineExpr> dims;
    for (unsigned dim = 0; dim < loops; ++dim)
      if (!covered[dim]) {
        shape.push_back(ranges[dim]);
        dims.push_back(b.getAffineDimExpr(dim));
      }
    ins.push_back(tensor::EmptyOp::create(b, shape, targets.front().type.getElementType()));
    maps.push_back(AffineMap::get(loops, 0, dims, b.getContext()));
  }
  SmallVector<utils::IteratorType> iterators(loops, utils::IteratorType::parallel);
  for (unsigned dim = 0; dim < loops; ++dim)
    if (!targets.front().map.isFunctionOfDim(dim))
      iterators[dim] = utils::IteratorType::reduction;
  for (const Target &target : targets)
    maps.push_back(target.map);

  auto generic = linalg::GenericOp::create(
      b, types, ins, outs, maps, iterators, [&](OpBuilder &nested, Location loc, ValueRange inner) {
        IRMapping mapping;
        for (auto [arg, value] : llvm::zip(inArgs, inner))
          mapping.map(arg, value);
        for (BlockArgument arg : slice.arguments)
          if (isa<ShapedType>(arg.getType()))
            mapping.map(arg, tensorOf(arg));
        DetachedBlock::cloneSlice(slice, nested, mapping);
        SmallVector<Value> yields;
        for (auto [target, out] : llvm::zip(targets, inner.take_back(targets.size()))) {
          Value value = mapping.lookup(target.scalar);
          yields.push_back(reduced ? arith::AddFOp::create(nested, loc, out, value).getResult() : value);
        }
        linalg::YieldOp::create(nested, loc, yields);
      });
  return SmallVector<Value>(generic->getResults());
}

/// Sums the tensor computed for `from` over the iterators that `to` does not use.
Value StructuredAdjoint::emitSum(const Target &from, Value tensor, const Target &to) {
  SmallVector<utils::IteratorType> iterators(op.getNumLoops(), utils::IteratorType::parallel);
  for (unsigned dim = 0; dim < op.getNumLoops(); ++dim)
    if (!to.map.isFunctionOfDim(dim))
      iterators[dim] = utils::IteratorType::reduction;
  return linalg::GenericOp::create(b, TypeRange{to.type}, ValueRange{tensor}, ValueRange{filled(b, to.type, 0.0)},
                                   ArrayRef<AffineMap>{from.map, to.map}, iterators,
                                   [](OpBuilder &nested, Location loc, ValueRange args) {
                                     Value sum = arith::AddFOp::create(nested, loc, args[1], args[0]);
                                     linalg::YieldOp::create(nested, loc, sum);
                                   })
      .getResult(0);
}

/// Shares the gradient of a maximum or minimum among the elements that it is, its initial value with them; returns that
/// one's gradient where it is wanted.
Value StructuredAdjoint::emitExtreme(unsigned result, bool wantsInit) {
  Value extreme = saved.lookup(op->getResult(result)), init = saved.lookup(op.getDpsInitOperand(result)->get());
  auto type = cast<RankedTensorType>(extreme.getType());
  Type element = type.getElementType();
  auto isInit = [](ImplicitLocOpBuilder &b, Value init, Value extreme) -> Value {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, init, extreme);
  };
  Value ofInit = mapElements(b, type, {init, extreme}, [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    return arith::SelectOp::create(b, isInit(b, args[0], args[1]), constant(b, element, 1.0),
                                   constant(b, element, 0.0));
  });
  Target number{0, body.extremes[result], resultMap(op, result), type};
  Value count = emitGeneric(number, ofInit).front();
  resultGrads[result] =
      mapElements(b, type, {resultGrads[result], count}, [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
        return arith::DivFOp::create(b, args[0], args[1]);
      });
  if (!wantsInit)
    return {};
  return mapElements(
      b, type, {init, extreme, resultGrads[result]}, [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
        return arith::SelectOp::create(b, isInit(b, args[0], args[1]), args[2], constant(b, element, 0.0));
      });
}

SmallVector<Value> StructuredAdjoint::build(ArrayRef<bool> wanted) {
  SmallVector<Value> grads(wanted.size());
  SmallVector<Target> parallel, reduced;
  unsigned operands = op->getNumOperands();
  for (unsigned result = 0; result < op->getNumResults(); ++result)
    if (body.extremes.contains(result)) {
      unsigned init = initNumber(op, result);
      grads[init] = emitExtreme(result, wanted[init]);
    }
  for (unsigned input = 0; input < wanted.size(); ++input) {
    if (!wanted[input] || !body.grads[input])
      continue;
    bool isCapture = input >= operands;
    Source source{isCapture ? Source::capture : Source::operand, isCapture ? input - operands : input};
    Type type = isCapture ? body.captures[source.index].getType() : op->getOperand(input).getType();
    auto tensorType = dyn_cast<RankedTensorType>(type);
    if (!tensorType)
      tensorType = RankedTensorType::get({}, type);
    Target target{input, body.grads[input], mapOf(source), tensorType};
    if (Value ready = existing(target))
      grads[input] = ready;
    else
      (usedDims(target.map).all() ? parallel : reduced).push_back(target);
  }
  if (!parallel.empty())
    for (auto [target, grad] : llvm::zip(parallel, emitGeneric(parallel)))
      grads[target.input] = grad;
  for (const Target &target : reduced) {
    // What another input's gradient holds element by element is summed from there, not computed again.
    auto same = llvm::find_if(parallel, [&](const Target &other) {
      return other.scalar == target.scalar && !isa<BlockArgument>(target.scalar);
    });
    grads[target.input] =
        same == parallel.end() ? emitGeneric(target).front() : emitSum(*same, grads[same->input], target);
    // A scalar operand's gradient is a scalar.
    Type type = target.input < operands ? op->getOperand(target.input).getType()
                                        : body.captures[target.input - operands].getType();
    if (!isa<ShapedType>(type))
      grads[target.input] = tensor::ExtractOp::create(b, grads[target.input], ValueRange{});
  }
  return grads;
}

//===----------------------------------------------------------------------===//
// The interface
//===----------------------------------------------------------------------===//

namespace {

template <typename Op> struct Structured : DifferentiableOpInterface::ExternalModel<Structured<Op>, Op> {
  SmallVector<Value> getGradientInputs(Operation *op) const {
    SmallVector<Value> values(op->getOperands());
    llvm::append_range(values, DetachedBlock::getCaptures(*cast<LinalgOp>(op).getBlock()));
    return values;
  }

  std::string getObstacle(Operation *op, ArrayRef<bool> wanted) const {
    BodyAdjoint body(cast<LinalgOp>(op));
    for (unsigned input : body.gathered)
      if (wanted[input])
        return "gathers elements of a trained tensor inside its body";
    return body.obstacle;
  }

  SmallVector<Value> getSavedValues(Operation *op) const {
    BodyAdjoint body(cast<LinalgOp>(op));
    DetachedBlock::Slice slice = body.slice();
    llvm::SetVector<Value> saved;
    for (auto &[result, scalar] : body.extremes) {
      saved.insert(op->getResult(result));
      saved.insert(cast<LinalgOp>(op).getDpsInitOperand(result)->get());
    }
    for (auto [arg, source] : llvm::zip(body.arguments(), body.sources)) {
      if (!slice.arguments.contains(arg))
        continue;
      if (source.kind == Source::operand)
        saved.insert(op->getOperand(source.index));
      else if (source.kind == Source::capture)
        saved.insert(body.captures[source.index]);
      else if (source.kind == Source::result)
        saved.insert(op->getResult(source.index));
    }
    return saved.takeVector();
  }

  FailureOr<SmallVector<Value>> buildAdjoint(Operation *op, OpBuilder &builder, ValueRange saved,
                                             ArrayRef<Value> resultGrads, ArrayRef<bool> wanted) const {
    BodyAdjoint body(cast<LinalgOp>(op), resultGrads);
    DenseMap<Value, Value> savedFor;
    for (auto [value, copy] : llvm::zip(this->getSavedValues(op), saved))
      savedFor[value] = copy;
    return StructuredAdjoint(body, builder, std::move(savedFor), resultGrads).build(wanted);
  }
};

template <typename... Ops> void attach(MLIRContext *context) {
  (Ops::template attachInterface<Structured<Ops>>(*context), ...);
}

} // namespace

void nn::registerLinalgGradients(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *) {
    attach<linalg::GenericOp, linalg::MapOp, linalg::ReduceOp, linalg::TransposeOp, linalg::BroadcastOp,
           linalg::ElementwiseOp, linalg::FillOp, linalg::CopyOp>(context);
    attach<linalg::MatmulOp, linalg::BatchMatmulOp, linalg::BatchReduceMatmulOp, linalg::ContractOp, linalg::DotOp,
           linalg::MatvecOp, linalg::VecmatOp, linalg::BatchMatvecOp, linalg::BatchVecmatOp>(context);
    attach<linalg::AddOp, linalg::SubOp, linalg::MulOp, linalg::DivOp, linalg::MaxOp, linalg::MinOp, linalg::PowFOp,
           linalg::SelectOp>(context);
    attach<linalg::AbsOp, linalg::ErfOp, linalg::ExpOp, linalg::LogOp, linalg::NegFOp, linalg::ReciprocalOp,
           linalg::RsqrtOp, linalg::SqrtOp, linalg::SquareOp, linalg::TanhOp, linalg::FloorOp, linalg::CeilOp,
           linalg::RoundOp>(context);
  });
}
