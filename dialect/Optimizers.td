// Optimisers. What holds for all of them, the learning rate and clipping, is in their common class.
#ifndef NN_OPTIMIZERS_TD
#define NN_OPTIMIZERS_TD

include "dialect/NNDialect.td"
include "dialect/Interfaces.td"

/// A number or a schedule.
class NN_Rate<string default>
    : DefaultValuedParameter<"::mlir::nn::Rate", "::mlir::nn::Rate(" # default # ")",
                             "learning rate, a number or a schedule; default " # default> {
  let syntax = "number or schedule";
}

def NN_Epsilon : NN_Number<"1.0e-7", "what keeps the divisor from 0">;

/// `lr` is the default learning rate, `own` what the optimiser takes besides it and clipping.
class NN_Optimizer<string name, string mnemonic, string lr, dag own>
    : NN_Attr<name, mnemonic, [DeclareAttrInterfaceMethods<OptimizerAttrInterface>]> {
  let parameters = !con((ins NN_Rate<lr>:$lr), own,
                        (ins NN_OptionalNumber<"limit of each element of a gradient, either way">:$clipvalue,
                             NN_OptionalNumber<"limit of the L2 norm of each parameter's gradient">:$clipnorm,
                             NN_OptionalNumber<"limit of the L2 norm of all gradients together">:$global_clipnorm));
  let assemblyFormat = "(`<` struct(params)^ `>`)?";
  let genVerifyDecl = 1;
}
def NN_Sgd : NN_Optimizer<"Sgd", "sgd", "0.01",
    (ins NN_Number<"0.0", "share of the last change that is repeated">:$momentum,
         NN_Flag<"false", "whether to look ahead along the momentum">:$nesterov)> {
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
defvar firstMoment = "decay rate of the running mean of gradients";
defvar secondMoment = "decay rate of the running mean of squared gradients";
def NN_Adam : NN_Optimizer<"Adam", "adam", "0.001",
    (ins NN_Number<"0.9", firstMoment>:$beta_1, NN_Number<"0.999", secondMoment>:$beta_2, NN_Epsilon:$epsilon)> {
  let summary = "Adam (Kingma and Ba, 2015), Keras' form and defaults";
}
def NN_AdamW : NN_Optimizer<"AdamW", "adamw", "0.001",
    (ins NN_Number<"0.9", firstMoment>:$beta_1, NN_Number<"0.999", secondMoment>:$beta_2, NN_Epsilon:$epsilon,
         NN_Number<"0.004", "share of itself that a parameter loses, times the learning rate">:$weight_decay)> {
  let summary = "Adam with decoupled weight decay (Loshchilov and Hutter, 2019), Keras' form and defaults";
}
def NN_RmsProp : NN_Optimizer<"RmsProp", "rmsprop", "0.001",
    (ins NN_Number<"0.9", secondMoment>:$rho, NN_Number<"0.0", "share of the last change that is repeated">:$momentum,
         NN_Epsilon:$epsilon,
         NN_Flag<"false", "whether to divide by the variance of gradients, not their mean square">:$centered)> {
  let summary = "RMSprop (Tieleman and Hinton, 2012), Keras' form and defaults";
  let description = [{
    The slots are `s`, the running mean of squared gradients; with `momentum` `m`, the last change; `centered` (Graves,
    2013) `g`, the running mean of gradients, whose square is taken off that of squares.

    ```mlir
    nn.minimize %loss over [@classifier] with #nn.rmsprop<lr = 1.0e-3, momentum = 0.9, centered = true>
    ```
  }];
}
def NN_Adagrad : NN_Optimizer<"Adagrad", "adagrad", "0.001",
    (ins NN_Number<"0.1", "where the sum of squared gradients starts">:$initial_accumulator_value,
         NN_Epsilon:$epsilon)> {
  let summary = "Adagrad (Duchi et al., 2011), Keras' form and defaults";
  let description = [{
    The slot `a` is the sum of squared gradients, `initial_accumulator_value` at first.

    ```mlir
    nn.minimize %loss over [@classifier] with #nn.adagrad<lr = 1.0e-1>
    ```
  }];
}

#endif
