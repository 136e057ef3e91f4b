// Pieces of lowerings that layers share.
#include "dialect/Layer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::nn;

Value nn::constant(ImplicitLocOpBuilder &b, Type type, double value) {
  auto element = cast<FloatType>(getElementTypeOrSelf(type));
  return arith::ConstantOp::create(b, b.getFloatAttr(element, value));
}

Value nn::filled(ImplicitLocOpBuilder &b, RankedTensorType type, double value) {
  Value empty = tensor::EmptyOp::create(b, type.getShape(), type.getElementType());
  return linalg::FillOp::create(b, ValueRange{constant(b, type, value)}, ValueRange{empty}).getResult(0);
}

Value nn::mapElements(ImplicitLocOpBuilder &b, RankedTensorType type, ValueRange inputs, ScalarFn body) {
  int64_t rank = type.getRank();
  SmallVector<AffineMap> maps;
  for (Value input : inputs) {
    int64_t inputRank = cast<RankedTensorType>(input.getType()).getRank();
    SmallVector<AffineExpr> dims;
    for (int64_t d = rank - inputRank; d < rank; ++d)
      dims.push_back(b.getAffineDimExpr(d));
    maps.push_back(AffineMap::get(rank, 0, dims, b.getContext()));
  }
  return mapElements(b, type, inputs, std::move(maps), body);
}

Value nn::mapElements(ImplicitLocOpBuilder &b, RankedTensorType type, ValueRange inputs, SmallVector<AffineMap> maps,
                      ScalarFn body) {
  maps.push_back(b.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  Value empty = tensor::EmptyOp::create(b, type.getShape(), type.getElementType());
  return linalg::GenericOp::create(b, TypeRange{type}, inputs, ValueRange{empty}, maps, iterators,
                                   [&](OpBuilder &nested, Location loc, ValueRange args) {
                                     ImplicitLocOpBuilder body_b(loc, nested);
                                     Value result = body(body_b, args.drop_back());
                                     linalg::YieldOp::create(body_b, result);
                                   })
      .getResult(0);
}

Value nn::reduceLast(ImplicitLocOpBuilder &b, Value input, double initial,
                     function_ref<Value(ImplicitLocOpBuilder &, Value, Value)> combine) {
  auto type = cast<RankedTensorType>(input.getType());
  int64_t rank = type.getRank();
  auto resultType = RankedTensorType::get(type.getShape().drop_back(), type.getElementType());
  SmallVector<AffineMap> maps = {b.getMultiDimIdentityMap(rank), b.getMultiDimIdentityMap(rank).dropResult(rank - 1)};
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  iterators.back() = utils::IteratorType::reduction;
  Value init = filled(b, resultType, initial);
  return linalg::GenericOp::create(b, TypeRange{resultType}, ValueRange{input}, ValueRange{init}, maps, iterators,
                                   [&](OpBuilder &nested, Location loc, ValueRange args) {
                                     ImplicitLocOpBuilder body_b(loc, nested);
                                     linalg::YieldOp::create(body_b, combine(body_b, args[0], args[1]));
                                   })
      .getResult(0);
}

Value nn::sumElements(ImplicitLocOpBuilder &b, Value input, function_ref<Value(ImplicitLocOpBuilder &, Value)> term) {
  auto type = cast<RankedTensorType>(input.getType());
  if (type.getRank() == 0)
    return mapElements(b, type, {input}, [&](ImplicitLocOpBuilder &b, ValueRange args) { return term(b, args[0]); });
  Value sum = reduceLast(b, input, 0.0, [&](ImplicitLocOpBuilder &b, Value element, Value sum) -> Value {
    return arith::AddFOp::create(b, sum, term(b, element));
  });
  for (int64_t rank = type.getRank() - 1; rank > 0; --rank)
    sum = reduceLast(b, sum, 0.0, [](ImplicitLocOpBuilder &b, Value part, Value sum) -> Value {
      return arith::AddFOp::create(b, sum, part);
    });
  return sum;
}

static std::optional<RegisteredOperationName> lookupActivation(MLIRContext *context, StringRef name) {
  auto op = RegisteredOperationName::lookup(("nn." + name).str(), context);
  if (op && op->hasTrait<Activation>())
    return op;
  return std::nullopt;
}

LogicalResult nn::verifyActivation(std::optional<Location> loc, MLIRContext *context, StringRef layer,
                                   DictionaryAttr attributes, StringAttr activation) {
  if (!activation || lookupActivation(context, activation.getValue()))
    return success();
  ShapeError error = emitShapeError(loc, layer, attributes);
  SmallVector<StringRef> known;
  for (RegisteredOperationName op : context->getRegisteredOperations())
    if (op.hasTrait<Activation>())
      known.push_back(op.stripDialect());
  llvm::sort(known);
  return error << "unknown activation '" << activation.getValue() << "'; known: " << llvm::join(known, ", ");
}

FailureOr<Value> nn::applyActivation(OpBuilder &builder, Location loc, StringAttr activation, Value value) {
  if (!activation)
    return value;
  auto op = lookupActivation(builder.getContext(), activation.getValue());
  if (!op)
    return emitError(loc) << "unknown activation '" << activation.getValue() << "'";
  OperationState state(loc, *op);
  state.addOperands(value);
  state.addTypes(value.getType());
  return builder.create(state)->getResult(0);
}

std::string nn::getLayerName(Location loc) {
  std::string name;
  loc->walk([&](Location inner) {
    auto named = dyn_cast<NameLoc>(inner);
    if (!named)
      return WalkResult::advance();
    name = named.getName().str();
    return WalkResult::interrupt();
  });
  return name;
}

std::string nn::getFilePlace(Location loc) {
  std::string place;
  loc->walk([&](Location inner) {
    auto file = dyn_cast<FileLineColLoc>(inner);
    if (!file)
      return WalkResult::advance();
    place = (file.getFilename().getValue() + ":" + Twine(file.getLine()) + ":" + Twine(file.getColumn())).str();
    return WalkResult::interrupt();
  });
  return place;
}

/// The stage that a location of markStage names, or nothing.
static StringRef getMarkedStage(Location loc) {
  auto fused = dyn_cast<FusedLoc>(loc);
  auto stage = fused ? dyn_cast_or_null<StringAttr>(fused.getMetadata()) : StringAttr();
  bool isStage = stage && llvm::is_contained({forwardStage, backwardStage, updateStage}, stage.getValue());
  return isStage ? stage.getValue() : StringRef();
}

Location nn::markStage(Location loc, StringRef stage) {
  if (!getMarkedStage(loc).empty())
    return loc;
  return FusedLoc::get({loc}, StringAttr::get(loc.getContext(), stage), loc.getContext());
}

bool nn::isKnownLocation(Location loc) {
  auto fused = dyn_cast<FusedLoc>(loc);
  return fused ? llvm::any_of(fused.getLocations(), isKnownLocation) : !isa<UnknownLoc>(loc);
}

static void collectLayerStages(Location loc, StringRef stage, SmallVectorImpl<LayerStage> &found) {
  if (isa<UnknownLoc>(loc))
    return;
  StringRef marked = getMarkedStage(loc);
  if (!marked.empty())
    stage = marked;
  if (auto fused = dyn_cast<FusedLoc>(loc); fused && (marked.empty() || isKnownLocation(loc))) {
    for (Location part : fused.getLocations())
      collectLayerStages(part, stage, found);
    return;
  }
  LayerStage one{getLayerName(loc), stage};
  if (!llvm::is_contained(found, one))
    found.push_back(std::move(one));
}

SmallVector<LayerStage> nn::getLayerStages(Location loc) {
  SmallVector<LayerStage> found;
  collectLayerStages(loc, forwardStage, found);
  return found;
}

LayerStage nn::getLayerStage(Location loc) {
  SmallVector<LayerStage> all = getLayerStages(loc);
  return all.empty() ? LayerStage{"", forwardStage} : std::move(all.front());
}

SmallVector<StringRef> nn::getStages(Location loc) {
  llvm::SetVector<StringRef> stages;
  for (const LayerStage &one : getLayerStages(loc))
    stages.insert(one.stage);
  return stages.takeVector();
}

Location nn::dropLayer(Location loc) {
  if (auto named = dyn_cast<NameLoc>(loc))
    return dropLayer(named.getChildLoc());
  auto fused = dyn_cast<FusedLoc>(loc);
  return fused ? FusedLoc::get(llvm::map_to_vector(fused.getLocations(), dropLayer), fused.getMetadata(),
                               loc.getContext())
               : loc;
}

Location nn::getOwnLocation(Operation *op) {
  Location loc = op->getLoc();
  while (!isKnownLocation(loc) && op->getParentOp()) {
    op = op->getParentOp();
    loc = op->getLoc();
  }
  for (auto fused = dyn_cast<FusedLoc>(loc); fused && getMarkedStage(fused).empty(); fused = dyn_cast<FusedLoc>(loc)) {
    ArrayRef<Location> parts = fused.getLocations();
    const Location *known = llvm::find_if(parts, isKnownLocation);
    loc = known == parts.end() ? parts.front() : *known;
  }
  return loc;
}
