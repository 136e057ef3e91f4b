// What the factors of matrix products are rounded to before they are multiplied.
#pragma once
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace mlir::nn {

/// f32: to nothing, each term one FMA. tf32 (19 bits, the range of f32 and a mantissa of 10 bits) and bf16 (of 7 bits):
/// what tensor cores multiply exactly and add up in f32.
/// The numbers are those of nnc_precision.
enum class Precision { f32, tf32, bf16 };

inline constexpr llvm::StringLiteral precisionNames[] = {"f32", "tf32", "bf16"};

/// Of an entry point whose products are rounded: one of the names.
inline constexpr llvm::StringLiteral precisionAttributeName = "nn.matmul_precision";

std::optional<Precision> parsePrecision(StringRef name);

/// Terms that a word of 32 bits holds.
int64_t countTermsOfWord(Precision precision);

} // namespace mlir::nn
