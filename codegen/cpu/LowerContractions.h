// What --nn-lower-contractions does, for those who want to see each contraction as it is just before its code is made.
#pragma once
#include "codegen/cpu/Contraction.h"
#include "codegen/cpu/Target.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::nn {

/// Gets a contraction, its loops merged, with its neighbours; `number` is its place among the linalg.generic ops that
/// the function had at first.
using ContractionVisitor = llvm::function_ref<void(size_t number, const ContractionGroup &group)>;

/// Replaces every matrix product of `function` by loops.
LogicalResult lowerContractions(func::FuncOp function, const CpuTarget &target, ContractionVisitor visit = {});

} // namespace mlir::nn
