// Registers the dialect's ops and attributes.
#include "dialect/NN.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::nn;

#include "dialect/NNDialect.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialect/NNAttributes.cpp.inc"

void NNDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialect/NNOps.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialect/NNAttributes.cpp.inc"
      >();
}
