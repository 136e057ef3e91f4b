// An entry point under construction.
#pragma once
#include "dialect/NN.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/LazyUpdates.h"
#include "passes/SpecializeBatch.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::nn {

/// A function under construction: arguments are made when they are asked for, results when they are known.
class EntryBuilder {
public:
  EntryBuilder(ModuleOp module, Operation *source, StringRef name, StringRef kind, int64_t batch)
      : b(module.getContext()), batch(batch) {
    b.setInsertionPointToEnd(module.getBody());
    function = func::FuncOp::create(b, source->getLoc(), name, b.getFunctionType({}, {}));
    function->setAttr("nn.entry", b.getStringAttr(kind));
    function->setAttr("nn.batch", b.getI64IntegerAttr(batch));
    if (auto symbol = source->getAttrOfType<StringAttr>(SymbolTable::getSymbolAttrName()))
      function->setAttr("nn.symbol", symbol);
    b.setInsertionPointToStart(function.addEntryBlock());
  }

  Value addArgument(Type type, Location loc, ArrayRef<NamedAttribute> attributes) {
    argumentAttributes.push_back(b.getDictionaryAttr(attributes));
    return function.getBody().front().addArgument(type, loc);
  }

  Value addInput(StringRef name, StringRef role, Type type, Location loc, SmallVector<NamedAttribute> extra = {}) {
    extra.push_back(b.getNamedAttr("nn.input", b.getStringAttr(name)));
    extra.push_back(b.getNamedAttr("nn.input_role", b.getStringAttr(role)));
    return addArgument(type, loc, extra);
  }

  /// An input of the step's surroundings (valid, seed), made at first use.
  Value getContext(StringRef name) {
    Value &value = context[name];
    if (!value)
      value = addInput(name, name, RankedTensorType::get({}, b.getI64Type()), function.getLoc());
    return value;
  }

  Value getVariable(VariableOp variable) {
    Value &value = variables[variable.getSymNameAttr()];
    if (!value)
      value = addArgument(variable.getTensorType(), variable.getLoc(),
                          b.getNamedAttr("nn.variable", FlatSymbolRefAttr::get(variable.getSymNameAttr())));
    return value;
  }

  void addOutput(StringRef name, StringRef role, Value value) {
    results.push_back(value);
    resultAttributes.push_back(b.getDictionaryAttr(
        {b.getNamedAttr("nn.output", b.getStringAttr(name)), b.getNamedAttr("nn.output_role", b.getStringAttr(role))}));
  }

  void addUpdate(VariableOp variable, Value value) {
    getVariable(variable);
    results.push_back(value);
    resultAttributes.push_back(
        b.getDictionaryAttr(b.getNamedAttr("nn.variable", FlatSymbolRefAttr::get(variable.getSymNameAttr()))));
  }

  /// Data inputs for a model's or step's arguments.
  SmallVector<Value> addDataInputs(FunctionType type, ArrayAttr names, Location loc) {
    SmallVector<Value> values;
    for (auto [input, name] : llvm::zip(type.getInputs(), names.getAsRange<StringAttr>()))
      values.push_back(addInput(name.getValue(), "data", withBatch(input, batch), loc));
    dataInputs = values.size();
    return values;
  }

  /// Wires masks and random keys, removes what only training does (unless this is training), and records what range
  /// the integer inputs must have.
  LogicalResult completeOps(VariableOp counter);

  bool isBatched(Value value) const { return dependsOnData(value, dataInputs); }

  void finish() {
    func::ReturnOp::create(b, function.getLoc(), results);
    Block &block = function.getBody().front();
    function.setFunctionType(b.getFunctionType(block.getArgumentTypes(), TypeRange(ValueRange(results))));
    function.setAllArgAttrs(argumentAttributes);
    function.setAllResultAttrs(resultAttributes);
  }

  OpBuilder b;
  int64_t batch;
  func::FuncOp function;

private:
  SmallVector<DictionaryAttr> argumentAttributes, resultAttributes;
  SmallVector<Value> results;
  llvm::MapVector<StringRef, Value> context;
  llvm::MapVector<StringAttr, Value> variables;
  unsigned dataInputs = 0;
};

} // namespace mlir::nn
