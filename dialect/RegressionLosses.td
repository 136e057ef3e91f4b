// Losses of numbers: by the difference of prediction and target.
#ifndef NN_REGRESSIONLOSSES_TD
#define NN_REGRESSIONLOSSES_TD

include "dialect/SampleMean.td"

def NN_MeanSquaredErrorOp
    : NN_SampleMean<"mean_squared_error", NN_FloatTensor, (ins UnitAttr:$half_sum), [], [NN_LossTrait]> {
  let summary = "(prediction - target)², mean over features and samples";
  let description = [{
    Predictions and targets have the same shape, rank ≥ 2. As in Keras there is no factor ½ and features are averaged.
    With `half_sum` it is ½‖ŷ − y‖²: half the sum over a sample's features; still the mean over samples.

    ```mlir
    %loss = nn.mean_squared_error %prediction, %target {half_sum}
    ```
  }];
}

def NN_MeanAbsoluteErrorOp
    : NN_SampleMean<"mean_absolute_error", NN_FloatTensor, (ins), [],
                    [DeclareOpInterfaceMethods<DifferentiableOpInterface>, NN_LossTrait]> {
  let summary = "|prediction - target|, mean over features and samples";
  let description = [{
    Predictions and targets have the same shape, rank ≥ 2. Where they are equal the gradient is zero.

    ```mlir
    %loss = nn.mean_absolute_error %prediction, %target
    ```
  }];
}

def NN_HuberOp
    : NN_SampleMean<"huber", NN_FloatTensor, (ins NN_Default<NN_NumberAttr, "1.0">:$delta), [],
                    [DeclareOpInterfaceMethods<DifferentiableOpInterface>, NN_LossTrait]> {
  let summary = "½ e² where |e| ≤ delta, else delta |e| - ½ delta², e = prediction - target; mean over features and samples";
  let description = [{
    Predictions and targets have the same shape, rank ≥ 2; `delta` is a finite number above 0 (Huber, 1964).

    ```mlir
    %loss = nn.huber %prediction, %target {delta = 0.5}
    ```
  }];
}

#endif
