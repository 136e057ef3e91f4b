// Cross-entropies over classes.
#ifndef NN_CROSSENTROPY_TD
#define NN_CROSSENTROPY_TD

include "dialect/SampleMean.td"

def NN_SparseCategoricalCrossentropyOp
    : NN_Crossentropy<"sparse_categorical_crossentropy", NN_IndexTensor, ["getIndexBound"],
                      [DeclareOpInterfaceMethods<ClassWeightedOpInterface>]> {
  let summary = "-log of the probability predicted for the true class, its index given; mean over samples";
  let description = [{
    Predictions [..., classes] of rank ≥ 2, targets [...] of class indices. Predictions are probabilities, which are
    divided by their sum and clipped to [1e-7, 1 - 1e-7] as Keras does, or, with `from_logits`, what softmax makes
    probabilities of: then nothing is clipped. Predictions that softmax made are taken so too.

    With `label_smoothing` = s, a number from 0 to 1, the true class counts 1 - s + s / classes and each other one
    s / classes, as in PyTorch's cross_entropy (Keras' loss on indices has none) and in
    `nn.categorical_crossentropy` of one-hot targets.

    ```mlir
    %loss = nn.sparse_categorical_crossentropy %logits, %label {from_logits}
    ```
  }];
}

def NN_CategoricalCrossentropyOp : NN_Crossentropy<"categorical_crossentropy"> {
  let summary = "-Σ target · log prediction over the classes; mean over samples";
  let description = [{
    Predictions and targets have the same shape [..., classes], rank ≥ 2; targets are distributions (one-hot, smoothed,
    or a teacher's). Predictions are probabilities, which are divided by their sum and clipped to [1e-7, 1 - 1e-7] as
    Keras does, or, with `from_logits`, what softmax makes probabilities of: then nothing is clipped. Predictions that
    softmax made are taken so too.

    With `label_smoothing` = s, a number from 0 to 1, targets are taken times 1 - s, plus s / classes (Szegedy et al.,
    2016).

    ```mlir
    %loss = nn.categorical_crossentropy %probabilities, %distribution
    ```
  }];
}

#endif
