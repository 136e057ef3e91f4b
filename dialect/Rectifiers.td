// Activations akin to relu: linear above zero, and not quite flat below.
#ifndef NN_RECTIFIERS_TD
#define NN_RECTIFIERS_TD

include "dialect/Activations.td"

def NN_LeakyReluOp : NN_ConfiguredActivation<"leaky_relu"> {
  let summary = "x where x ≥ 0, else negative_slope · x";
  let description = [{
    `negative_slope` is a finite number from 0 on, by default 0.3 as in Keras' layer LeakyReLU, also where a layer names
    the function, `activation = leaky_relu`. (Keras' function of that name has 0.2, PyTorch's layer 0.01.)

    ```mlir
    %y = nn.leaky_relu %x {negative_slope = 0.1}
    ```
  }];
  let arguments = !con(commonArguments, (ins NN_Default<NN_NumberAttr, "0.3">:$negative_slope));
}

def NN_EluOp : NN_ConfiguredActivation<"elu", [DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "x where x > 0, else alpha · (exp(x) - 1)";
  let description = [{
    The exponential linear unit (Clevert et al., 2016). `alpha` is any finite number, by default 1.

    ```mlir
    %y = nn.elu %x {alpha = 0.5}
    ```
  }];
  let arguments = !con(commonArguments, (ins NN_Default<NN_NumberAttr, "1.0">:$alpha));
}

def NN_SeluOp : NN_DifferentiableActivation<"selu"> {
  let summary = "λ x where x > 0, else λ α (exp(x) - 1)";
  let description = [{
    The scaled exponential linear unit (Klambauer et al., 2017): λ = 1.0507009873554805 and α = 1.6732632423543772.
  }];
}

def NN_SoftplusOp : NN_DifferentiableActivation<"softplus"> {
  let summary = "log(1 + exp(x))";
}

#endif
