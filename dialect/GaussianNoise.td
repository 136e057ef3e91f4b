// The layer that adds noise in training.
#ifndef NN_GAUSSIANNOISE_TD
#define NN_GAUSSIANNOISE_TD

include "dialect/RandomLayer.td"

def NN_GaussianNoiseOp : NN_RandomLayer<"gaussian_noise", (ins NN_NumberAttr:$stddev)> {
  let summary = "In training, adds a normal number of mean zero to each element";
  let description = [{
    `stddev`, the numbers' standard deviation, is from 0 to 1 as in Keras' GaussianNoise. Outside training it is the
    identity. The number follows from the element's sample and its position in the sample, the seed and the step; its
    gradient is the result's.

    ```mlir
    %y = nn.gaussian_noise %x {stddev = 0.1}
    ```
  }];
}

#endif
