// A contraction as a function of its own, to be measured apart from the program that it is part of.
#pragma once
#include "codegen/cpu/ContractionSchedule.h"
#include "mlir/IR/OwningOpRef.h"

namespace mlir::nn {

/// A module of one entry point that computes `group` on buffers of its own, of the same types and strides: inside a
/// parallel loop, and in a loop that leaves b as it is, where the original is. The contraction in it has an empty
/// `nn.schedule`. Two contractions with equal text take equally long. Null where a type stands in the way.
OwningOpRef<ModuleOp> extractContraction(const ContractionGroup &group, const ContractionSchedule &schedule);

/// The contraction in such a function.
linalg::GenericOp getExtracted(Operation *root);

} // namespace mlir::nn
