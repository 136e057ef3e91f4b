// Activations: functions of one tensor that a layer's `activation` attribute may name.
#ifndef NN_ACTIVATIONS_TD
#define NN_ACTIVATIONS_TD

include "dialect/Layer.td"

/// The result has the input's type.
class NN_Activation<string mnemonic, list<Trait> traits = []>
    : NN_UnaryLayer<mnemonic, [], traits # [NN_ActivationTrait, InferTypeOpAdaptor]> {
  dag commonArguments = (ins NN_FloatTensor:$input, OptionalAttr<NN_WordAttr>:$name);
  let arguments = commonArguments;
  let results = (outs NN_FloatTensor:$result);
}

/// An activation whose gradient is derived by hand.
class NN_DifferentiableActivation<string mnemonic>
    : NN_Activation<mnemonic, [DeclareOpInterfaceMethods<DifferentiableOpInterface>]>;

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

def NN_GeluOp : NN_Activation<"gelu"> {
  let summary = "x · Φ(x), Φ the normal distribution function";
  let description = [{
    Computed with erf, as Keras does by default; with `approximate` by tanh(sqrt(2/π) (x + 0.044715 x³)).
  }];
  let arguments = !con(commonArguments, (ins UnitAttr:$approximate));
}

def NN_SoftmaxOp : NN_DifferentiableActivation<"softmax"> {
  let summary = "exp(x) / Σ exp(x) over the last dimension";
  let description = [{
    Of an input of rank ≥ 2. Each row's maximum is subtracted first, so that nothing overflows.

    ```mlir
    %probabilities = nn.softmax %logits
    ```
  }];
}

#endif
