// Layers that act in training only: dropout, of elements, of whole features, and by random factors.
#ifndef NN_REGULARIZATION_TD
#define NN_REGULARIZATION_TD

include "dialect/RandomLayer.td"

def NN_DropoutOp : NN_RandomLayer<"dropout", (ins NN_NumberAttr:$rate)> {
  let summary = "In training, sets a share of the elements to zero and scales the others up";
  let description = [{
    Each element is dropped with probability `rate`, the others are multiplied by 1 / (1 - rate) (Srivastava et al.,
    2014). Outside training it is the identity. Whether an element is dropped follows from its sample and its position
    in the sample, the seed and the step; the mask is never stored.

    ```mlir
    %y = nn.dropout %x {rate = 0.5}
    ```
  }];
}

def NN_SpatialDropout1dOp : NN_RandomLayer<"spatial_dropout_1d", (ins NN_NumberAttr:$rate)> {
  let summary = "In training, sets a share of the features to zero over all time steps and scales the others up";
  let description = [{
    Of an input [batch, time, features]. Each feature of each sample is dropped as a whole with probability `rate`; the
    others are multiplied by 1 / (1 - rate) (Tompson et al., 2015; Keras' SpatialDropout1D). Outside training it is the
    identity. Whether a feature is dropped follows from the sample, the feature, the seed and the step, not from the
    time step.

    ```mlir
    // %x: tensor<?x64x32xf32>
    %y = nn.spatial_dropout_1d %x {rate = 0.5}
    ```
  }];
}

def NN_GaussianDropoutOp : NN_RandomLayer<"gaussian_dropout", (ins NN_NumberAttr:$rate)> {
  let summary = "In training, multiplies each element by a normal number of mean one";
  let description = [{
    The factors' standard deviation is sqrt(rate / (1 - rate)), which is that of dropout's (Srivastava et al., 2014;
    Keras' GaussianDropout). Outside training it is the identity.

    ```mlir
    %y = nn.gaussian_dropout %x {rate = 0.5}
    ```
  }];
}

#endif
