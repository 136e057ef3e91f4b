// The evaluator of linalg.generic bodies on vectors.
#include "codegen/cpu/VectorBody.h"
#include "codegen/cpu/Loops.h"
#include "codegen/cpu/PartialVector.h"
#include "dialect/Layer.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace mlir::nn;

/// How much `expr` grows as `dim` grows by one; nothing where that depends on
/// where one stands.
static std::optional<int64_t> getCoefficient(AffineExpr expr, unsigned dim, unsigned numDims) {
  if (!expr.isFunctionOfDim(dim))
    return 0;
  MLIRContext *context = expr.getContext();
  AffineExpr next = expr.replace(getAffineDimExpr(dim, context), getAffineDimExpr(dim, context) + 1);
  auto difference = dyn_cast<AffineConstantExpr>(simplifyAffineExpr(next - expr, numDims, 0));
  return difference ? std::optional(difference.getValue()) : std::nullopt;
}

std::optional<int64_t> nn::getStrideAlong(OpOperand *operand, unsigned dim) {
  auto type = dyn_cast<MemRefType>(operand->get().getType());
  if (!type)
    return 0;
  AffineMap map = cast<linalg::LinalgOp>(operand->getOwner()).getMatchingIndexingMap(operand);
  SmallVector<int64_t> strides;
  int64_t offset, total = 0;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return std::nullopt;
  for (auto [expr, stride] : llvm::zip_equal(map.getResults(), strides)) {
    std::optional<int64_t> coefficient = getCoefficient(expr, dim, map.getNumDims());
    if (!coefficient || (*coefficient != 0 && ShapedType::isDynamic(stride)))
      return std::nullopt;
    total += *coefficient == 0 ? 0 : *coefficient * stride;
  }
  return total;
}

Value nn::addIndex(OpBuilder &builder, Location loc, Value a, int64_t b) {
  if (b == 0)
    return a;
  return computeIndex<arith::AddIOp>(builder, loc, a, getIndexConstant(builder, loc, b));
}

/// Whether the lanes of `operand` along `dim` are consecutive elements of its
/// last memref dimension.
static bool isContiguous(AffineMap map, MemRefType type, unsigned dim) {
  if (type.getRank() == 0)
    return false;
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)) || strides.back() != 1)
    return false;
  for (AffineExpr expr : map.getResults().drop_back())
    if (expr.isFunctionOfDim(dim))
      return false;
  return getCoefficient(map.getResults().back(), dim, map.getNumDims()) == 1;
}

static bool isScalarType(Type type) { return type.isIntOrIndexOrFloat(); }

static bool hasScalars(Operation &op) {
  return llvm::all_of(op.getOperandTypes(), [](Type type) { return isScalarType(type) || isa<MemRefType>(type); }) &&
         llvm::all_of(op.getResultTypes(), isScalarType);
}

/// Whether the operations of `block` have forms on vectors; those of its values that differ between lanes join
/// `varying`.
static bool canVectorizeBlock(Block &block, unsigned dim, DenseSet<Value> &varying) {
  auto isVarying = [&](Value value) { return varying.contains(value); };
  for (Operation &inner : block.without_terminator()) {
    if (!hasScalars(inner))
      return false;
    if (auto loop = dyn_cast<scf::ForOp>(inner)) {
      if (llvm::any_of(ValueRange{loop.getLowerBound(), loop.getUpperBound(), loop.getStep()}, isVarying))
        return false;
      // What a loop carries becomes vectors.
      varying.insert_range(loop.getRegionIterArgs());
      varying.insert_range(loop.getResults());
      if (!canVectorizeBlock(*loop.getBody(), dim, varying))
        return false;
      continue;
    }
    bool isKnown = isa<linalg::IndexOp, memref::LoadOp>(inner) || inner.hasTrait<OpTrait::ConstantLike>();
    if (inner.getNumRegions() != 0 || !(isKnown || OpTrait::hasElementwiseMappableTraits(&inner)))
      return false;
    auto index = dyn_cast<linalg::IndexOp>(inner);
    if ((index && index.getDim() == dim) || llvm::any_of(inner.getOperands(), isVarying))
      varying.insert_range(inner.getResults());
  }
  return true;
}

bool VectorBody::canVectorize(linalg::GenericOp op, unsigned dim) {
  DenseSet<Value> varying;
  for (OpOperand &operand : op->getOpOperands())
    if (op.getMatchingIndexingMap(&operand).isFunctionOfDim(dim))
      varying.insert(op.getMatchingBlockArgument(&operand));
  return canVectorizeBlock(*op.getBody(), dim, varying);
}

SmallVector<Value> VectorBody::getIndices(AffineMap map, ArrayRef<Value> at) {
  SmallVector<Value> indices;
  for (AffineExpr expr : map.getResults()) {
    if (auto dimExpr = dyn_cast<AffineDimExpr>(expr))
      indices.push_back(at[dimExpr.getPosition()]);
    else
      indices.push_back(affine::expandAffineExpr(builder, loc, expr, at, {}));
  }
  return indices;
}

SmallVector<Value> VectorBody::getLaneIndices(AffineMap map, int64_t lane) {
  SmallVector<Value> at(ivs);
  at[dim] = addIndex(builder, loc, at[dim], lane);
  return getIndices(map, at);
}

/// The lanes' elements, each with a load of its own; behind the last iteration the first one's stands again.
Value VectorBody::gather(VectorType type, llvm::function_ref<Value(int64_t lane)> loadLane) {
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane < count; ++lane)
    elements.push_back(loadLane(lane));
  Value first = elements.front();
  elements.resize(lanes, first);
  return vector::FromElementsOp::create(builder, loc, type, elements);
}

Value VectorBody::load(OpOperand *operand) {
  Value source = operand->get();
  auto type = dyn_cast<MemRefType>(source.getType());
  if (!type)
    return source;
  AffineMap map = op.getMatchingIndexingMap(operand);
  if (lanes == 0 || !map.isFunctionOfDim(dim))
    return memref::LoadOp::create(builder, loc, source, getIndices(map, ivs));
  auto vectorType = VectorType::get(lanes, type.getElementType());
  if (isContiguous(map, type, dim))
    return loadVector(builder, loc, target, vectorType, source, getIndices(map, ivs), count);
  return gather(vectorType, [&](int64_t lane) -> Value {
    return memref::LoadOp::create(builder, loc, source, getLaneIndices(map, lane));
  });
}

void VectorBody::prefetch(OpOperand *operand) {
  memref::PrefetchOp::create(builder, loc, operand->get(), getIndices(op.getMatchingIndexingMap(operand), ivs),
                             /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
}

void VectorBody::store(OpOperand *operand, Value value) {
  Operation *source = value.getDefiningOp();
  llvm::SaveAndRestore place(loc, source && isKnownLocation(source->getLoc()) ? source->getLoc() : loc);
  Value memref = operand->get();
  AffineMap map = op.getMatchingIndexingMap(operand);
  if (lanes == 0) {
    memref::StoreOp::create(builder, loc, value, memref, getIndices(map, ivs));
    return;
  }
  value = broadcast(value);
  if (isContiguous(map, cast<MemRefType>(memref.getType()), dim)) {
    storeVector(builder, loc, target, value, memref, getIndices(map, ivs), count);
    return;
  }
  for (int64_t lane = 0; lane < count; ++lane)
    memref::StoreOp::create(builder, loc, vector::ExtractOp::create(builder, loc, value, lane), memref,
                            getLaneIndices(map, lane));
}

void VectorBody::bind(unsigned number, Value value) { values[op.getBody()->getArgument(number)] = {value}; }

VectorBody::Lanes VectorBody::get(Value value) {
  if (auto found = values.find(value); found != values.end())
    return found->second;
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || argument.getOwner() != op.getBody())
    return {value}; // Defined outside the body: uniform.
  return values[value] = {load(&op->getOpOperand(argument.getArgNumber()))};
}

Value VectorBody::broadcast(Value value) {
  if (lanes == 0 || isa<VectorType>(value.getType()))
    return value;
  auto type = VectorType::get(lanes, value.getType());
  // Canonicalization would make constants of these one by one, and go through all that follows each time.
  if (TypedAttr constant; matchPattern(value, m_Constant(&constant)))
    return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, constant));
  return vector::BroadcastOp::create(builder, loc, type, value);
}

Value VectorBody::asVector(Lanes of) {
  if (!of.isRamp)
    return broadcast(of.value);
  auto type = VectorType::get(lanes, builder.getIndexType());
  Value steps = vector::StepOp::create(builder, loc, type);
  return arith::AddIOp::create(builder, loc, broadcast(of.value), steps);
}

Value VectorBody::getLane(Lanes of, int64_t lane) {
  if (of.isRamp)
    return addIndex(builder, loc, of.value, lane);
  return isa<VectorType>(of.value.getType()) ? Value(vector::ExtractOp::create(builder, loc, of.value, lane))
                                             : of.value;
}

static bool isUniform(Value value, bool isRamp) { return !isRamp && !isa<VectorType>(value.getType()); }

VectorBody::Lanes VectorBody::evaluateLoad(Operation &inner) {
  auto loadOp = cast<memref::LoadOp>(inner);
  MemRefType type = loadOp.getMemRefType();
  SmallVector<Lanes> indices;
  for (Value index : loadOp.getIndices())
    indices.push_back(get(index));
  auto uniform = [](const Lanes &of) { return isUniform(of.value, of.isRamp); };
  SmallVector<Value> bases = llvm::map_to_vector(indices, [](const Lanes &of) { return of.value; });
  if (llvm::all_of(indices, uniform))
    return {memref::LoadOp::create(builder, loc, loadOp.getMemRef(), bases)};
  auto vectorType = VectorType::get(lanes, type.getElementType());
  SmallVector<int64_t> strides;
  int64_t offset;
  if (indices.back().isRamp && llvm::all_of(ArrayRef(indices).drop_back(), uniform) &&
      succeeded(type.getStridesAndOffset(strides, offset)) && strides.back() == 1)
    return {loadVector(builder, loc, target, vectorType, loadOp.getMemRef(), bases, count)};
  return {gather(vectorType, [&](int64_t lane) -> Value {
    SmallVector<Value> at = llvm::map_to_vector(indices, [&](const Lanes &of) { return getLane(of, lane); });
    return memref::LoadOp::create(builder, loc, loadOp.getMemRef(), at);
  })};
}

void VectorBody::evaluateLoop(scf::ForOp loop) {
  // What it reads of the operands, before it: it may be read after it too.
  loop.getBody()->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      if (operand.getParentBlock() == op.getBody())
        get(operand);
  });
  SmallVector<Value> initial =
      llvm::map_to_vector(loop.getInitArgs(), [&](Value value) { return asVector(get(value)); });
  auto vectorized = scf::ForOp::create(builder, loc, get(loop.getLowerBound()).value, get(loop.getUpperBound()).value,
                                       get(loop.getStep()).value, initial);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(vectorized.getBody());
  values[loop.getInductionVar()] = {vectorized.getInductionVar()};
  for (auto [from, to] : llvm::zip_equal(loop.getRegionIterArgs(), vectorized.getRegionIterArgs()))
    values[from] = {to};
  for (Operation &inner : loop.getBody()->without_terminator())
    evaluate(inner);
  scf::YieldOp::create(builder, loc,
                       llvm::map_to_vector(loop.getYieldedValues(), [&](Value value) { return asVector(get(value)); }));
  for (auto [from, to] : llvm::zip_equal(loop.getResults(), vectorized.getResults()))
    values[from] = {to};
}

void VectorBody::evaluate(Operation &inner) {
  // Also of the loads of what it is the first to use.
  llvm::SaveAndRestore place(loc, isKnownLocation(inner.getLoc()) ? inner.getLoc() : loc);
  if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
    values[index.getResult()] = {ivs[index.getDim()], lanes != 0 && index.getDim() == dim};
    return;
  }
  if (isa<memref::LoadOp>(inner)) {
    values[inner.getResult(0)] = evaluateLoad(inner);
    return;
  }
  if (auto loop = dyn_cast<scf::ForOp>(inner); loop && lanes != 0)
    return evaluateLoop(loop);
  SmallVector<Lanes> operands = llvm::map_to_vector(inner.getOperands(), [&](Value value) { return get(value); });
  bool uniform = llvm::all_of(operands, [](const Lanes &of) { return isUniform(of.value, of.isRamp); });
  if (uniform) {
    IRMapping mapping;
    for (auto [from, to] : llvm::zip_equal(inner.getOperands(), operands))
      mapping.map(from, to.value);
    // Regions occur without lanes only.
    for (Region &region : inner.getRegions())
      region.walk([&](Operation *nested) {
        for (Value value : nested->getOperands())
          if (value.getParentBlock() == op.getBody())
            mapping.map(value, get(value).value);
      });
    Operation *clone = builder.clone(inner, mapping);
    for (auto [from, to] : llvm::zip_equal(inner.getResults(), clone->getResults()))
      values[from] = {to};
    return;
  }
  OperationState state(loc, inner.getName());
  for (const Lanes &of : operands)
    state.addOperands(asVector(of));
  for (Type type : inner.getResultTypes())
    state.addTypes(VectorType::get(lanes, type));
  state.addAttributes(inner.getAttrs());
  Operation *vectorized = builder.create(state);
  for (auto [from, to] : llvm::zip_equal(inner.getResults(), vectorized->getResults()))
    values[from] = {to};
}

SmallVector<Value> VectorBody::emit() {
  for (Operation &inner : op.getBody()->without_terminator())
    evaluate(inner);
  SmallVector<Value> results;
  for (Value value : op.getBody()->getTerminator()->getOperands()) {
    Lanes of = get(value);
    results.push_back(lanes == 0 ? of.value : asVector(of));
  }
  return results;
}
