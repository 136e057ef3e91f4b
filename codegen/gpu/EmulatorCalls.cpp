// Calls of the host's emulator; see EmulatorCalls.h.
#include "codegen/gpu/EmulatorCalls.h"

using namespace mlir;
using namespace mlir::nn;

Value nn::makeInt64(OpBuilder &builder, Location loc, int64_t value) {
  return arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(value));
}

Value EmulatorCalls::call(OpBuilder &builder, Location loc, StringRef name, ValueRange operands, Type result) {
  auto function = symbols.lookup<func::FuncOp>(name);
  if (!function) {
    FunctionType type = builder.getFunctionType(operands.getTypes(), result ? TypeRange(result) : TypeRange());
    function = func::FuncOp::create(module.getLoc(), name, type);
    function.setPrivate();
    symbols.insert(function);
  }
  auto call = func::CallOp::create(builder, loc, function, operands);
  return result ? call.getResult(0) : Value();
}

Value EmulatorCalls::makeNumbers(OpBuilder &builder, Location loc, ArrayRef<int64_t> numbers) {
  OpBuilder atEnd = OpBuilder::atBlockEnd(module.getBody());
  auto type = LLVM::LLVMArrayType::get(builder.getI64Type(), numbers.size());
  auto global = LLVM::GlobalOp::create(atEnd, module.getLoc(), type, /*isConstant=*/true, LLVM::Linkage::Private,
                                       "nnc.emulated.numbers", builder.getI64TensorAttr(numbers));
  symbols.insert(global);
  return LLVM::AddressOfOp::create(builder, loc, global);
}

Value EmulatorCalls::makeText(OpBuilder &builder, Location loc, StringRef text) {
  LLVM::GlobalOp &global = texts[text];
  if (!global) {
    std::string value = text.str();
    value.push_back('\0');
    OpBuilder atEnd = OpBuilder::atBlockEnd(module.getBody());
    auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), value.size());
    global = LLVM::GlobalOp::create(atEnd, module.getLoc(), type, /*isConstant=*/true, LLVM::Linkage::Private,
                                    "nnc.emulated.text", builder.getStringAttr(value));
    symbols.insert(global);
  }
  return LLVM::AddressOfOp::create(builder, loc, global);
}
