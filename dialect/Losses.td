// Losses: scalar means over the valid samples of a batch.
#ifndef NN_LOSSES_TD
#define NN_LOSSES_TD

include "dialect/Layer.td"

/// A mean over samples of a function of predictions and targets.
class NN_SampleMean<string mnemonic, list<string> layerMethods = [], list<Trait> traits = []>
    : NN_Function<mnemonic, layerMethods, traits # [DeclareOpInterfaceMethods<MaskedOpInterface>]> {
  let results = (outs NN_Scalar:$result);
  let assemblyFormat = [{
    $predictions `,` $targets ``
    custom<OperandType>(ref($predictions), type($predictions)) ``
    custom<OperandType>(ref($targets), type($targets))
    (`valid` $valid^ `` custom<OptionalOperandType>(ref($valid), type($valid)))? ``
    custom<LayerAttributes>(attr-dict, "getOperationName()", "::mlir::nn::verifyAttributes<Adaptor>")
  }];
}

/// What the losses on classes share: their gradients are derived by hand.
class NN_Crossentropy<string mnemonic, list<string> layerMethods = [], list<Trait> traits = []>
    : NN_SampleMean<mnemonic, layerMethods, [DeclareOpInterfaceMethods<DifferentiableOpInterface>,
                                             DeclareOpInterfaceMethods<StabilizableOpInterface>] # traits>;

def NN_SparseCategoricalCrossentropyOp
    : NN_Crossentropy<"sparse_categorical_crossentropy", ["getIndexBound"],
                      [DeclareOpInterfaceMethods<ClassWeightedOpInterface>]> {
  let summary = "-log of the probability predicted for the true class, its index given; mean over samples";
  let description = [{
    Predictions [..., classes] of rank ≥ 2, targets [...] of class indices. Predictions are probabilities, which are
    divided by their sum and clipped to [1e-7, 1 - 1e-7] as Keras does, or, with `from_logits`, what softmax makes
    probabilities of.

    ```mlir
    %loss = nn.sparse_categorical_crossentropy %logits, %label {from_logits}
    ```
  }];
  let arguments = (ins NN_FloatTensor:$predictions, NN_IndexTensor:$targets, Optional<NN_I64Scalar>:$valid,
                       UnitAttr:$from_logits, OptionalAttr<NN_WordAttr>:$name);
}

def NN_CategoricalCrossentropyOp : NN_Crossentropy<"categorical_crossentropy"> {
  let summary = "-Σ target · log prediction over the classes; mean over samples";
  let description = [{
    Predictions and targets have the same shape [..., classes], rank ≥ 2; targets are distributions (one-hot, smoothed,
    or a teacher's). Predictions are probabilities, which are divided by their sum and clipped to [1e-7, 1 - 1e-7] as
    Keras does, or, with `from_logits`, what softmax makes probabilities of.

    ```mlir
    %loss = nn.categorical_crossentropy %probabilities, %distribution
    ```
  }];
  let arguments = (ins NN_FloatTensor:$predictions, NN_FloatTensor:$targets, Optional<NN_I64Scalar>:$valid,
                       UnitAttr:$from_logits, OptionalAttr<NN_WordAttr>:$name);
}

def NN_MeanSquaredErrorOp : NN_SampleMean<"mean_squared_error"> {
  let summary = "(prediction - target)², mean over features and samples";
  let description = [{
    Predictions and targets have the same shape, rank ≥ 2. As in Keras there is no factor ½ and features are averaged.
    With `half_sum` it is ½‖ŷ − y‖²: half the sum over a sample's features; still the mean over samples.

    ```mlir
    %loss = nn.mean_squared_error %prediction, %target {half_sum}
    ```
  }];
  let arguments = (ins NN_FloatTensor:$predictions, NN_FloatTensor:$targets, Optional<NN_I64Scalar>:$valid,
                       UnitAttr:$half_sum, OptionalAttr<NN_WordAttr>:$name);
}

#endif
