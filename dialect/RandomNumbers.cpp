// Random words to numbers, for initialisers and for layers that add noise.
#include "dialect/RandomNumbers.h"
#include <numbers>

using namespace mlir;
using namespace mlir::nn;

static Value shiftToUpper24Bits(ImplicitLocOpBuilder &b, Value word) {
  return arith::ShRUIOp::create(b, word, arith::ConstantOp::create(b, b.getI32IntegerAttr(8)));
}

Value nn::upper24Bits(ImplicitLocOpBuilder &b, Type type, Value word) {
  return arith::SIToFPOp::create(b, type, shiftToUpper24Bits(b, word));
}

/// Of a number in (0, 1] and one in [0, 1).
Value nn::standardNormal(ImplicitLocOpBuilder &b, Type type, Value first, Value second) {
  auto mul = [&](Value x, Value y) -> Value { return arith::MulFOp::create(b, x, y); };
  Value one = arith::ConstantOp::create(b, b.getI32IntegerAttr(1));
  Value raised = arith::AddIOp::create(b, shiftToUpper24Bits(b, first), one);
  Value u = mul(arith::SIToFPOp::create(b, type, raised), constant(b, type, 0x1p-24));
  Value angle = mul(upper24Bits(b, type, second), constant(b, type, 2.0 * std::numbers::pi * 0x1p-24));
  Value radius = math::SqrtOp::create(b, mul(math::LogOp::create(b, u), constant(b, type, -2.0)));
  return mul(radius, math::CosOp::create(b, angle));
}
