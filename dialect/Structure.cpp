// Models, steps, calls and variables: their assembly and what must hold for them.
#include "dialect/NN.h"
#include "dialect/ShapeRules.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace mlir::nn;

#define GET_OP_CLASSES
#include "dialect/NNOps.cpp.inc"

//===----------------------------------------------------------------------===//
// nn.model and nn.step
//===----------------------------------------------------------------------===//

/// `@name(%x: tensor<?x4xf32>, ...) [-> type | (types)] [attributes {...}] {body}`
static ParseResult parseCallable(OpAsmParser &parser, OperationState &result, bool hasResults) {
  Builder &builder = parser.getBuilder();
  StringAttr name;
  SmallVector<OpAsmParser::Argument> arguments;
  if (parser.parseSymbolName(name, "sym_name", result.attributes) ||
      parser.parseArgumentList(arguments, OpAsmParser::Delimiter::Paren, /*allowType=*/true))
    return failure();
  SmallVector<Type> inputs, results;
  SmallVector<Attribute> names;
  for (OpAsmParser::Argument &argument : arguments) {
    inputs.push_back(argument.type);
    names.push_back(builder.getStringAttr(argument.ssaName.name.drop_front()));
  }
  if (hasResults && parser.parseOptionalArrowTypeList(results))
    return failure();
  if (parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();
  result.addAttribute("function_type", TypeAttr::get(builder.getFunctionType(inputs, results)));
  result.addAttribute("arg_names", builder.getArrayAttr(names));
  return parser.parseRegion(*result.addRegion(), arguments);
}

static void printCallable(OpAsmPrinter &printer, Operation *op, FunctionType type, Region &body, bool printTerminator) {
  printer << ' ';
  printer.printSymbolName(SymbolTable::getSymbolName(op).getValue());
  printer << '(';
  llvm::interleaveComma(body.getArguments(), printer, [&](BlockArgument arg) { printer.printRegionArgument(arg); });
  printer << ')';
  printer.printOptionalArrowTypeList(type.getResults());
  printer.printOptionalAttrDictWithKeyword(op->getAttrs(), {"sym_name", "function_type", "arg_names"});
  printer << ' ';
  printer.printRegion(body, /*printEntryBlockArgs=*/false, printTerminator);
}

/// Inputs and results are ranked tensors whose first dimension is the batch, of a size not known yet; the others are
/// known, and none is zero.
static LogicalResult verifyCallable(Operation *op, FunctionType type, ArrayAttr names, Region &body) {
  auto checkType = [&](Type type, const Twine &what) -> LogicalResult {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return op->emitOpError() << what << " must be a ranked tensor, not " << type;
    for (auto [index, size] : llvm::enumerate(tensor.getShape())) {
      if (index > 0 && ShapedType::isDynamic(size))
        return op->emitOpError() << what << " has type " << type << ": only its first dimension, the batch, may be `?`";
      if (size == 0)
        return op->emitOpError() << what << " has type " << type
                                 << ", which holds no elements: no dimension may be zero";
    }
    if (tensor.getRank() == 0 || !tensor.isDynamicDim(0))
      return op->emitOpError() << what << " has type " << type << ": its first dimension is the batch, written `?`";
    return success();
  };
  Block &block = body.front();
  if (names.size() != type.getNumInputs() || block.getNumArguments() != type.getNumInputs())
    return op->emitOpError() << "has " << type.getNumInputs() << " inputs in its type, but " << names.size()
                             << " names and " << block.getNumArguments() << " block arguments";
  llvm::SmallDenseSet<Attribute> seen;
  for (auto [index, input] : llvm::enumerate(type.getInputs())) {
    StringRef name = cast<StringAttr>(names[index]).getValue();
    if (!seen.insert(names[index]).second)
      return op->emitOpError() << "names two inputs '" << name << "'";
    if (block.getArgument(index).getType() != input)
      return op->emitOpError() << "input '" << name << "' has type " << input << ", its block argument "
                               << block.getArgument(index).getType();
    if (failed(checkType(input, "input '" + name + "'")))
      return failure();
  }
  for (Type result : type.getResults())
    if (failed(checkType(result, "result")))
      return failure();
  return success();
}

static void setArgumentNames(Region &region, ArrayAttr names, OpAsmSetValueNameFn setName) {
  for (auto [argument, name] : llvm::zip(region.getArguments(), names.getAsRange<StringAttr>()))
    setName(argument, name.getValue());
}

ParseResult ModelOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseCallable(parser, result, /*hasResults=*/true);
}

void ModelOp::print(OpAsmPrinter &printer) {
  printCallable(printer, *this, getFunctionType(), getBody(), /*printTerminator=*/true);
}

void ModelOp::getAsmBlockArgumentNames(Region &region, OpAsmSetValueNameFn setName) {
  setArgumentNames(region, getArgNames(), setName);
}

LogicalResult ModelOp::verify() {
  if (failed(verifyCallable(*this, getFunctionType(), getArgNames(), getBody())))
    return failure();
  auto returnOp = dyn_cast<ReturnOp>(getBody().front().back());
  if (!returnOp)
    return emitOpError() << "must end with nn.return";
  if (returnOp.getOperandTypes() != getFunctionType().getResults())
    return returnOp.emitOpError() << "returns (" << returnOp.getOperandTypes() << "), but model @" << getSymName()
                                  << " is declared to return (" << getFunctionType().getResults() << ")";
  return success();
}

ParseResult StepOp::parse(OpAsmParser &parser, OperationState &result) {
  if (parseCallable(parser, result, /*hasResults=*/false))
    return failure();
  Region &body = *result.regions.front();
  if (body.empty())
    body.emplaceBlock();
  Block &block = body.front();
  if (block.empty() || !block.back().hasTrait<OpTrait::IsTerminator>()) {
    OpBuilder builder(parser.getContext());
    builder.setInsertionPointToEnd(&block);
    EndOp::create(builder, result.location);
  }
  return success();
}

void StepOp::print(OpAsmPrinter &printer) {
  printCallable(printer, *this, getFunctionType(), getBody(), /*printTerminator=*/false);
}

void StepOp::getAsmBlockArgumentNames(Region &region, OpAsmSetValueNameFn setName) {
  setArgumentNames(region, getArgNames(), setName);
}

/// What a compiled step takes besides its own inputs.
static bool isReservedInput(StringRef name) {
  return name == "valid" || name == "seed" || name == "learning_rate" || name.starts_with("learning_rate_");
}

/// A metric's name becomes a column of the history, its value on validation data one of the name with `val_` before it.
static bool isMetricName(StringRef name) {
  return !name.empty() && !name.starts_with("val_") &&
         llvm::all_of(name, [](char c) { return llvm::isAlnum(c) || c == '_' || c == '-' || c == '.'; });
}

LogicalResult StepOp::verify() {
  if (failed(verifyCallable(*this, getFunctionType(), getArgNames(), getBody())))
    return failure();
  for (auto name : getArgNames().getAsRange<StringAttr>())
    if (isReservedInput(name.getValue()))
      return emitOpError() << "names an input '" << name.getValue()
                           << "', as a compiled step names one of its own; choose another name";
  if (!isa<EndOp>(getBody().front().back()))
    return emitOpError() << "must end with nn.end";
  SmallVector<MinimizeOp> minimizes(getBody().getOps<MinimizeOp>());
  if (minimizes.empty())
    return emitOpError() << "has no nn.minimize: it would train nothing";
  llvm::SmallDenseSet<Attribute> names;
  for (MetricOp metric : getBody().getOps<MetricOp>()) {
    if (!isMetricName(metric.getMetricName()))
      return metric.emitOpError() << "has the name " << metric.getMetricNameAttr()
                                  << "; a metric's name is made of letters, digits, '_', '-' and '.', and does not "
                                     "begin with 'val_'";
    if (!names.insert(metric.getMetricNameAttr()).second || metric.getMetricName() == "loss")
      return metric.emitOpError() << "reports '" << metric.getMetricName() << "', a name already taken in this step";
  }
  return success();
}

LogicalResult StepOp::verifyRegions() {
  WalkResult result = getBody().walk([](LayerOpInterface layer) {
    if (!layer.getParamsMutable().empty() || layer.getParameterSpecs().empty())
      return WalkResult::advance();
    layer->emitOpError() << "has parameters, which belong to a model: put it into an nn.model and call that";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

//===----------------------------------------------------------------------===//
// Symbol uses
//===----------------------------------------------------------------------===//

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto model = symbols.lookupNearestSymbolFrom<ModelOp>(*this, getCalleeAttr());
  if (!model)
    return emitOpError() << "calls @" << getCallee() << ", which is not a model in this file";
  FunctionType type = model.getFunctionType();
  if (getOperandTypes() != type.getInputs())
    return emitOpError() << "passes (" << getOperandTypes() << ") to model @" << getCallee() << ", which takes ("
                         << type.getInputs() << ")";
  if (getResultTypes() != type.getResults())
    return emitOpError() << "expects (" << getResultTypes() << ") of model @" << getCallee() << ", which returns ("
                         << type.getResults() << ")";
  return success();
}

LogicalResult MinimizeOp::verifySymbolUses(SymbolTableCollection &symbols) {
  for (auto target : getTargets().getAsRange<FlatSymbolRefAttr>()) {
    Operation *symbol = symbols.lookupNearestSymbolFrom(*this, target);
    if (!isa_and_present<ModelOp, VariableOp>(symbol))
      return emitOpError() << "minimises over " << target << ", which is neither a model nor a variable in this file";
  }
  return success();
}

LogicalResult MinimizeOp::verify() {
  if (getTargets().empty())
    return emitOpError() << "names no model to update";
  if (!isa<OptimizerAttrInterface>(getOptimizer()))
    return emitOpError() << "takes an optimizer such as #nn.adam<lr = 1.0e-3>, not " << getOptimizer();
  return success();
}

LogicalResult VariableOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getType());
  if (!type.hasStaticShape())
    return emitOpError() << "must have a static shape, not " << type;
  if (!llvm::is_contained({"parameter", "slot", "counter"}, getRole()))
    return emitOpError() << "got role = \"" << getRole() << "\", takes parameter, slot or counter";
  return success();
}

LogicalResult GetVariableOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto variable = symbols.lookupNearestSymbolFrom<VariableOp>(*this, getVariableAttr());
  if (!variable)
    return emitOpError() << "reads @" << getVariable() << ", which is not a variable in this file";
  if (variable.getType() != getType())
    return emitOpError() << "reads @" << getVariable() << " as " << getType() << ", but it is a " << variable.getType();
  return success();
}
