// A pass that only tests use.
#pragma once

namespace mlir::nn::test {

void registerTestSchedules();

} // namespace mlir::nn::test
