// What a warp's lanes hold of matrices that tensor cores multiply (mma.sync of 16 rows and 8 columns). Words of 32 bits
// are a term of tf32 or two neighbouring ones of bf16; counted in such words, fragments are the same for both types
// (PTX ISA, "Matrix Fragments for mma.m16n8k8" and "for mma.m16n8k16").
#pragma once
#include "codegen/cpu/Loops.h"
#include "codegen/gpu/Precision.h"
#include <array>

namespace mlir::nn {

class MmaWarp : IndexEmitter {
public:
  static constexpr int64_t lanes = 32;
  /// Of one instruction: rows of the first factor, columns of the second, words of each.
  static constexpr int64_t rows = 16, columns = 8, words = 8;
  /// Of a fragment's registers, how far apart in rows and in words.
  static constexpr int64_t rowStride = 8, wordStride = 4;

  MmaWarp(OpBuilder &builder, Location loc, Precision precision);

  /// Terms of a word.
  int64_t getPack() const { return pack; }
  Type getFactorType() const { return factorType; }

  /// Sets which lane of which warp the thread is.
  void enter(Value thread);
  Value getNumber() const { return number; }
  /// The row of the first factor, or the column of the second, that the lane's first word is of, and which word.
  Value getRow() const { return row; }
  Value getWord() const { return word; }
  /// The first of the two neighbouring columns of the result that the lane has of row getRow(), and rowStride below.
  Value getColumn();

  /// Values of f32 as a vector of the type that is multiplied: tf32 to nearest, ties away from zero, bf16 ties to even.
  Value round(SmallVector<Value> values);

  /// A fragment of its registers, each a vector of a word's terms: by rows, then by words.
  Value makeFragment(ArrayRef<Value> registers);

  /// Adds a product to the lane's sums: of its row and rowStride below, two columns each.
  void multiplyAdd(std::array<Value *, 4> sums, Value a, Value b);

private:
  bool isTf32;
  int64_t pack;
  Type factorType;
  Value number, row, word;
};

} // namespace mlir::nn
