// Fragments of tensor cores; see MmaWarp.h.
#include "codegen/gpu/MmaWarp.h"
#include "dialect/Names.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::nn;

/// Lanes that share a row.
static constexpr int64_t lanesOfRow = 4;

std::optional<Precision> nn::parsePrecision(StringRef name) { return findChoice<Precision>(precisionNames, name); }

int64_t nn::countTermsOfWord(Precision precision) { return precision == Precision::bf16 ? 2 : 1; }

MmaWarp::MmaWarp(OpBuilder &builder, Location loc, Precision precision)
    : IndexEmitter(builder, loc), isTf32(precision == Precision::tf32), pack(countTermsOfWord(precision)),
      factorType(isTf32 ? Type(builder.getF32Type()) : builder.getBF16Type()) {}

void MmaWarp::enter(Value thread) {
  Value lane = remainder(thread, lanes);
  number = divide(thread, lanes);
  row = divide(lane, lanesOfRow);
  word = remainder(lane, lanesOfRow);
}

Value MmaWarp::getColumn() { return multiply(word, 2); }

Value MmaWarp::round(SmallVector<Value> values) {
  auto type = VectorType::get(values.size(), builder.getF32Type());
  if (isTf32)
    for (Value &value : values) {
      Value bits =
          NVVM::ConvertFloatToTF32Op::create(builder, loc, builder.getI32Type(), value, NVVM::FPRoundingMode::RNA);
      value = arith::BitcastOp::create(builder, loc, builder.getF32Type(), bits);
    }
  Value vector = vector::FromElementsOp::create(builder, loc, type, values);
  return isTf32 ? vector : Value(arith::TruncFOp::create(builder, loc, type.clone(factorType), vector));
}

Value MmaWarp::makeFragment(ArrayRef<Value> registers) {
  auto type = VectorType::get({static_cast<int64_t>(registers.size()), pack}, factorType);
  Value fragment = ub::PoisonOp::create(builder, loc, type);
  for (auto [at, of] : llvm::enumerate(registers))
    fragment = vector::InsertOp::create(builder, loc, of, fragment, ArrayRef<int64_t>{static_cast<int64_t>(at)});
  return fragment;
}

void MmaWarp::multiplyAdd(std::array<Value *, 4> sums, Value a, Value b) {
  auto place = [](int64_t number) { return SmallVector<int64_t>{number / 2, number % 2}; };
  Value vector = ub::PoisonOp::create(builder, loc, VectorType::get({2, 2}, builder.getF32Type()));
  for (auto [at, sum] : llvm::enumerate(sums))
    vector = vector::InsertOp::create(builder, loc, *sum, vector, place(at));
  vector = nvgpu::MmaSyncOp::create(builder, loc, a, b, vector, ArrayRef<int64_t>{rows, columns, words * pack}, isTf32);
  for (auto [at, sum] : llvm::enumerate(sums))
    *sum = vector::ExtractOp::create(builder, loc, vector, place(at));
}
