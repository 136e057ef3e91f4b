// Passes that only tests use.
#pragma once

namespace mlir::nn::test {

void registerMutateAdjoints();

} // namespace mlir::nn::test
