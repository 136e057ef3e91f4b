// Makes the implicit parameters of layers explicit: variables of the module, and operands of the layer.
#include "dialect/NN.h"
#include "passes/Passes.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"

namespace mlir::nn {
#define GEN_PASS_DEF_MATERIALIZEPARAMS
#include "passes/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

/// Names layers as Keras does: `dense`, `dense_1`, ... within one model.
class LayerNames {
public:
  /// The layer's `name`, else the next free name of its kind. Fails where the file gives a name twice.
  FailureOr<std::string> assign(Operation *op) {
    if (auto given = op->getAttrOfType<StringAttr>("name")) {
      if (!isName(given.getValue()))
        return op->emitOpError() << "has the name " << given
                                 << "; a layer's name is not empty and has no dot, quote or control character";
      if (!taken.insert(given.getValue()).second)
        return op->emitOpError() << "has the name '" << given.getValue()
                                 << "', which another layer of this model has; to share parameters, put the layer in a "
                                    "model of its own and call that twice";
      return given.str();
    }
    StringRef kind = op->getName().stripDialect();
    std::string name;
    do {
      unsigned index = next[kind]++;
      name = index == 0 ? kind.str() : (kind + "_" + Twine(index)).str();
    } while (!taken.insert(name).second);
    return name;
  }

private:
  /// Names become parts of dotted paths, in checkpoints and messages.
  static bool isName(StringRef text) {
    return !text.empty() && llvm::json::isUTF8(text) && llvm::none_of(text, [](unsigned char c) {
      return c < 0x20 || c == 0x7f || c == '.' || c == '"' || c == '\\';
    });
  }

  llvm::StringSet<> taken;
  llvm::StringMap<unsigned> next;
};

struct MaterializeParams : nn::impl::MaterializeParamsBase<MaterializeParams> {
  using Base::Base;

  void runOnOperation() override {
    for (ModuleOp nested : getOperation().getOps<ModuleOp>()) {
      nested.emitError() << "a model file holds models and steps; a module inside another is not taken";
      return signalPassFailure();
    }
    SymbolTable symbols(getOperation());
    for (ModelOp model : llvm::make_early_inc_range(getOperation().getOps<ModelOp>()))
      if (failed(materializeModel(model, symbols)))
        return signalPassFailure();
  }

  LogicalResult materializeModel(ModelOp model, SymbolTable &symbols) {
    LayerNames names;
    // Names that the file gives come first, so that a generated name never takes one of them.
    SmallVector<Operation *> named, unnamed;
    model.walk([&](LayerOpInterface layer) { (layer->hasAttr("name") ? named : unnamed).push_back(layer); });
    for (Operation *layer : llvm::concat<Operation *>(named, unnamed)) {
      FailureOr<std::string> name = names.assign(layer);
      if (failed(name))
        return failure();
      layer->setLoc(NameLoc::get(StringAttr::get(&getContext(), model.getSymName() + "." + *name), layer->getLoc()));
    }
    LogicalResult result = success();
    model.walk([&](LayerOpInterface layer) {
      if (succeeded(result) && layer.getParamsMutable().empty())
        result = materializeLayer(model, layer, symbols);
    });
    return result;
  }

  LogicalResult materializeLayer(ModelOp model, LayerOpInterface layer, SymbolTable &symbols) {
    SmallVector<ParameterSpec> specs = layer.getParameterSpecs();
    if (specs.empty())
      return success();
    StringRef path = cast<NameLoc>(layer->getLoc()).getName();
    auto trainableAttr = layer->getAttrOfType<BoolAttr>("trainable");
    UnitAttr trainable = !trainableAttr || trainableAttr.getValue() ? UnitAttr::get(&getContext()) : UnitAttr();
    OpBuilder variables(model), here(layer);
    SmallVector<Value> values;
    for (const ParameterSpec &spec : specs) {
      StringAttr name = StringAttr::get(&getContext(), path + "." + spec.name);
      if (symbols.lookup(name))
        return layer->emitOpError() << "needs a variable @" << name.getValue() << ", but that symbol is taken";
      if (failed(verifySize(layer, spec)))
        return failure();
      symbols.insert(VariableOp::create(variables, layer->getLoc(), name, TypeAttr::get(spec.type), spec.initializer,
                                        spec.regularizer, trainable, variables.getStringAttr("parameter")));
      values.push_back(GetVariableOp::create(here, layer->getLoc(), spec.type, FlatSymbolRefAttr::get(name)));
    }
    layer.getParamsMutable().assign(values);
    return success();
  }

  /// A parameter's bytes must fit 63 bits, so that every later computation of a size can rely on it.
  LogicalResult verifySize(LayerOpInterface layer, const ParameterSpec &spec) {
    int64_t bytes = spec.type.getElementTypeBitWidth() / 8;
    for (int64_t size : spec.type.getShape())
      if (llvm::MulOverflow(bytes, size, bytes))
        return layer->emitOpError() << "has a parameter '" << spec.name << "' of type " << spec.type
                                    << ", which has more bytes than 63 bits can count";
    return success();
  }
};

} // namespace
