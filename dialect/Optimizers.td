// Optimisers. What holds for all of them, the learning rate and clipping, is in their common class.
#ifndef NN_OPTIMIZERS_TD
#define NN_OPTIMIZERS_TD

include "dialect/NNDialect.td"
include "dialect/Interfaces.td"

/// A number or a schedule.
class NN_Rate<string default> : DefaultValuedParameter<"::mlir::nn::Rate", "::mlir::nn::Rate(" # default # ")">;

/// `lr` is the default learning rate, `own` what the optimiser takes besides it and clipping.
class NN_Optimizer<string name, string mnemonic, string lr, dag own>
    : NN_Attr<name, mnemonic, [DeclareAttrInterfaceMethods<OptimizerAttrInterface>]> {
  let parameters = !con((ins NN_Rate<lr>:$lr), own,
                        (ins NN_OptionalNumber:$clipvalue, NN_OptionalNumber:$clipnorm,
                             NN_OptionalNumber:$global_clipnorm));
  let assemblyFormat = "(`<` struct(params)^ `>`)?";
  let genVerifyDecl = 1;
}
def NN_Sgd : NN_Optimizer<"Sgd", "sgd", "0.01", (ins NN_Number<"0.0">:$momentum,
                                                     DefaultValuedParameter<"bool", "false">:$nesterov)> {
  let summary = "Gradient descent, with momentum and Nesterov's form where asked (Keras SGD)";
  let description = [{
    As every optimiser it takes, besides its own parameters, `lr`, a number or a schedule, and at most one of
    `clipvalue` (each element of a gradient is limited to ± it), `clipnorm` (each parameter's gradient is scaled so that
    its L2 norm is no larger) and `global_clipnorm` (all gradients of the `nn.minimize` are scaled alike, so that the
    norm of all their elements is no larger; Pascanu et al., 2013).

    ```mlir
    nn.minimize %loss over [@classifier] with #nn.sgd<lr = #nn.exponential_decay<initial_learning_rate = 0.1,
        decay_steps = 1000, decay_rate = 0.9>, momentum = 0.9, global_clipnorm = 1.0>
    ```
  }];
}
def NN_Adam : NN_Optimizer<"Adam", "adam", "0.001", (ins NN_Number<"0.9">:$beta_1, NN_Number<"0.999">:$beta_2,
                                                         NN_Number<"1.0e-7">:$epsilon)> {
  let summary = "Adam (Kingma and Ba, 2015), Keras' form and defaults";
}
def NN_AdamW : NN_Optimizer<"AdamW", "adamw", "0.001", (ins NN_Number<"0.9">:$beta_1, NN_Number<"0.999">:$beta_2,
                                                            NN_Number<"1.0e-7">:$epsilon,
                                                            NN_Number<"0.004">:$weight_decay)> {
  let summary = "Adam with decoupled weight decay (Loshchilov and Hutter, 2019), Keras' form and defaults";
}
def NN_RmsProp : NN_Optimizer<"RmsProp", "rmsprop", "0.001", (ins NN_Number<"0.9">:$rho, NN_Number<"0.0">:$momentum,
                                                                  NN_Number<"1.0e-7">:$epsilon,
                                                                  DefaultValuedParameter<"bool", "false">:$centered)> {
  let summary = "RMSprop (Tieleman and Hinton, 2012), Keras' form and defaults";
  let description = [{
    The slots are `s`, the running mean of squared gradients; with `momentum` `m`, the last change; `centered` (Graves,
    2013) `g`, the running mean of gradients, whose square is taken off that of squares.

    ```mlir
    nn.minimize %loss over [@classifier] with #nn.rmsprop<lr = 1.0e-3, momentum = 0.9, centered = true>
    ```
  }];
}
def NN_Adagrad : NN_Optimizer<"Adagrad", "adagrad", "0.001", (ins NN_Number<"0.1">:$initial_accumulator_value,
                                                                  NN_Number<"1.0e-7">:$epsilon)> {
  let summary = "Adagrad (Duchi et al., 2011), Keras' form and defaults";
  let description = [{
    The slot `a` is the sum of squared gradients, `initial_accumulator_value` at first.

    ```mlir
    nn.minimize %loss over [@classifier] with #nn.adagrad<lr = 1.0e-1>
    ```
  }];
}

#endif
