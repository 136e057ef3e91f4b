// The nn dialect: ops, attributes, traits and interfaces.
#pragma once
#include "dialect/Assembly.h"
#include "dialect/Interfaces.h"
#include "dialect/Number.h"
#include "dialect/Traits.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialect/NNDialect.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialect/NNAttributes.h.inc"
#define GET_OP_CLASSES
#include "dialect/NNOps.h.inc"
