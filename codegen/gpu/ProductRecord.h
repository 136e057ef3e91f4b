// What the descriptor says of a product that cuBLASLt can do, as an attribute of its launch.
#pragma once
#include "dialect/NN.h"
#include "runtime/include/nnc/program.h"
#include <array>
#include <optional>

namespace mlir::nn {

/// On a gpu.launch_func, and in the list of launches.
inline constexpr llvm::StringLiteral productAttributeName = "nn.product";

/// Of an op whose operands are views of planned buffers of `arena`; `precision` is of nnc_precision. An error at it
/// where they are not.
FailureOr<nnc_product> describeProduct(LibraryProductOp op, Value arena, int64_t precision);

/// The record's numbers, in its order.
std::array<int64_t, sizeof(nnc_product) / sizeof(int64_t)> getNumbers(const nnc_product &product);

DictionaryAttr makeProductAttribute(MLIRContext *context, const nnc_product &product);

/// Nothing where `attribute` is no such record.
std::optional<nnc_product> readProductAttribute(Attribute attribute);

} // namespace mlir::nn
