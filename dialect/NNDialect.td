// The nn dialect itself, and the classes its ops and attributes derive from.
#ifndef NN_DIALECT_TD
#define NN_DIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"

def NN_Dialect : Dialect {
  let name = "nn";
  let cppNamespace = "::mlir::nn";
  let summary = "Models, training steps, parameters, layers and losses";
  let description = [{
    The `nn` dialect holds what upstream dialects lack: models, steps, parameters, layers and losses. What lies below a
    layer is written in upstream dialects (linalg, tensor, scf, arith, math).
  }];
  let extraClassDeclaration = [{
    /// One error for one cause, and near names for one that nobody knows.
    ::mlir::Attribute parseAttribute(::mlir::DialectAsmParser &parser, ::mlir::Type type) const override;
    void printAttribute(::mlir::Attribute attribute, ::mlir::DialectAsmPrinter &printer) const override;

    /// Of an op that is none of ours: an error with near names.
    ::std::optional<ParseOpHook> getParseOperationHook(::llvm::StringRef name) const override;
  }];
  let usePropertiesForAttributes = 0;
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect", "::mlir::func::FuncDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"];
}

/// The chapters of the reference of ops.
def NN_StructureGroup : OpDocGroup {
  let summary = "Models and steps";
  let description = "What a model file is made of, above the layers.";
}
def NN_LayerGroup : OpDocGroup {
  let summary = "Layers";
  let description = [{
    What models are built of. Parameters and keys of random numbers are not written: the compiler adds them.
  }];
}
def NN_LossGroup : OpDocGroup {
  let summary = "Losses and metrics";
  let description = [{
    Means over the samples of a batch. `valid`, how many of them are no padding, is not written: the compiler adds it.
  }];
}
def NN_CompilerGroup : OpDocGroup {
  let summary = "What the compiler makes";
  let description = "Of no use in a model file: what passes turn the others into.";
}

class NN_Op<string mnemonic, list<Trait> traits = []> : Op<NN_Dialect, mnemonic, traits> {
  let opDocGroup = NN_StructureGroup;
}
class NN_Attr<string attrName, string attrMnemonic, list<Trait> traits = []> : AttrDef<NN_Dialect, attrName, traits> {
  let mnemonic = attrMnemonic;
}

/// Parameters of attributes, described for the reference: a number that may be left out, one that has no default, one
/// that may be absent; whole numbers and flags likewise.
class NN_Number<string default, string what>
    : DefaultValuedParameter<"::mlir::nn::Number", "::mlir::nn::Number(" # default # ")",
                             what # "; default " # default> {
  let syntax = "number";
}
class NN_RequiredNumber<string what> : AttrOrTypeParameter<"::mlir::nn::Number", what> {
  let syntax = "number";
}
class NN_OptionalNumber<string what>
    : OptionalParameter<"::std::optional<::mlir::nn::Number>", what # "; by default none"> {
  let syntax = "number";
}
class NN_RequiredWhole<string what> : AttrOrTypeParameter<"int64_t", what> { let syntax = "whole number"; }
class NN_Whole<string default, string what>
    : DefaultValuedParameter<"int64_t", default, what # "; default " # default> {
  let syntax = "whole number";
}
class NN_Flag<string default, string what> : DefaultValuedParameter<"bool", default, what # "; default " # default> {
  let syntax = "true or false";
}

#endif
