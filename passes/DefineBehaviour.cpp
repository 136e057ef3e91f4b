// Gives upstream ops a result, or an error, where upstream leaves their behaviour undefined: indices out of range,
// division by zero, loops that do not advance. It runs on what users wrote; what nnc emits later is right by itself.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/InferIntRangeInterface.h"
#include "passes/Passes.h"

namespace mlir::nn {
#define GEN_PASS_DEF_DEFINEBEHAVIOUR
#include "passes/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using IntRange = ConstantIntRanges;

//===----------------------------------------------------------------------===//
// Ranges of integers
//===----------------------------------------------------------------------===//

static bool isInteger(Value value) { return getElementTypeOrSelf(value.getType()).isIntOrIndex(); }

static bool isDivision(Operation *op) {
  return isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp, arith::CeilDivSIOp, arith::CeilDivUIOp,
             arith::FloorDivSIOp>(op) &&
         isInteger(op->getResult(0));
}
static bool isRemainder(Operation *op) { return isa<arith::RemSIOp, arith::RemUIOp>(op); }
static bool isSigned(Operation *op) {
  return isa<arith::DivSIOp, arith::RemSIOp, arith::CeilDivSIOp, arith::FloorDivSIOp>(op);
}
static bool isShift(Operation *op) { return isa<arith::ShLIOp, arith::ShRUIOp, arith::ShRSIOp>(op); }

namespace {

/// What values integers may have; of a tensor, its elements. Ops are visited before those that read their results.
class IntegerRanges {
public:
  IntRange get(Value value) const {
    auto it = ranges.find(value);
    return it == ranges.end() ? IntRange::maxRange(width(value)) : it->second;
  }

  /// The one value that it has, if it is known.
  std::optional<APInt> getConstant(Value value) const { return get(value).getConstantValue(); }

  void visit(Operation *op) {
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return visitLoop(loop);
    if (auto index = dyn_cast<linalg::IndexOp>(op))
      return setBelow(index, cast<linalg::LinalgOp>(op->getParentOp()).getStaticLoopRanges()[index.getDim()]);
    if (auto generate = dyn_cast<tensor::GenerateOp>(op)) {
      for (auto [argument, size] : llvm::zip(generate.getBody().getArguments(), generate.getType().getShape()))
        setBelow(argument, size);
      return;
    }
    if (auto constant = dyn_cast<arith::ConstantOp>(op))
      return visitConstant(constant);
    if (auto dim = dyn_cast<tensor::DimOp>(op))
      return visitDim(dim);
    auto inferable = dyn_cast<InferIntRangeInterface>(op);
    if (!inferable || !llvm::all_of(op->getOperands(), isInteger) || !isAsInferred(op))
      return;
    SmallVector<IntRange> operands = llvm::map_to_vector(op->getOperands(), [&](Value value) { return get(value); });
    inferable.inferResultRanges(operands, [&](Value value, const IntRange &range) { ranges.insert({value, range}); });
  }

  bool mayBe(Value value, const APInt &number) const {
    IntRange range = get(value);
    return range.umin().ule(number) && number.ule(range.umax()) && range.smin().sle(number) && number.sle(range.smax());
  }

  bool mayBeZero(Value value) const { return mayBe(value, APInt::getZero(width(value))); }
  /// Whether a / b may be the smallest number divided by -1.
  bool mayOverflow(Value a, Value b) const {
    return mayBe(a, APInt::getSignedMinValue(width(a))) && mayBe(b, APInt::getAllOnes(width(b)));
  }
  bool isBelow(Value value, uint64_t bound) const { return get(value).umax().ult(bound); }

  static unsigned width(Value value) { return IntRange::getStorageBitwidth(getElementTypeOrSelf(value.getType())); }

private:
  /// Inference takes it that a divisor is not zero, and that shifts are short.
  bool isAsInferred(Operation *op) const {
    if (isDivision(op))
      return !mayBeZero(op->getOperand(1)) && !(isSigned(op) && mayOverflow(op->getOperand(0), op->getOperand(1)));
    return !isShift(op) || isBelow(op->getOperand(1), width(op->getResult(0)));
  }

  void setBelow(Value value, int64_t bound) {
    if (bound > 0)
      ranges.insert({value, IntRange::fromUnsigned(APInt(width(value), 0), APInt(width(value), bound - 1))});
  }

  void visitConstant(arith::ConstantOp constant) {
    if (auto number = dyn_cast<IntegerAttr>(constant.getValue())) {
      ranges.insert({constant, IntRange::constant(number.getValue())});
    } else if (auto elements = dyn_cast<DenseIntElementsAttr>(constant.getValue())) {
      std::optional<IntRange> all;
      if (elements.isSplat())
        all = IntRange::constant(elements.getSplatValue<APInt>());
      else
        for (const APInt &element : elements.getValues<APInt>())
          all = all ? all->rangeUnion(IntRange::constant(element)) : IntRange::constant(element);
      if (all)
        ranges.insert({constant, *all});
    }
  }

  void visitDim(tensor::DimOp dim) {
    auto type = dyn_cast<RankedTensorType>(dim.getSource().getType());
    std::optional<APInt> index = getConstant(dim.getIndex());
    if (type && index && index->ult(type.getRank()) && !type.isDynamicDim(index->getZExtValue()))
      ranges.insert({dim, IntRange::constant(APInt(width(dim), type.getDimSize(index->getZExtValue())))});
  }

  void visitLoop(scf::ForOp loop) {
    std::optional<APInt> lower = getConstant(loop.getLowerBound()), upper = getConstant(loop.getUpperBound()),
                         step = getConstant(loop.getStep());
    if (!lower || !upper || !step || loop.getUnsignedCmp() || lower->sge(*upper))
      return;
    // A step that may carry the index past its largest value makes it anything.
    bool overflow = false;
    (void)upper->sadd_ov(*step, overflow);
    if (!overflow)
      ranges.insert({loop.getInductionVar(), IntRange::fromSigned(*lower, *upper - 1)});
  }

  DenseMap<Value, IntRange> ranges;
};

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

struct DefineBehaviour : nn::impl::DefineBehaviourBase<DefineBehaviour> {
  using Base::Base;

  void runOnOperation() override {
    // Entries share what users wrote: one of them tells everything once.
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(visit(function)))
        return signalPassFailure();
  }

private:
  LogicalResult visit(func::FuncOp function) {
    generalizeDivisions(function);
    IntegerRanges ranges;
    SmallVector<Operation *> ops;
    function.walk<WalkOrder::PreOrder>([&](Operation *op) {
      dropAssumptions(op);
      ranges.visit(op);
      ops.push_back(op);
    });
    bool ok = true;
    for (Operation *op : ops) {
      auto empty = dyn_cast<tensor::EmptyOp>(op);
      ok &= succeeded(empty ? defineElements(empty) : define(op, ranges));
    }
    return success(ok);
  }

  /// What reads of a tensor whose elements nobody has written, or writes only some of them.
  enum class Use { none, view, partial, read };

  static Use classify(OpOperand &use) {
    Operation *op = use.getOwner();
    if (isa<tensor::DimOp>(op))
      return Use::none;
    if (isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ExtractSliceOp>(op) ||
        (isa<tensor::ReshapeOp>(op) && use.getOperandNumber() == 0))
      return Use::view;
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
      // linalg.map hides the element of its init from the body.
      if (use.getOperandNumber() < linalgOp.getBlock()->getNumArguments() && linalgOp.payloadUsesValueFromOperand(&use))
        return Use::read;
      bool isWhole = !linalgOp.isDpsInit(&use) || linalgOp.getMatchingIndexingMap(&use).isProjectedPermutation();
      return isWhole ? Use::none : Use::partial;
    }
    if (auto insert = dyn_cast<tensor::InsertOp>(op))
      return &use == &insert.getDestMutable() ? Use::partial : Use::read;
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      return &use == &insert.getDestMutable() ? Use::partial : Use::read;
    if (auto style = dyn_cast<DestinationStyleOpInterface>(op))
      return style.isDpsInit(&use) ? Use::none : Use::read;
    // Loops and branches hand it on.
    bool isHandedOn = isa<RegionBranchOpInterface>(op) ||
                      (op->hasTrait<OpTrait::IsTerminator>() && !isa<func::FuncOp>(op->getParentOp()));
    return isHandedOn ? Use::partial : Use::read;
  }

  /// A tensor.empty that is read is a mistake; one that may be written in part only starts from zeros.
  static LogicalResult defineElements(tensor::EmptyOp empty) {
    bool isPartial = false;
    SmallVector<Value> values = {empty.getResult()};
    while (!values.empty())
      for (OpOperand &use : values.pop_back_val().getUses())
        switch (classify(use)) {
        case Use::none:
          break;
        case Use::view:
          values.push_back(use.getOwner()->getResult(0));
          break;
        case Use::partial:
          isPartial = true;
          break;
        case Use::read: {
          InFlightDiagnostic error = use.getOwner()->emitOpError()
                                     << "reads operand " << use.getOperandNumber()
                                     << ", a tensor.empty, whose elements have no values; write some into it "
                                     << "first, with linalg.fill for instance";
          error.attachNote(empty.getLoc()) << "made here";
          return failure();
        }
        }
    if (!isPartial)
      return success();
    ImplicitLocOpBuilder b(empty.getLoc(), empty->getBlock(), std::next(empty->getIterator()));
    auto zero = dyn_cast_if_present<TypedAttr>(b.getZeroAttr(empty.getType().getElementType()));
    if (!zero)
      return empty.emitOpError() << "has elements of type " << empty.getType().getElementType()
                                 << ", of which there is no zero to start from";
    Value scalar = arith::ConstantOp::create(b, zero);
    auto filled = linalg::FillOp::create(b, scalar, empty.getResult());
    empty.getResult().replaceAllUsesExcept(filled.getResult(0), filled);
    return success();
  }

  /// The body of a named op is fixed, that of a generic one can be guarded.
  static void generalizeDivisions(func::FuncOp function) {
    SmallVector<linalg::LinalgOp> named;
    function.walk([&](linalg::LinalgOp op) {
      if (!isa<linalg::GenericOp, linalg::MapOp, linalg::ReduceOp>(op) &&
          llvm::any_of(*op.getBlock(), [](Operation &in) { return isDivision(&in); }))
        named.push_back(op);
    });
    IRRewriter rewriter(function.getContext());
    for (linalg::LinalgOp op : named) {
      rewriter.setInsertionPoint(op);
      (void)linalg::generalizeNamedOp(rewriter, op);
    }
  }

  /// Flags that promise something of the operands, under which anything may happen where it does not hold.
  static void dropAssumptions(Operation *op) {
    if (auto flags = dyn_cast<arith::ArithIntegerOverflowFlagsInterface>(op))
      if (flags.getOverflowAttr())
        op->setAttr(flags.getIntegerOverflowAttrName(),
                    arith::IntegerOverflowFlagsAttr::get(op->getContext(), arith::IntegerOverflowFlags::none));
    if (auto flags = dyn_cast<arith::ArithFastMathInterface>(op))
      if (flags.getFastMathFlagsAttr())
        op->setAttr(flags.getFastMathAttrName(),
                    arith::FastMathFlagsAttr::get(op->getContext(), arith::FastMathFlags::none));
    for (StringRef flag : {"isExact", "nonNeg"})
      if (isa<arith::ArithDialect>(op->getDialect()))
        op->removeAttr(flag);
  }

  static LogicalResult define(Operation *op, const IntegerRanges &ranges) {
    if (isDivision(op))
      return defineDivision(op, ranges);
    if (isShift(op))
      return defineShift(op, ranges), success();
    if (isa<arith::FPToSIOp, arith::FPToUIOp>(op))
      return defineConversion(op), success();
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return defineLoop(loop, ranges);
    if (auto extract = dyn_cast<tensor::ExtractOp>(op))
      return defineIndices(op, extract.getIndicesMutable(), extract.getTensor().getType(), ranges);
    if (auto insert = dyn_cast<tensor::InsertOp>(op))
      return defineIndices(op, insert.getIndicesMutable(), insert.getDest().getType(), ranges);
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      return defineSlice(slice, slice.getOffsetsMutable(), slice.getSourceType(), ranges);
    if (auto slice = dyn_cast<tensor::InsertSliceOp>(op))
      return defineSlice(slice, slice.getOffsetsMutable(), slice.getDestType(), ranges);
    if (auto slice = dyn_cast<tensor::ParallelInsertSliceOp>(op))
      return defineSlice(slice, slice.getOffsetsMutable(), slice.getDestType(), ranges);
    if (auto pad = dyn_cast<tensor::PadOp>(op))
      return definePad(pad);
    if (auto dim = dyn_cast<tensor::DimOp>(op))
      return defineDim(dim, ranges);
    return success();
  }

  static Value constant(ImplicitLocOpBuilder &b, Type type, const APInt &number) {
    TypedAttr attr = b.getIntegerAttr(getElementTypeOrSelf(type), number);
    if (auto shaped = dyn_cast<ShapedType>(type))
      attr = DenseElementsAttr::get(shaped, attr);
    return arith::ConstantOp::create(b, attr);
  }

  static bool isKnown(Value value, const IntegerRanges &ranges, int64_t number) {
    std::optional<APInt> known = ranges.getConstant(value);
    return known && known->getSExtValue() == number;
  }

  /// x / 0 and x mod 0 are 0; the smallest number divided by -1 wraps to itself and leaves no remainder.
  static LogicalResult defineDivision(Operation *op, const IntegerRanges &ranges) {
    using Predicate = arith::CmpIPredicate;
    OpOperand &divisor = op->getOpOperand(1);
    Value a = op->getOperand(0), b = divisor.get();
    Type type = b.getType();
    unsigned width = IntegerRanges::width(b);
    if (hasZero(b, ranges))
      return op->emitOpError() << "divides by a constant zero";
    bool mayBeZero = ranges.mayBeZero(b), mayOverflow = isSigned(op) && ranges.mayOverflow(a, b);
    if (!mayBeZero && !mayOverflow)
      return success();
    ImplicitLocOpBuilder builder(op->getLoc(), op);
    auto is = [&](Value value, const APInt &number) -> Value {
      return arith::CmpIOp::create(builder, Predicate::eq, value, constant(builder, type, number));
    };
    Value isZero = mayBeZero ? is(b, APInt::getZero(width)) : Value(), unsafe = isZero;
    if (mayOverflow) {
      Value overflows =
          arith::AndIOp::create(builder, is(a, APInt::getSignedMinValue(width)), is(b, APInt::getAllOnes(width)));
      unsafe = isZero ? arith::OrIOp::create(builder, isZero, overflows).getResult() : overflows;
    }
    if (width == 1) {
      // The only divisor is the 1, whatever its sign.
      Value result = isRemainder(op) ? constant(builder, type, APInt::getZero(1))
                                     : arith::AndIOp::create(builder, a, b).getResult();
      op->replaceAllUsesWith(ValueRange{result});
      op->erase();
      return success();
    }
    divisor.set(arith::SelectOp::create(builder, unsafe, constant(builder, type, APInt(width, 1)), b));
    // A remainder of 1 is 0 already.
    if (!isZero || isRemainder(op))
      return success();
    builder.setInsertionPointAfter(op);
    Value zero = constant(builder, type, APInt::getZero(width));
    auto guarded = arith::SelectOp::create(builder, isZero, zero, op->getResult(0));
    op->getResult(0).replaceAllUsesExcept(guarded, guarded);
    return success();
  }

  static bool hasZero(Value divisor, const IntegerRanges &ranges) {
    if (auto constant = divisor.getDefiningOp<arith::ConstantOp>())
      if (auto elements = dyn_cast<DenseIntElementsAttr>(constant.getValue()))
        return llvm::any_of(elements.getValues<APInt>(), [](const APInt &element) { return element.isZero(); });
    return isKnown(divisor, ranges, 0);
  }

  /// All bits are shifted out by more than the width: what comes in is 0, or the sign.
  static void defineShift(Operation *op, const IntegerRanges &ranges) {
    Value amount = op->getOperand(1);
    Type type = amount.getType();
    unsigned width = IntegerRanges::width(amount);
    if (ranges.isBelow(amount, width))
      return;
    ImplicitLocOpBuilder b(op->getLoc(), op);
    Value last = constant(b, type, APInt(width, width - 1));
    op->setOperand(1, arith::MinUIOp::create(b, amount, last));
    if (isa<arith::ShRSIOp>(op))
      return;
    Value isShort = arith::CmpIOp::create(b, arith::CmpIPredicate::ule, amount, last);
    b.setInsertionPointAfter(op);
    auto guarded = arith::SelectOp::create(b, isShort, op->getResult(0), constant(b, type, APInt::getZero(width)));
    op->getResult(0).replaceAllUsesExcept(guarded, guarded);
  }

  /// What an integer type does not hold is the nearest that it does; NaN is 0.
  static void defineConversion(Operation *op) {
    using Predicate = arith::CmpFPredicate;
    Value x = op->getOperand(0);
    Type type = x.getType();
    auto format = cast<FloatType>(getElementTypeOrSelf(type));
    unsigned width = IntegerRanges::width(op->getResult(0));
    bool isSigned = isa<arith::FPToSIOp>(op);
    ImplicitLocOpBuilder b(op->getLoc(), op);
    auto limit = [&](const APInt &number) -> Value {
      APFloat value(format.getFloatSemantics());
      value.convertFromAPInt(number, isSigned, APFloat::rmTowardZero);
      TypedAttr attr = b.getFloatAttr(format, value);
      if (auto shaped = dyn_cast<ShapedType>(type))
        attr = DenseElementsAttr::get(shaped, attr);
      return arith::ConstantOp::create(b, attr);
    };
    auto select = [&](Predicate predicate, Value y, Value other, Value otherwise) -> Value {
      return arith::SelectOp::create(b, arith::CmpFOp::create(b, predicate, x, y), other, otherwise);
    };
    Value most = limit(isSigned ? APInt::getSignedMaxValue(width) : APInt::getMaxValue(width)),
          least = limit(isSigned ? APInt::getSignedMinValue(width) : APInt::getZero(width)),
          zero = limit(APInt::getZero(width));
    Value clamped = select(Predicate::OLT, least, least, select(Predicate::OGT, most, most, x));
    op->setOperand(0, select(Predicate::UNO, x, zero, clamped));
  }

  static LogicalResult defineLoop(scf::ForOp loop, const IntegerRanges &ranges) {
    Value step = loop.getStep();
    if (std::optional<APInt> known = ranges.getConstant(step)) {
      if (known->isStrictlyPositive() || (loop.getUnsignedCmp() && !known->isZero()))
        return success();
      return loop.emitOpError() << "advances by " << known->getSExtValue() << ": its step must be positive";
    }
    ImplicitLocOpBuilder b(loop.getLoc(), loop);
    Value one = constant(b, step.getType(), APInt(IntegerRanges::width(step), 1));
    if (loop.getUnsignedCmp())
      loop.setStep(arith::MaxUIOp::create(b, step, one));
    else
      loop.setStep(arith::MaxSIOp::create(b, step, one));
    return success();
  }

  /// Makes an index at most `last`; taken as unsigned, a negative one is larger than any.
  static LogicalResult defineIndex(Operation *op, OpOperand &index, int64_t last, const Twine &what, int64_t dim,
                                   const IntegerRanges &ranges) {
    if (last >= 0 && ranges.isBelow(index.get(), last + 1))
      return success();
    if (std::optional<APInt> known = ranges.getConstant(index.get()); known || last < 0) {
      InFlightDiagnostic error = op->emitOpError() << "has " << what << " ";
      if (known)
        error << known->getSExtValue() << " ";
      error << "in dimension " << dim;
      return last < 0 ? error << ", where there is nothing" : error << ", which goes from 0 to " << last;
    }
    ImplicitLocOpBuilder b(op->getLoc(), op);
    index.set(arith::MinUIOp::create(b, index.get(), arith::ConstantIndexOp::create(b, last)));
    return success();
  }

  static LogicalResult defineIndices(Operation *op, MutableOperandRange indices, RankedTensorType type,
                                     const IntegerRanges &ranges) {
    bool ok = true;
    for (auto [dim, index] : llvm::enumerate(indices))
      ok &= succeeded(defineIndex(op, index, type.getDimSize(dim) - 1, "index", dim, ranges));
    return success(ok);
  }

  static LogicalResult defineSlice(OffsetSizeAndStrideOpInterface slice, MutableOperandRange offsets,
                                   RankedTensorType type, const IntegerRanges &ranges) {
    Operation *op = slice;
    bool ok = true;
    unsigned nextOffset = 0;
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      OpOperand *offset = slice.isDynamicOffset(dim) ? &offsets[nextOffset++] : nullptr;
      std::optional<int64_t> size = getKnown(slice.getMixedSizes()[dim], ranges),
                             stride = getKnown(slice.getMixedStrides()[dim], ranges);
      if (!size || !stride) {
        op->emitOpError() << "has a " << (size ? "stride" : "size") << " in dimension " << dim
                          << " that is not known at compile time";
        return failure();
      }
      if (*size < 0 || *stride <= 0)
        return op->emitOpError() << "has size " << *size << " and stride " << *stride << " in dimension " << dim
                                 << ": a size must not be negative, a stride must be positive";
      int64_t span = 0;
      if (llvm::MulOverflow(std::max<int64_t>(*size - 1, 0), *stride, span) || span >= type.getDimSize(dim))
        return op->emitOpError() << "takes " << *size << " elements at stride " << *stride << " from dimension " << dim
                                 << ", which has " << type.getDimSize(dim);
      int64_t last = *size == 0 ? type.getDimSize(dim) : type.getDimSize(dim) - 1 - span;
      if (offset)
        ok &= succeeded(defineIndex(op, *offset, last, "offset", dim, ranges));
      else if (int64_t known = slice.getStaticOffset(dim); known < 0 || known > last)
        return op->emitOpError() << "has offset " << known << " in dimension " << dim << ", which goes from 0 to "
                                 << last;
    }
    return success(ok);
  }

  static std::optional<int64_t> getKnown(OpFoldResult number, const IntegerRanges &ranges) {
    if (auto value = dyn_cast<Value>(number)) {
      std::optional<APInt> known = ranges.getConstant(value);
      return known ? std::optional(known->getSExtValue()) : std::nullopt;
    }
    return getConstantIntValue(number);
  }

  static LogicalResult definePad(tensor::PadOp pad) {
    if (pad.getLow().empty() && pad.getHigh().empty())
      return success();
    for (OpFoldResult amount : llvm::concat<OpFoldResult>(pad.getMixedLowPad(), pad.getMixedHighPad()))
      if (!getConstantIntValue(amount))
        return pad.emitOpError() << "pads by an amount that is not known at compile time";
    return success();
  }

  static LogicalResult defineDim(tensor::DimOp dim, const IntegerRanges &ranges) {
    auto type = dyn_cast<RankedTensorType>(dim.getSource().getType());
    std::optional<APInt> index = ranges.getConstant(dim.getIndex());
    if (!type || !index)
      return dim.emitOpError() << "asks for a dimension that is not known at compile time";
    if (index->uge(type.getRank()))
      return dim.emitOpError() << "asks for dimension " << index->getSExtValue() << " of " << type;
    return success();
  }
};

} // namespace
