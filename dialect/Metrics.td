// Metrics: scalar means over the valid samples of a batch that nothing is trained by.
#ifndef NN_METRICS_TD
#define NN_METRICS_TD

include "dialect/SampleMean.td"

/// One that reads only the order of a row's predictions.
class NN_ClassMetric<string mnemonic, TypeConstraint target, dag options = (ins), list<string> layerMethods = []>
    : NN_SampleMean<mnemonic, target, options, layerMethods,
                    [DeclareOpInterfaceMethods<StabilizableOpInterface>, NN_ScoreTrait]>;

def NN_AccuracyOp : NN_ClassMetric<"accuracy", NN_IndexTensor, (ins), ["getIndexBound"]> {
  let summary = "The share of samples whose largest prediction is the true class, its index given";
  let description = [{
    Predictions [..., classes] of rank ≥ 2, logits or probabilities alike; targets [...] of class indices. Of equal
    predictions the first counts, as in Keras.

    ```mlir
    %accuracy = nn.accuracy %logits, %label
    ```
  }];
}

def NN_CategoricalAccuracyOp : NN_ClassMetric<"categorical_accuracy", NN_FloatTensor> {
  let summary = "The share of samples whose largest prediction and largest target are the same class";
  let description = [{
    Predictions and targets have the same shape [..., classes], rank ≥ 2.

    ```mlir
    %accuracy = nn.categorical_accuracy %logits, %distribution
    ```
  }];
}

def NN_BinaryAccuracyOp
    : NN_SampleMean<"binary_accuracy", NN_FloatTensor, (ins NN_Default<NN_NumberAttr, "0.5">:$threshold), [],
                    [NN_ScoreTrait]> {
  let summary = "The share of features, each a yes-or-no question, that are answered right";
  let description = [{
    Predictions and targets have the same shape, rank ≥ 2. A prediction above `threshold` says 1, any other 0; it is
    right where the target is that very number.

    ```mlir
    // %yes: tensor<?x1xf32>
    // %answer: tensor<?x1xf32>
    %accuracy = nn.binary_accuracy %yes, %answer
    ```
  }];
}

def NN_SparseTopKCategoricalAccuracyOp
    : NN_ClassMetric<"sparse_top_k_categorical_accuracy", NN_IndexTensor, (ins NN_Default<NN_PositiveAttr, "5">:$k),
                     ["getIndexBound"]> {
  let summary = "The share of samples in which fewer than k predictions are above the true class's, its index given";
  let description = [{
    Predictions [..., classes] of rank ≥ 2, logits or probabilities alike; targets [...] of class indices. So equal
    predictions all count as among the first k where one of them does, and no `k` is too large, as in Keras.

    ```mlir
    %accuracy = nn.sparse_top_k_categorical_accuracy %logits, %label {k = 3}
    ```
  }];
}

def NN_TopKCategoricalAccuracyOp
    : NN_ClassMetric<"top_k_categorical_accuracy", NN_FloatTensor, (ins NN_Default<NN_PositiveAttr, "5">:$k)> {
  let summary = "The share of samples in which fewer than k predictions are above that of the class of the largest target";
  let description = [{
    Predictions and targets have the same shape [..., classes], rank ≥ 2. Of equal targets the first counts; equal
    predictions are as in `nn.sparse_top_k_categorical_accuracy`.

    ```mlir
    %accuracy = nn.top_k_categorical_accuracy %logits, %distribution {k = 3}
    ```
  }];
}

#endif
