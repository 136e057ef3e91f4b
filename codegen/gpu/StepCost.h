// What a step of a launch computes and moves, counted while it still is whole operations.
#pragma once
#include "dialect/Layer.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::nn {

/// Members of `nn.parts`, at least one: layer, stage, flops and bytes of what the `ops` of a step do, of each layer and
/// stage that they work for, and no shared_bytes yet. `keepsOnChip`: what one of them has computed the next ones find
/// where it was left, so that it is not read again, and is not written where no other op touches it.
SmallVector<NamedAttrList> describeStep(ArrayRef<Operation *> ops, bool keepsOnChip);

/// Floating-point operations by whom they are for.
using FlopsOfLayers = SmallVector<std::pair<LayerStage, int64_t>>;

/// Those of a matrix product.
FlopsOfLayers countProductFlops(linalg::GenericOp product);

/// Says of a step's parts, in `tensor_flops`, how many of their operations tensor cores do.
void addTensorFlops(MutableArrayRef<NamedAttrList> parts, const FlopsOfLayers &flops);

/// Leaves on the allocations of `entry` the stages of the ops that first and last touch them: a launch may have
/// several.
void markStages(func::FuncOp entry);

} // namespace mlir::nn
