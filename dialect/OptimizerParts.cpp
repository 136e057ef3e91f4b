// What optimisers are made of: checks of their parameters, scalar arithmetic, the update in place.
#include "dialect/OptimizerParts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::nn;

LogicalResult nn::verifyNotNegative(EmitError emitError, StringRef owner, StringRef name, Number number) {
  if (std::isfinite(static_cast<float>(number.value)) && number.value >= 0.0)
    return success();
  return emitError() << owner << ": " << name << " must be finite in f32 and not negative, not "
                     << formatNumber(number.value);
}

LogicalResult nn::verifyPositive(EmitError emitError, StringRef owner, StringRef name, Number number) {
  float narrow = static_cast<float>(number.value);
  if (std::isfinite(narrow) && narrow > 0.0f)
    return success();
  return emitError() << owner << ": " << name << " must be finite in f32 and above 0, not "
                     << formatNumber(number.value);
}

LogicalResult nn::verifyDecayRate(EmitError emitError, StringRef owner, StringRef name, Number number) {
  if (number.value >= 0.0 && number.value < 1.0)
    return success();
  return emitError() << owner << ": " << name << " must be at least 0 and below 1, not " << formatNumber(number.value);
}

LogicalResult nn::verifyMomentum(EmitError emitError, StringRef owner, Number number) {
  if (number.value >= 0.0 && number.value <= 1.0)
    return success();
  return emitError() << owner << ": momentum must be between 0 and 1, not " << formatNumber(number.value);
}

LogicalResult nn::verifyCommon(EmitError emitError, StringRef optimizer, const Rate &lr, const Clipping &clipping) {
  if (!lr.schedule && failed(verifyNotNegative(emitError, optimizer, "lr", lr.number)))
    return failure();
  const std::pair<StringRef, std::optional<Number>> limits[] = {
      {"clipvalue", clipping.value}, {"clipnorm", clipping.norm}, {"global_clipnorm", clipping.globalNorm}};
  SmallVector<StringRef> given;
  for (auto [name, limit] : limits) {
    if (!limit)
      continue;
    if (failed(verifyPositive(emitError, optimizer, name, *limit)))
      return failure();
    given.push_back(name);
  }
  if (given.size() > 1)
    return emitError() << optimizer << ": takes one of clipvalue, clipnorm and global_clipnorm, not "
                       << llvm::join(given, " and ") << " together";
  return success();
}

Value nn::add(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::AddFOp::create(b, x, y); }
Value nn::sub(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::SubFOp::create(b, x, y); }
Value nn::mul(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::MulFOp::create(b, x, y); }
Value nn::div(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::DivFOp::create(b, x, y); }

Value nn::makeScalarTensor(ImplicitLocOpBuilder &b, Value scalar, Type elementType) {
  if (elementType != scalar.getType())
    scalar = arith::TruncFOp::create(b, elementType, scalar);
  return tensor::FromElementsOp::create(b, RankedTensorType::get({}, elementType), scalar);
}

SmallVector<Value>
nn::updateInPlace(ImplicitLocOpBuilder &b, Value gradient, ValueRange scalars, ValueRange outs,
                  function_ref<SmallVector<Value>(ImplicitLocOpBuilder &, Value, ValueRange, ValueRange)> body) {
  int64_t rank = cast<RankedTensorType>(gradient.getType()).getRank();
  SmallVector<Value> inputs = {gradient};
  llvm::append_range(inputs, scalars);
  AffineMap identity = b.getMultiDimIdentityMap(rank);
  SmallVector<AffineMap> maps = {identity};
  maps.append(scalars.size(), AffineMap::get(rank, 0, b.getContext()));
  maps.append(outs.size(), identity);
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  auto update = linalg::GenericOp::create(
      b, TypeRange(outs), inputs, outs, maps, iterators, [&](OpBuilder &nested, Location loc, ValueRange args) {
        ImplicitLocOpBuilder b(loc, nested);
        linalg::YieldOp::create(b,
                                body(b, args[0], args.slice(1, scalars.size()), args.drop_front(1 + scalars.size())));
      });
  return llvm::to_vector_of<Value>(update.getResults());
}
