// Metrics: scalar means over the valid samples of a batch that nothing is trained by.
#ifndef NN_METRICS_TD
#define NN_METRICS_TD

include "dialect/Losses.td"

def NN_AccuracyOp : NN_SampleMean<"accuracy", ["getIndexBound"], [DeclareOpInterfaceMethods<StabilizableOpInterface>]> {
  let summary = "The share of samples whose largest prediction is the true class, its index given";
  let description = [{
    Predictions [..., classes] of rank ≥ 2, logits or probabilities alike; targets [...] of class indices. Of equal
    predictions the first counts, as in Keras.

    ```mlir
    %accuracy = nn.accuracy %logits, %label
    ```
  }];
  let arguments = (ins NN_FloatTensor:$predictions, NN_IndexTensor:$targets, Optional<NN_I64Scalar>:$valid,
                       OptionalAttr<NN_WordAttr>:$name);
}

def NN_CategoricalAccuracyOp : NN_SampleMean<"categorical_accuracy", [], [DeclareOpInterfaceMethods<StabilizableOpInterface>]> {
  let summary = "The share of samples whose largest prediction and largest target are the same class";
  let description = [{
    Predictions and targets have the same shape [..., classes], rank ≥ 2.

    ```mlir
    %accuracy = nn.categorical_accuracy %logits, %distribution
    ```
  }];
  let arguments = (ins NN_FloatTensor:$predictions, NN_FloatTensor:$targets, Optional<NN_I64Scalar>:$valid,
                       OptionalAttr<NN_WordAttr>:$name);
}

#endif
