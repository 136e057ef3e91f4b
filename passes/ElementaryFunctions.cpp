// Elementary functions by range reduction and polynomials. The polynomials are minimax, made by tools/fit-polynomials.
// Cody and Waite's constants end in zeros, so that multiples of them are exact with and without fused multiply-add.
#include "passes/ElementaryFunctions.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "passes/ElementaryFunctionTables.h"
#include <limits>
#include <numbers>

using namespace mlir;
using namespace mlir::nn;

//===----------------------------------------------------------------------===//
// Arithmetic on one type
//===----------------------------------------------------------------------===//

namespace {

using Predicate = arith::CmpFPredicate;

/// Builds arithmetic on floats of one type and the integers of the same width.
struct Expander {
  Expander(ImplicitLocOpBuilder &b, Type type)
      : b(b), type(type), format(getElementTypeOrSelf(type).isF32() ? f32Format : f64Format) {
    Type integer = b.getIntegerType(format.mantissaBits == 23 ? 32 : 64);
    auto vector = dyn_cast<VectorType>(type);
    integerType = vector ? vector.clone(integer) : integer;
  }

  Value constant(TypedAttr scalar, Type type) {
    if (auto vector = dyn_cast<VectorType>(type))
      scalar = DenseElementsAttr::get(vector, scalar);
    return arith::ConstantOp::create(b, scalar);
  }
  Value number(double value) { return constant(b.getFloatAttr(getElementTypeOrSelf(type), value), type); }
  Value integer(int64_t value) {
    return constant(b.getIntegerAttr(getElementTypeOrSelf(integerType), value), integerType);
  }

  Value add(Value x, Value y) { return arith::AddFOp::create(b, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, x, y); }
  Value negate(Value x) { return arith::NegFOp::create(b, x); }
  /// x · y + z
  Value fma(Value x, Value y, Value z) { return math::FmaOp::create(b, x, y, z); }
  Value abs(Value x) { return math::AbsFOp::create(b, x); }
  Value copySign(Value x, Value sign) { return math::CopySignOp::create(b, x, sign); }
  Value compare(Predicate predicate, Value x, Value y) { return arith::CmpFOp::create(b, predicate, x, y); }
  Value compare(Predicate predicate, Value x, double y) { return compare(predicate, x, number(y)); }
  Value select(Value condition, Value x, Value y) { return arith::SelectOp::create(b, condition, x, y); }
  Value both(Value x, Value y) { return arith::AndIOp::create(b, x, y); }
  Value either(Value x, Value y) { return arith::OrIOp::create(b, x, y); }
  Value negated(Value condition) {
    return arith::XOrIOp::create(b, condition, constant(b.getBoolAttr(true), condition.getType()));
  }
  Value bits(Value x) { return arith::BitcastOp::create(b, integerType, x); }
  Value fromBits(Value x) { return arith::BitcastOp::create(b, type, x); }
  Value addI(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  Value subI(Value x, Value y) { return arith::SubIOp::create(b, x, y); }
  Value shiftLeft(Value x, int64_t count) { return arith::ShLIOp::create(b, x, integer(count)); }
  Value shiftRight(Value x, int64_t count) { return arith::ShRSIOp::create(b, x, integer(count)); }

  /// Clamped; NaN stays NaN.
  Value atMost(Value x, double limit) {
    Value bound = number(limit);
    return select(compare(Predicate::OGT, x, bound), bound, x);
  }
  Value atLeast(Value x, double limit) {
    Value bound = number(limit);
    return select(compare(Predicate::OLT, x, bound), bound, x);
  }

  Value horner(Value x, ArrayRef<double> coefficients) {
    Value sum = number(coefficients.front());
    for (double coefficient : coefficients.drop_front())
      sum = fma(sum, x, number(coefficient));
    return sum;
  }

  /// A float with an integer value of at most a quarter of the format's largest exact integer, and the integer itself.
  struct Rounded {
    Value number, integer;
  };
  Rounded unbias(Value shifted) {
    Value magic = number(format.roundingMagic);
    return {sub(shifted, magic), subI(bits(shifted), bits(magic))};
  }
  Rounded round(Value x) { return unbias(add(x, number(format.roundingMagic))); }
  Rounded roundProduct(Value x, double factor) { return unbias(fma(x, number(factor), number(format.roundingMagic))); }
  Value toFloat(Value integer) {
    Value magic = number(format.roundingMagic);
    return sub(fromBits(addI(bits(magic), integer)), magic);
  }
  /// 2^n, where that is a normal number.
  Value powerOfTwo(Value n) { return fromBits(shiftLeft(addI(n, integer(format.exponentBias)), format.mantissaBits)); }
  /// x · 2^n, correctly rounded where it is subnormal or infinite.
  Value scale(Value x, Value n) {
    Value half = shiftRight(n, 1);
    return mul(mul(x, powerOfTwo(half)), powerOfTwo(subI(n, half)));
  }

  /// e^x - 1 for |x| <= ln 2 / 2.
  Value expM1Reduced(Value x) { return fma(mul(x, x), horner(x, format.expTail), x); }

  /// x = n ln 2 + r; returns n and e^r - 1. `low` is a part of x below its rounding, or null.
  std::pair<Value, Value> reduceExp(Value x, Value low = nullptr) {
    Rounded n = roundProduct(x, std::numbers::log2e);
    Value r = fma(n.number, number(-format.ln2High), x);
    r = fma(n.number, number(-format.ln2Low), r);
    return {n.integer, expM1Reduced(low ? add(r, low) : r)};
  }

  /// 2^n (1 + e) - 1, where 2^n is a normal number.
  Value expM1Scaled(Value n, Value e) {
    Value power = powerOfTwo(n);
    return fma(power, e, sub(power, number(1.0)));
  }

  /// x = 2^n (1 + f) for a positive x; n as an integer.
  std::pair<Value, Value> reduceLog(Value x) {
    Value isSubnormal = compare(Predicate::OLT, x, format.smallestNormal);
    int64_t shift = format.mantissaBits + 1;
    Value normal = bits(select(isSubnormal, mul(x, number(std::ldexp(1.0, shift))), x));
    Value n = shiftRight(subI(normal, bits(number(format.rootHalf))), format.mantissaBits);
    Value mantissa = fromBits(subI(normal, shiftLeft(n, format.mantissaBits)));
    return {addI(n, select(isSubnormal, integer(-shift), integer(0))), sub(mantissa, number(1.0))};
  }

  /// log(1 + f) - f, with `addend` added where it loses least.
  Value logTailReduced(Value f, Value addend) {
    Value square = mul(f, f);
    Value cubic = fma(mul(square, f), horner(f, format.logTail), addend);
    return fma(square, number(-0.5), cubic);
  }

  /// n ln 2 + log(1 + f)
  Value logScaled(Value n, Value f) {
    Value exponent = toFloat(n);
    Value tail = logTailReduced(f, mul(exponent, number(format.ln2Low)));
    return fma(exponent, number(format.ln2High), add(f, tail));
  }

  /// The logarithm of x: `finite` where x is positive and finite, what IEEE 754 asks for elsewhere.
  Value withLogLimits(Value x, Value finite) {
    double infinity = std::numeric_limits<double>::infinity();
    double nan = std::numeric_limits<double>::quiet_NaN();
    Value positive = select(compare(Predicate::OLT, x, infinity), finite, x);
    Value atMostZero = select(compare(Predicate::OEQ, x, 0.0), number(-infinity), number(nan));
    return select(compare(Predicate::OGT, x, 0.0), positive, atMostZero);
  }

  /// x = n π/2 + r with |r| <= π/4, and the sine and cosine of r; only for f64.
  struct Quadrant {
    Value n, sin, cos;
  };
  Quadrant reduceTrigonometric(Value x) {
    Rounded n = roundProduct(x, 2.0 / std::numbers::pi);
    Value r = fma(n.number, number(-0x1.921fb544p0), x);
    r = fma(n.number, number(-0x1.0b4611a6p-34), r);
    r = fma(n.number, number(-0x1.3198a2e037073p-69), r);
    Value square = mul(r, r);
    Value sin = fma(mul(square, r), horner(square, sinTail), r);
    Value half = mul(square, number(0.5));
    Value rough = sub(number(1.0), half);
    Value lost = sub(sub(number(1.0), rough), half);
    Value cos = add(rough, fma(mul(square, square), horner(square, cosTail), lost));
    return {n.integer, sin, cos};
  }

  /// Whether bit `index` of n + addend is set.
  Value isBitSet(Value n, int64_t addend, int64_t index) {
    Value masked = arith::AndIOp::create(b, addI(n, integer(addend)), integer(int64_t(1) << index));
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, masked, integer(0));
  }

  /// The sine in the quadrant `ahead` quadrants further.
  Value sineAhead(Quadrant quadrant, int64_t ahead) {
    Value value = select(isBitSet(quadrant.n, ahead, 0), quadrant.cos, quadrant.sin);
    return select(isBitSet(quadrant.n, ahead, 1), negate(value), value);
  }

  Value isInteger(Value magnitude) {
    Value limit = number(std::ldexp(1.0, format.mantissaBits));
    Value rounded = sub(add(magnitude, limit), limit);
    return either(compare(Predicate::OGE, magnitude, limit), compare(Predicate::OEQ, magnitude, rounded));
  }

  ImplicitLocOpBuilder &b;
  Type type, integerType;
  const FloatFormat &format;
};

} // namespace

bool nn::hasElementaryFunctions(Type type) {
  Type element = isa<VectorType>(type) ? getElementTypeOrSelf(type) : type;
  return element.isF32() || element.isF64();
}

/// Computes in f64 and rounds at the end.
static Value throughF64(ImplicitLocOpBuilder &b, ValueRange operands,
                        function_ref<Value(Expander &, ValueRange)> body) {
  Type type = operands[0].getType();
  Type wide = b.getF64Type();
  if (auto vector = dyn_cast<VectorType>(type))
    wide = vector.clone(b.getF64Type());
  SmallVector<Value> wideOperands(operands);
  if (wide != type)
    for (Value &operand : wideOperands)
      operand = arith::ExtFOp::create(b, wide, operand);
  Expander e(b, wide);
  Value result = body(e, wideOperands);
  return wide == type ? result : arith::TruncFOp::create(b, type, result).getResult();
}

//===----------------------------------------------------------------------===//
// Exponentials
//===----------------------------------------------------------------------===//

static Value exponential(Expander &e, Value x, Value low = nullptr) {
  auto [n, tail] = e.reduceExp(e.atLeast(e.atMost(x, e.format.expMax), e.format.expMin), low);
  return e.scale(e.add(e.number(1.0), tail), n);
}

Value nn::buildExp(ImplicitLocOpBuilder &b, Value x) {
  Expander e(b, x.getType());
  return exponential(e, x);
}

Value nn::buildExp2(ImplicitLocOpBuilder &b, Value x) {
  Expander e(b, x.getType());
  double max = e.format.exponentBias + 2, min = -(e.format.exponentBias + e.format.mantissaBits + 1);
  x = e.atLeast(e.atMost(x, max), min);
  Expander::Rounded n = e.round(x);
  Value tail = e.expM1Reduced(e.mul(e.sub(x, n.number), e.number(std::numbers::ln2)));
  return e.scale(e.add(e.number(1.0), tail), n.integer);
}

Value nn::buildExpM1(ImplicitLocOpBuilder &b, Value x) {
  Expander e(b, x.getType());
  auto [n, tail] = e.reduceExp(e.atLeast(e.atMost(x, e.format.expMax), e.format.expM1Min));
  // Half of it first: 2^n itself may be infinite.
  Value power = e.powerOfTwo(e.subI(n, e.integer(1)));
  Value half = e.fma(power, tail, e.sub(power, e.number(0.5)));
  // -0 stays what it is.
  return e.select(e.compare(Predicate::OEQ, x, 0.0), x, e.add(half, half));
}

/// (e^2|x| - 1) / (e^2|x| + 1) away from 0.
Value nn::buildTanh(ImplicitLocOpBuilder &b, Value x) {
  Expander e(b, x.getType());
  Value square = e.mul(x, x);
  Value near = e.fma(e.mul(square, x), e.horner(square, e.format.tanhNear), x);
  Value magnitude = e.abs(x);
  Value limited = e.atMost(magnitude, e.format.tanhMax);
  auto [n, tail] = e.reduceExp(e.add(limited, limited));
  Value power = e.expM1Scaled(n, tail);
  Value far = e.copySign(e.div(power, e.add(power, e.number(2.0))), x);
  return e.select(e.compare(Predicate::OLT, magnitude, e.format.tanhSplit), near, far);
}

//===----------------------------------------------------------------------===//
// Logarithms
//===----------------------------------------------------------------------===//

static Value naturalLogarithm(Expander &e, Value x) {
  auto [n, f] = e.reduceLog(x);
  return e.withLogLimits(x, e.logScaled(n, f));
}

Value nn::buildLog(ImplicitLocOpBuilder &b, Value x) {
  Expander e(b, x.getType());
  return naturalLogarithm(e, x);
}

/// Exact where x is a power of two.
Value nn::buildLog2(ImplicitLocOpBuilder &b, Value x) {
  Expander e(b, x.getType());
  auto [n, f] = e.reduceLog(x);
  Value log = e.add(f, e.logTailReduced(f, e.number(0.0)));
  return e.withLogLimits(x, e.fma(log, e.number(std::numbers::log2e), e.toFloat(n)));
}

Value nn::buildLog10(ImplicitLocOpBuilder &b, Value x) {
  Expander e(b, x.getType());
  return e.mul(naturalLogarithm(e, x), e.number(std::numbers::log10e));
}

Value nn::buildLog1p(ImplicitLocOpBuilder &b, Value x) {
  Expander e(b, x.getType());
  Value sum = e.add(x, e.number(1.0));
  Value lost = e.sub(x, e.sub(sum, e.number(1.0)));
  auto [n, f] = e.reduceLog(sum);
  // A sum too large for this power of two has lost nothing that matters.
  Value limited = arith::MinSIOp::create(b, n, e.integer(e.format.exponentBias - 1));
  Value inverse = e.powerOfTwo(e.subI(e.integer(0), limited));
  Value result = e.withLogLimits(sum, e.logScaled(n, e.fma(lost, inverse, f)));
  return e.select(e.compare(Predicate::OEQ, x, 0.0), x, result);
}

//===----------------------------------------------------------------------===//
// Error function, sine and cosine, power
//===----------------------------------------------------------------------===//

Value nn::buildErf(ImplicitLocOpBuilder &b, Value x) {
  Expander e(b, x.getType());
  Value near = e.fma(x, e.horner(e.mul(x, x), e.format.erfNear), x);
  Value magnitude = e.abs(x);
  Value exponent = e.negate(e.horner(e.atMost(magnitude, e.format.erfMax), e.format.erfFar));
  auto [n, tail] = e.reduceExp(exponent);
  Value far = e.copySign(e.negate(e.expM1Scaled(n, tail)), x);
  return e.select(e.compare(Predicate::OLT, magnitude, e.format.erfSplit), near, far);
}

/// e^-x² of a product's two parts, so that the tail keeps its relative accuracy; W. J. Cody, "Rational Chebyshev
/// approximations for the error function" (1969), takes the same way with other quotients.
Value nn::buildErfc(ImplicitLocOpBuilder &b, Value x) {
  Expander e(b, x.getType());
  Value magnitude = e.abs(x), one = e.number(1.0);
  Value near = e.fma(e.negate(x), e.horner(e.mul(x, x), e.format.erfNear), e.sub(one, x));
  Value limited = e.atMost(magnitude, e.format.erfcMax);
  Value t = e.div(one, e.fma(limited, e.number(1.0 / e.format.erfcPole), one));
  Value slope = e.mul(t, e.horner(e.sub(t, e.number(0.5)), e.format.erfcFar));
  Value square = e.mul(limited, limited), minus = e.negate(square);
  auto [n, tail] = e.reduceExp(minus, e.negate(e.fma(limited, limited, minus)));
  Value far = e.scale(e.fma(slope, tail, slope), n);
  far = e.select(e.compare(Predicate::OLT, x, 0.0), e.sub(e.number(2.0), far), far);
  return e.select(e.compare(Predicate::OLT, magnitude, e.format.erfcSplit), near, far);
}

/// NaN where the argument is too large to be reduced exactly enough.
static Value trigonometric(ImplicitLocOpBuilder &b, Value x, function_ref<Value(Expander &, Expander::Quadrant)> body) {
  return throughF64(b, x, [&](Expander &e, ValueRange operands) {
    Value result = body(e, e.reduceTrigonometric(operands[0]));
    Value isReduced = e.compare(Predicate::OLE, e.abs(operands[0]), 0x1p30);
    return e.select(isReduced, result, e.number(std::numeric_limits<double>::quiet_NaN()));
  });
}

Value nn::buildSin(ImplicitLocOpBuilder &b, Value x) {
  return trigonometric(b, x, [](Expander &e, Expander::Quadrant quadrant) { return e.sineAhead(quadrant, 0); });
}

Value nn::buildCos(ImplicitLocOpBuilder &b, Value x) {
  return trigonometric(b, x, [](Expander &e, Expander::Quadrant quadrant) { return e.sineAhead(quadrant, 1); });
}

Value nn::buildTan(ImplicitLocOpBuilder &b, Value x) {
  return trigonometric(b, x, [](Expander &e, Expander::Quadrant quadrant) {
    return e.div(e.sineAhead(quadrant, 0), e.sineAhead(quadrant, 1));
  });
}

/// log x = high + low for a positive x, with some ten bits more than f64 has: log(1 + f) = 2 s + s³ p(s²) with
/// s = f / (2 + f), and s itself as a sum of two.
static std::pair<Value, Value> extendedLogarithm(Expander &e, Value x) {
  auto [n, f] = e.reduceLog(x);
  Value exponent = e.toFloat(n), two = e.number(2.0);
  Value divisor = e.add(f, two), divisorLow = e.sub(f, e.sub(divisor, two));
  Value s = e.div(f, divisor), minusS = e.negate(s);
  Value sLow = e.div(e.fma(minusS, divisorLow, e.fma(minusS, divisor, f)), divisor);
  Value square = e.mul(s, s);
  Value tail = e.mul(e.mul(square, s), e.horner(square, logRatioTail));
  Value main = e.mul(exponent, e.number(e.format.ln2High)), twice = e.mul(s, two);
  Value sum = e.add(main, twice), sumLow = e.sub(twice, e.sub(sum, main));
  Value low = e.add(e.fma(exponent, e.number(e.format.ln2Low), tail), e.fma(sLow, two, sumLow));
  Value high = e.add(sum, low);
  return {high, e.sub(low, e.sub(high, sum))};
}

/// x^y for x >= 0.
static Value positivePower(Expander &e, Value x, Value y) {
  auto [log, logLow] = extendedLogarithm(e, x);
  log = e.withLogLimits(x, log);
  Value product = e.mul(y, log);
  Value productLow = e.fma(y, logLow, e.fma(y, log, e.negate(product)));
  // Beyond these the result is 0 or infinite, and the low part may be NaN.
  Value isModerate = e.compare(Predicate::OLT, e.abs(product), 0x1p10);
  productLow = e.select(isModerate, productLow, e.number(0.0));
  return exponential(e, product, productLow);
}

/// e^(y log|x|), with the special cases of IEEE 754's pow.
Value nn::buildPow(ImplicitLocOpBuilder &b, Value x, Value y) {
  return throughF64(b, {x, y}, [](Expander &e, ValueRange operands) {
    double infinity = std::numeric_limits<double>::infinity();
    Value x = operands[0], y = operands[1];
    Value base = e.abs(x), exponent = e.abs(y);
    Value power = positivePower(e, base, y);
    // |x| = 1 whatever y, y = 0 whatever x.
    Value isOne = e.either(e.compare(Predicate::OEQ, base, 1.0), e.compare(Predicate::OEQ, y, 0.0));
    power = e.select(isOne, e.number(1.0), power);
    Value isInteger = e.isInteger(exponent);
    Value isOdd = e.both(isInteger, e.negated(e.isInteger(e.mul(exponent, e.number(0.5)))));
    power = e.select(isOdd, e.copySign(power, x), power);
    Value isNegative = e.both(e.compare(Predicate::OLT, x, 0.0), e.compare(Predicate::OLT, base, infinity));
    power =
        e.select(e.both(isNegative, e.negated(isInteger)), e.number(std::numeric_limits<double>::quiet_NaN()), power);
    // 1 to the power of NaN is 1, NaN to any power but 0 is NaN.
    return e.select(e.compare(Predicate::OEQ, x, 1.0), e.number(1.0), power);
  });
}

//===----------------------------------------------------------------------===//
// Rounding
//===----------------------------------------------------------------------===//

Value nn::buildRoundEven(ImplicitLocOpBuilder &b, Value x) {
  Expander e(b, x.getType());
  Value magnitude = e.abs(x), limit = e.number(std::ldexp(1.0, e.format.mantissaBits));
  Value rounded = e.copySign(e.sub(e.add(magnitude, limit), limit), x);
  return e.select(e.compare(Predicate::OLT, magnitude, limit), rounded, x);
}

Value nn::buildFloor(ImplicitLocOpBuilder &b, Value x) {
  Expander e(b, x.getType());
  Value rounded = buildRoundEven(b, x);
  Value lower = e.select(e.compare(Predicate::OGT, rounded, x), e.sub(rounded, e.number(1.0)), rounded);
  return e.copySign(lower, x);
}

Value nn::buildCeil(ImplicitLocOpBuilder &b, Value x) {
  Expander e(b, x.getType());
  return e.negate(buildFloor(b, e.negate(x)));
}

Value nn::buildTrunc(ImplicitLocOpBuilder &b, Value x) {
  Expander e(b, x.getType());
  return e.copySign(buildFloor(b, e.abs(x)), x);
}

/// |x| cut off, and one more where a half or more was cut.
Value nn::buildRound(ImplicitLocOpBuilder &b, Value x) {
  Expander e(b, x.getType());
  Value magnitude = e.abs(x), whole = buildFloor(b, magnitude);
  Value isUp = e.compare(Predicate::OGE, e.sub(magnitude, whole), 0.5);
  return e.copySign(e.select(isUp, e.add(whole, e.number(1.0)), whole), x);
}
