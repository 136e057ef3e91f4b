// A pass that only tests use.
#pragma once

namespace mlir::nn::test {

void registerCountProducts();

} // namespace mlir::nn::test
