// The steps that an entry point's body is cut into for a GPU, and which of them can run side by side.
#pragma once
#include "codegen/gpu/LibraryProduct.h"

namespace mlir::nn {

/// Something that blocks of a launch do.
struct Step {
  /// Small things that one block does in a row; an elementwise operation or a reduction; a matrix product; a parallel
  /// loop; a loop whose turns are independent.
  enum Kind { small, generic, product, loop, turns } kind;
  /// In their order; of a product, its group's; of a reduction, the fill of what it adds up to first, where it has one;
  /// of independent turns, loads of the loop's bounds and the loop.
  SmallVector<Operation *> ops;
  std::optional<ContractionGroup> group;
  /// Of a product that cuBLASLt does where it is there: the group has what it takes along, and no more.
  std::optional<LibraryProduct> library;
  /// The launch that it is in: the first after those of the steps that it needs, or that need what it overwrites.
  int64_t level = 0;
  /// Whether its launch has no other step.
  bool isAlone = false;

  /// How long one of its blocks takes, in no unit.
  int64_t getLength() const;
};

/// What is known of an entry point's body before it is cut into steps.
struct StepChoices {
  /// As in fuseNeighbours.
  bool knowsRoots;
  /// The loads that a loop's bounds come from, which go where it goes.
  const DenseMap<Operation *, SmallVector<Operation *>> &boundsOf;
  /// Whether a loop gets a launch of its own.
  llvm::function_ref<bool(Operation *)> isAlone;
  /// How cuBLASLt does a product with its neighbours, where it is to; the step then gets a launch of its own.
  llvm::function_ref<std::optional<LibraryProduct>(const ContractionGroup &)> findLibraryProduct;
};

/// The steps of `block`, an entry point's body, in their order.
std::vector<Step> findSteps(Block &block, const StepChoices &choices);

/// Whether `op` is a loop whose turns threads can share.
bool isTurnsStep(Operation &op);

/// Whether `op` is no part of a step: what costs nothing stands before all launches.
bool standsOutside(Operation &op);

/// Whether `op` is more than one block should do by itself.
bool isLargeStep(Operation *op);

} // namespace mlir::nn
