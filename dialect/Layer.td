// What every layer, loss and metric op shares: interfaces, type inference and the assembly form
//   %y = nn.dense %x {units = 10, activation = relu}
// in which operand types are not written (dialect/Assembly.h) and attribute values may be bare words.
#ifndef NN_LAYER_TD
#define NN_LAYER_TD

include "dialect/NNDialect.td"
include "dialect/Interfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def NN_ActivationTrait : NativeOpTrait<"Activation"> { let cppNamespace = "::mlir::nn"; }

/// Tensors that layers compute on. Shapes beyond the batch are static (checked by the shape rules).
def NN_FloatTensor : TensorOf<[F32, F64]>;
def NN_IndexTensor : TensorOf<[I32, I64]>;
def NN_Scalar : 0DTensorOf<[F32, F64]>;
def NN_I64Scalar : 0DTensorOf<[I64]>;

/// A function whose result types follow from its operands and attributes. `layerMethods` names the methods of
/// LayerOpInterface that the op implements beyond `lower`.
class NN_Function<string mnemonic, list<string> layerMethods = [], list<Trait> traits = []>
    : NN_Op<mnemonic, traits # [
        DeclareOpInterfaceMethods<LayerOpInterface, !listconcat(["lower"], layerMethods)>,
        DeclareOpInterfaceMethods<InferTypeOpInterface>, Pure]> {
}

/// A layer with one input, parameters once they are materialised, and one result.
class NN_ParametricLayer<string mnemonic, list<string> layerMethods = [], list<Trait> traits = []>
    : NN_Function<mnemonic, !listconcat(["getParameterSpecs", "getMultiplyAdds", "getDepth"], layerMethods), traits> {
  let assemblyFormat = [{
    $input custom<OperandType>(ref($input), type($input))
    (`params` `(` $params^ custom<OperandTypes>(ref($params), type($params)) `)`)?
    custom<LayerAttributes>(attr-dict)
  }];
}

/// A layer without parameters: one input, one result.
class NN_UnaryLayer<string mnemonic, list<string> layerMethods = [], list<Trait> traits = []>
    : NN_Function<mnemonic, layerMethods, traits> {
  let assemblyFormat = [{
    $input custom<OperandType>(ref($input), type($input)) custom<LayerAttributes>(attr-dict)
  }];
}

#endif
