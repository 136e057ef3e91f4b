// The cross-entropy of yes-or-no questions.
#ifndef NN_BINARYCROSSENTROPY_TD
#define NN_BINARYCROSSENTROPY_TD

include "dialect/SampleMean.td"

def NN_BinaryCrossentropyOp : NN_Crossentropy<"binary_crossentropy"> {
  let summary = "-t log p - (1 - t) log(1 - p) for each feature on its own; mean over features and samples";
  let description = [{
    Predictions p and targets t have the same shape, rank ≥ 2; targets are from 0 to 1. Predictions are probabilities,
    which are clipped to [1e-7, 1 - 1e-7] as Keras does, or, with `from_logits`, what sigmoid makes probabilities of:
    then it is max(x, 0) - x t + log(1 + exp(-|x|)). Predictions that sigmoid made are taken so too.

    With `label_smoothing` = s, a number from 0 to 1, targets are taken times 1 - s, plus s / 2.

    ```mlir
    // %yes: tensor<?x1xf32>
    // %answer: tensor<?x1xf32>
    %loss = nn.binary_crossentropy %yes, %answer {from_logits}
    ```
  }];
}

#endif
