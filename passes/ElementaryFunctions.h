// Elementary functions written out in arith and math.fma, without branches, for f32 and f64, scalars and vectors.
#pragma once
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::nn {

/// Whether the functions below take operands of this type: f32 or f64, or vectors of them.
bool hasElementaryFunctions(Type type);

Value buildExp(ImplicitLocOpBuilder &b, Value x);
Value buildExp2(ImplicitLocOpBuilder &b, Value x);
Value buildExpM1(ImplicitLocOpBuilder &b, Value x);
Value buildLog(ImplicitLocOpBuilder &b, Value x);
Value buildLog2(ImplicitLocOpBuilder &b, Value x);
Value buildLog10(ImplicitLocOpBuilder &b, Value x);
Value buildLog1p(ImplicitLocOpBuilder &b, Value x);
Value buildTanh(ImplicitLocOpBuilder &b, Value x);
Value buildErf(ImplicitLocOpBuilder &b, Value x);
Value buildErfc(ImplicitLocOpBuilder &b, Value x);
Value buildSin(ImplicitLocOpBuilder &b, Value x);
Value buildCos(ImplicitLocOpBuilder &b, Value x);
Value buildTan(ImplicitLocOpBuilder &b, Value x);
Value buildPow(ImplicitLocOpBuilder &b, Value x, Value y);

/// The nearest integer, ties to even; toward minus infinity; toward plus infinity; toward zero; the nearest, ties away
/// from zero.
Value buildRoundEven(ImplicitLocOpBuilder &b, Value x);
Value buildFloor(ImplicitLocOpBuilder &b, Value x);
Value buildCeil(ImplicitLocOpBuilder &b, Value x);
Value buildTrunc(ImplicitLocOpBuilder &b, Value x);
Value buildRound(ImplicitLocOpBuilder &b, Value x);

} // namespace mlir::nn
