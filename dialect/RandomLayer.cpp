// Random numbers by an element's logical place, and the errors of layers that draw them.
#include "dialect/RandomLayer.h"

using namespace mlir;
using namespace mlir::nn;

Value nn::mapRandom(ImplicitLocOpBuilder &b, Value input, ValueRange key, int64_t stream, ArrayRef<int64_t> dims,
                    RandomFn body) {
  auto type = cast<RankedTensorType>(input.getType());
  Value streamValue = arith::ConstantIntOp::create(b, stream, 64);
  return mapElements(b, type, {input, key[0], key[1]}, [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    auto toI64 = [&](Value index) -> Value { return arith::IndexCastOp::create(b, b.getI64Type(), index); };
    Value sample = toI64(linalg::IndexOp::create(b, 0));
    Value feature;
    for (int64_t dim : dims) {
      Value size = arith::ConstantIntOp::create(b, type.getDimSize(dim), 64);
      Value index = toI64(linalg::IndexOp::create(b, dim));
      feature = !feature ? index : arith::AddIOp::create(b, arith::MulIOp::create(b, feature, size), index).getResult();
    }
    if (!feature)
      feature = arith::ConstantIntOp::create(b, 0, 64);
    auto words = PhiloxOp::create(b, args[1], feature, sample, args[2], streamValue);
    return body(b, args[0], words.getResults());
  });
}

Value nn::mapRandom(ImplicitLocOpBuilder &b, Value input, ValueRange key, int64_t stream, RandomFn body) {
  auto dims = llvm::to_vector(llvm::seq<int64_t>(1, cast<RankedTensorType>(input.getType()).getRank()));
  return mapRandom(b, input, key, stream, dims, body);
}

LogicalResult nn::checkHasKey(Operation *op, ValueRange key) {
  if (key.empty())
    return op->emitOpError() << "has no key to draw random numbers with; steps get theirs from --nn-build-entries";
  return success();
}

LogicalResult nn::checkRate(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes, Attribute rate) {
  double value = toDouble(rate);
  if (!(value >= 0.0 && value < 1.0))
    return emitShapeError(loc, layer, attributes)
           << "got rate = " << formatAttribute(rate) << ", takes a number from 0 to below 1";
  return success();
}
