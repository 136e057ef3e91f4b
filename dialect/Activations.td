// Activations: functions of one tensor that a layer's `activation` attribute may name.
#ifndef NN_ACTIVATIONS_TD
#define NN_ACTIVATIONS_TD

include "dialect/Layer.td"

/// The result has the input's type.
class NN_ConfiguredActivation<string mnemonic, list<Trait> traits = []>
    : NN_UnaryLayer<mnemonic, [], traits # [NN_ActivationTrait, InferTypeOpAdaptor]> {
  dag commonArguments = (ins NN_FloatTensor:$input, NN_Optional<NN_WordAttr>:$name);
  let arguments = commonArguments;
  let results = (outs NN_FloatTensor:$result);
}

/// One whose attributes, if any, cannot be wrong.
class NN_Activation<string mnemonic, list<Trait> traits = [], int minRank = 1>
    : NN_ConfiguredActivation<mnemonic, traits> {
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *, ::std::optional<::mlir::Location> loc,
                                                      Adaptor adaptor, ::llvm::SmallVectorImpl<::mlir::Type> &results) {
      return inferSameType(loc, getOperationName(), adaptor.getAttributes(), adaptor.getInput(), }] # minRank # [{, results);
    }
  }];
}

/// An activation whose gradient is derived by hand.
class NN_DifferentiableActivation<string mnemonic, int minRank = 1>
    : NN_Activation<mnemonic, [DeclareOpInterfaceMethods<DifferentiableOpInterface>], minRank>;

def NN_ReluOp : NN_DifferentiableActivation<"relu"> {
  let summary = "max(x, 0)";
}

def NN_TanhOp : NN_DifferentiableActivation<"tanh"> {
  let summary = "The hyperbolic tangent";
}

def NN_SigmoidOp : NN_DifferentiableActivation<"sigmoid"> {
  let summary = "1 / (1 + exp(-x))";
}

def NN_SiluOp : NN_DifferentiableActivation<"silu"> {
  let summary = "x · sigmoid(x), also known as swish";
}

def NN_HardSigmoidOp : NN_DifferentiableActivation<"hard_sigmoid"> {
  let summary = "min(max(x + 3, 0), 6) / 6";
}

def NN_GeluOp : NN_Activation<"gelu"> {
  let summary = "x · Φ(x), Φ the normal distribution function";
  let description = [{
    Computed with erfc, so that the tail keeps its relative accuracy; with `approximate` by
    tanh(sqrt(2/π) (x + 0.044715 x³)).
  }];
  let arguments = !con(commonArguments, (ins UnitAttr:$approximate));
}

// Of one sample or more: along the batch it would mix them.
def NN_SoftmaxOp : NN_DifferentiableActivation<"softmax", /*minRank=*/2> {
  let summary = "exp(x) / Σ exp(x) over the last dimension";
  let description = [{
    Of an input of rank ≥ 2. Each row's maximum is subtracted first, so that nothing overflows.

    ```mlir
    %probabilities = nn.softmax %logits
    ```
  }];
}

#endif
