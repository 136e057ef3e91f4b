// Calls of the host's emulator (runtime/include/nnc/program.h, from nnc_rt_emulate on) in the code of emulated kernels.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::nn {

/// Declares the emulator's functions and keeps the texts that it gets, for one module.
class EmulatorCalls {
public:
  explicit EmulatorCalls(ModuleOp module) : module(module), symbols(module) {}

  SymbolTable &getSymbols() { return symbols; }

  /// Calls a function of the host; null where it gives nothing back.
  Value call(OpBuilder &builder, Location loc, StringRef name, ValueRange operands, Type result = {});

  /// A pointer to constant i64s.
  Value makeNumbers(OpBuilder &builder, Location loc, ArrayRef<int64_t> numbers);

  /// A pointer to the text, ended by a zero. Equal texts are one.
  Value makeText(OpBuilder &builder, Location loc, StringRef text);

private:
  ModuleOp module;
  SymbolTable symbols;
  llvm::StringMap<LLVM::GlobalOp> texts;
};

/// An i64.
Value makeInt64(OpBuilder &builder, Location loc, int64_t value);

} // namespace mlir::nn
