// What every layer, loss and metric op shares: interfaces, type inference and the assembly form
//   %y = nn.dense %x {units = 10, activation = relu}
// in which operand types are not written (dialect/Assembly.h) and attribute values may be bare words.
#ifndef NN_LAYER_TD
#define NN_LAYER_TD

include "dialect/NNDialect.td"
include "dialect/Interfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def NN_ActivatedResultTrait : NativeOpTrait<"ActivatedResult"> { let cppNamespace = "::mlir::nn"; }
def NN_ActivationTrait : NativeOpTrait<"Activation"> { let cppNamespace = "::mlir::nn"; }

/// Tensors that layers compute on. Shapes beyond the batch are static (checked by the shape rules).
def NN_FloatTensor : RankedTensorOf<[F32, F64]>;
def NN_IndexTensor : RankedTensorOf<[I32, I64]>;
def NN_AnyTensor : RankedTensorOf<[F32, F64, I32, I64]>;
def NN_Scalar : 0DTensorOf<[F32, F64]>;
def NN_I64Scalar : 0DTensorOf<[I64]>;

/// What the compiler adds to an op of a model file, in the reference's words.
class NN_Added<Type type> : Type<type.predicate, type.summary # ", which the compiler adds", type.cppType>;
def NN_AddedTensor : NN_Added<NN_FloatTensor>;
def NN_AddedScalar : NN_Added<NN_I64Scalar>;

/// What layer attributes hold, in the words of someone who types them.
def NN_PositiveAttr : ConfinedAttr<I64Attr, [IntPositive]> { let summary = "a positive whole number"; }
def NN_WholeAttr : TypedSignlessIntegerAttrBase<I64, "int64_t", "a whole number">;
def NN_WordAttr : StringBasedAttr<StrAttrPred, "a word or a string">;
def NN_FlagAttr : Attr<BoolAttr.predicate, "true or false"> {
  let storageType = "::mlir::BoolAttr";
  let returnType = "bool";
  let valueType = I1;
  let constBuilderCall = "$_builder.getBoolAttr($0)";
}
class NN_DescribedAttr<string interface, string summary>
    : Attr<CPred<"::llvm::isa<" # interface # ">($_self)">, summary> {
  let storageType = "::mlir::Attribute";
  let returnType = "::mlir::Attribute";
  let convertFromStorage = "$_self";
}
def NN_InitializerAttr
    : NN_DescribedAttr<"::mlir::nn::InitializerAttrInterface", "an initializer such as #nn.glorot_uniform">;
def NN_RegularizerAttr
    : NN_DescribedAttr<"::mlir::nn::RegularizerAttrInterface", "a regularizer such as #nn.l2<0.01>">;
/// Its op says what is wrong with another attribute.
def NN_OptimizerAttr : Attr<CPred<"true">, "an optimizer such as #nn.adam"> {
  let storageType = "::mlir::Attribute";
  let returnType = "::mlir::Attribute";
  let convertFromStorage = "$_self";
}
/// `0.5`, or a whole number.
def NN_NumberAttr : Attr<Or<[F64Attr.predicate, I64Attr.predicate]>, "a number"> {
  let storageType = "::mlir::Attribute";
  let returnType = "double";
  let convertFromStorage = "::mlir::nn::toDouble($_self)";
  let constBuilderCall = "$_builder.getF64FloatAttr($0)";
}

/// `[8, -1]`
def NN_WholesAttr : TypedArrayAttrBase<NN_WholeAttr, "a list of whole numbers such as [8, -1]">;

/// Attributes that may be left out. The reference of ops says so (cmake/op-attributes.sed).
class NN_Default<Attr attr, string value, string what = ""> : DefaultValuedAttr<attr, value> {
  let description = "default " # value # what;
}
class NN_Optional<Attr attr, string what = "optional"> : OptionalAttr<attr> { let description = what; }
class NN_Initializer<string default> : NN_Optional<NN_InitializerAttr, "default " # default>;
/// A number of its own for each random layer of a model, which says what it draws.
def NN_StreamAttr
    : NN_Default<NN_WholeAttr, "0", ", given by the compiler: layers of one stream draw the same numbers">;

/// A function whose result types follow from its operands and attributes. `layerMethods` names the methods of
/// LayerOpInterface that the op implements beyond `lower`.
class NN_Function<string mnemonic, list<string> layerMethods = [], list<Trait> traits = []>
    : NN_Op<mnemonic, traits # [
        DeclareOpInterfaceMethods<LayerOpInterface, !listconcat(["lower"], layerMethods)>,
        DeclareOpInterfaceMethods<InferTypeOpInterface>, Pure]> {
  let opDocGroup = NN_LayerGroup;
}

/// A layer with one input, parameters once they are materialised, and one result.
class NN_ParametricLayer<string mnemonic, list<string> layerMethods = [], list<Trait> traits = []>
    : NN_Function<mnemonic, !listconcat(["getParameterSpecs", "getMultiplyAdds", "getDepth"], layerMethods), traits> {
  let assemblyFormat = [{
    $input `` custom<OperandType>(ref($input), type($input))
    (`params` `(` $params^ `` custom<OperandTypes>(ref($params), type($params)) `)`)? ``
    custom<LayerAttributes>(attr-dict, "getOperationName()", "::mlir::nn::verifyAttributes<Adaptor>")
  }];
}

/// A layer without parameters: one input, one result.
class NN_UnaryLayer<string mnemonic, list<string> layerMethods = [], list<Trait> traits = []>
    : NN_Function<mnemonic, layerMethods, traits> {
  let assemblyFormat = [{
    $input `` custom<OperandType>(ref($input), type($input)) ``
    custom<LayerAttributes>(attr-dict, "getOperationName()", "::mlir::nn::verifyAttributes<Adaptor>")
  }];
}

#endif
