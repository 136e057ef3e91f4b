// Schedules: learning rates that follow from the number of updates done before this one, as in Keras.
#ifndef NN_SCHEDULES_TD
#define NN_SCHEDULES_TD

include "dialect/NNDialect.td"
include "dialect/Interfaces.td"

class NN_Schedule<string name, string mnemonic, dag params>
    : NN_Attr<name, mnemonic, [DeclareAttrInterfaceMethods<ScheduleAttrInterface>]> {
  let parameters = params;
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}
def NN_InitialRate : NN_RequiredNumber<"rate at the first step">;
def NN_WarmRate : AttrOrTypeParameter<"::mlir::nn::Rate", "rate after the warm-up, a number or a schedule"> {
  let syntax = "number or schedule";
}
class NN_NumberList<string what> : AttrOrTypeParameter<"::mlir::ArrayAttr", what> { let syntax = "list of numbers"; }

def NN_ExponentialDecay : NN_Schedule<"ExponentialDecay", "exponential_decay",
    (ins NN_InitialRate:$initial_learning_rate, NN_RequiredWhole<"steps that multiply the rate once">:$decay_steps,
         NN_RequiredNumber<"what they multiply it by">:$decay_rate,
         NN_Flag<"false", "whether the rate changes at the end of these steps only">:$staircase)> {
  let summary = "initial_learning_rate · decay_rate ^ (step / decay_steps)";
  let description = [{
    For a `staircase` step / decay_steps is rounded down.

    ```mlir
    nn.minimize %loss over [@classifier] with #nn.adam<lr = #nn.exponential_decay<initial_learning_rate = 1.0e-3,
        decay_steps = 1000, decay_rate = 0.9, staircase = true>>
    ```
  }];
}
def NN_InverseTimeDecay : NN_Schedule<"InverseTimeDecay", "inverse_time_decay",
    (ins NN_InitialRate:$initial_learning_rate, NN_RequiredWhole<"steps that count as one">:$decay_steps,
         NN_RequiredNumber<"what one of them adds to the divisor">:$decay_rate,
         NN_Flag<"false", "whether the rate changes at the end of these steps only">:$staircase)> {
  let summary = "initial_learning_rate / (1 + decay_rate · step / decay_steps)";
  let description = [{
    For a `staircase` step / decay_steps is rounded down.
  }];
}
def NN_PolynomialDecay : NN_Schedule<"PolynomialDecay", "polynomial_decay",
    (ins NN_InitialRate:$initial_learning_rate, NN_RequiredWhole<"steps to the end">:$decay_steps,
         NN_Number<"0.0001", "rate at the end">:$end_learning_rate, NN_Number<"1.0", "power of the way left">:$power,
         NN_Flag<"false", "whether it begins again after the end">:$cycle)> {
  let summary = "From initial_learning_rate to end_learning_rate in decay_steps, as (1 - step / decay_steps) ^ power";
  let description = [{
    Stays at the end, or, with `cycle`, begins again in a period longer by `decay_steps` each time.
  }];
}
def NN_PiecewiseConstantDecay : NN_Schedule<"PiecewiseConstantDecay", "piecewise_constant_decay",
    (ins NN_NumberList<"last steps of all values but the last, increasing">:$boundaries,
         NN_NumberList<"rates, one more than boundaries">:$values)> {
  let summary = "values[0] up to and including step boundaries[0], values[1] up to boundaries[1], …, then the last";
  let description = [{
    ```mlir
    nn.minimize %loss over [@classifier] with #nn.sgd<lr = #nn.piecewise_constant_decay<boundaries = [1000, 2000],
        values = [1.0e-1, 1.0e-2, 1.0e-3]>>
    ```
  }];
}
def NN_CosineDecay : NN_Schedule<"CosineDecay", "cosine_decay",
    (ins NN_InitialRate:$initial_learning_rate, NN_RequiredWhole<"steps of the half cosine">:$decay_steps,
         NN_Number<"0.0", "rate at the end, as a share of that at its start">:$alpha,
         NN_OptionalNumber<"rate to warm up to before">:$warmup_target,
         NN_Whole<"0", "steps of the warm-up">:$warmup_steps)> {
  let summary = "Half a cosine down to `alpha` times the rate in decay_steps (Loshchilov and Hutter, 2017)";
  let description = [{
    With `warmup_target` the rate first goes from `initial_learning_rate` to it, linearly, in `warmup_steps`, and the
    cosine begins there.

    ```mlir
    nn.minimize %loss over [@classifier] with #nn.adam<lr = #nn.cosine_decay<initial_learning_rate = 0.0,
        decay_steps = 10000, warmup_target = 1.0e-3, warmup_steps = 500>>
    ```
  }];
}
def NN_Warmup : NN_Schedule<"Warmup", "warmup",
    (ins NN_WarmRate:$lr, NN_RequiredWhole<"steps of the warm-up">:$warmup_steps,
         NN_Number<"0.0", "rate at the first step">:$initial_learning_rate)> {
  let summary = "From initial_learning_rate, linearly in warmup_steps, to where `lr` begins, then `lr`";
  let description = [{
    Goes before any rate: a number, or a schedule, whose steps are counted from the end of the warm-up. Before a cosine
    it is what `warmup_target` of `#nn.cosine_decay` says (Goyal et al., 2017).

    ```mlir
    nn.minimize %loss over [@classifier] with #nn.adam<lr = #nn.warmup<lr = 1.0e-3, warmup_steps = 500>>
    ```
  }];
}

#endif
