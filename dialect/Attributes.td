// Initialisers, regularisers and optimisers: attributes that know how to build what they stand for.
#ifndef NN_ATTRIBUTES_TD
#define NN_ATTRIBUTES_TD

include "dialect/NNDialect.td"
include "dialect/Interfaces.td"
include "dialect/RecurrentCells.td"

class NN_Initializer<string name, string mnemonic>
    : NN_Attr<name, mnemonic, [DeclareAttrInterfaceMethods<InitializerAttrInterface>]>;

class NN_ConfiguredInitializer<string name, string mnemonic, dag params> : NN_Initializer<name, mnemonic> {
  let parameters = params;
  let assemblyFormat = "(`<` struct(params)^ `>`)?";
  let genVerifyDecl = 1;
}

class NN_Number<string default> : DefaultValuedParameter<"::mlir::nn::Number", "::mlir::nn::Number(" # default # ")">;

def NN_Zeros : NN_Initializer<"Zeros", "zeros"> {
  let summary = "All zeros";
}
def NN_Ones : NN_Initializer<"Ones", "ones"> {
  let summary = "All ones";
}
def NN_Constant : NN_ConfiguredInitializer<"Constant", "constant", (ins NN_Number<"0.0">:$value)> {
  let summary = "All `value`";
}
def NN_UnitForgetBias : NN_Initializer<"UnitForgetBias", "unit_forget_bias"> {
  let summary = "An LSTM bias: ones for the forget gate (the second quarter), zeros elsewhere";
}
def NN_RandomUniform : NN_ConfiguredInitializer<"RandomUniform", "random_uniform",
                                                (ins NN_Number<"-0.05">:$min, NN_Number<"0.05">:$max)> {
  let summary = "Uniform between `min` and `max`";
}
def NN_RandomNormal : NN_ConfiguredInitializer<"RandomNormal", "random_normal",
                                               (ins NN_Number<"0.0">:$mean, NN_Number<"0.05">:$stddev)> {
  let summary = "Normal";
}
def NN_TruncatedNormal : NN_ConfiguredInitializer<"TruncatedNormal", "truncated_normal",
                                                  (ins NN_Number<"0.0">:$mean, NN_Number<"0.05">:$stddev)> {
  let summary = "Normal, within two standard deviations of the mean";
}
def NN_GlorotUniform : NN_Initializer<"GlorotUniform", "glorot_uniform"> {
  let summary = "Uniform in ±sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010)";
}
def NN_GlorotNormal : NN_Initializer<"GlorotNormal", "glorot_normal"> {
  let summary = "Truncated normal of variance 2 / (fan_in + fan_out) (Glorot and Bengio, 2010)";
}
def NN_HeUniform : NN_Initializer<"HeUniform", "he_uniform"> {
  let summary = "Uniform in ±sqrt(6 / fan_in) (He et al., 2015)";
}
def NN_HeNormal : NN_Initializer<"HeNormal", "he_normal"> {
  let summary = "Truncated normal of variance 2 / fan_in (He et al., 2015)";
}
def NN_LecunUniform : NN_Initializer<"LecunUniform", "lecun_uniform"> {
  let summary = "Uniform in ±sqrt(3 / fan_in) (LeCun et al., 1998)";
}
def NN_LecunNormal : NN_Initializer<"LecunNormal", "lecun_normal"> {
  let summary = "Truncated normal of variance 1 / fan_in (LeCun et al., 1998)";
}
def NN_Orthogonal : NN_ConfiguredInitializer<"Orthogonal", "orthogonal", (ins NN_Number<"1.0">:$gain)> {
  let summary = "A random orthogonal matrix times `gain` (Saxe et al., 2013)";
  let description = [{
    Orthonormal rows or columns, whichever are fewer, of the matrix whose rows are the leading dimensions flattened:
    Q · sign(diag R) of the QR decomposition of a normal matrix.
  }];
}

class NN_Regularizer<string name, string mnemonic>
    : NN_Attr<name, mnemonic, [DeclareAttrInterfaceMethods<RegularizerAttrInterface>]> {
  let parameters = (ins DefaultValuedParameter<"::mlir::nn::Number", "::mlir::nn::Number(0.01)">:$factor);
  let assemblyFormat = "(`<` $factor^ `>`)?";
  let genVerifyDecl = 1;
}
def NN_L1 : NN_Regularizer<"L1", "l1"> { let summary = "factor · Σ|w|"; }
def NN_L2 : NN_Regularizer<"L2", "l2"> { let summary = "factor · Σw²"; }

class NN_Optimizer<string name, string mnemonic>
    : NN_Attr<name, mnemonic, [DeclareAttrInterfaceMethods<OptimizerAttrInterface>]> {
  let assemblyFormat = "(`<` struct(params)^ `>`)?";
  let genVerifyDecl = 1;
}
def NN_Sgd : NN_Optimizer<"Sgd", "sgd"> {
  let summary = "Gradient descent, with momentum and Nesterov's form where asked (Keras SGD)";
  let parameters = (ins DefaultValuedParameter<"::mlir::nn::Number", "::mlir::nn::Number(0.01)">:$lr, DefaultValuedParameter<"::mlir::nn::Number", "0.0">:$momentum,
                        DefaultValuedParameter<"bool", "false">:$nesterov);
}
def NN_Adam : NN_Optimizer<"Adam", "adam"> {
  let summary = "Adam (Kingma and Ba, 2015), Keras' form and defaults";
  let parameters = (ins DefaultValuedParameter<"::mlir::nn::Number", "::mlir::nn::Number(0.001)">:$lr, DefaultValuedParameter<"::mlir::nn::Number", "0.9">:$beta_1,
                        DefaultValuedParameter<"::mlir::nn::Number", "::mlir::nn::Number(0.999)">:$beta_2,
                        DefaultValuedParameter<"::mlir::nn::Number", "::mlir::nn::Number(1.0e-7)">:$epsilon);
}
def NN_AdamW : NN_Optimizer<"AdamW", "adamw"> {
  let summary = "Adam with decoupled weight decay (Loshchilov and Hutter, 2019), Keras' form and defaults";
  let parameters = (ins DefaultValuedParameter<"::mlir::nn::Number", "::mlir::nn::Number(0.001)">:$lr, DefaultValuedParameter<"::mlir::nn::Number", "0.9">:$beta_1,
                        DefaultValuedParameter<"::mlir::nn::Number", "::mlir::nn::Number(0.999)">:$beta_2,
                        DefaultValuedParameter<"::mlir::nn::Number", "::mlir::nn::Number(1.0e-7)">:$epsilon,
                        DefaultValuedParameter<"::mlir::nn::Number", "::mlir::nn::Number(0.004)">:$weight_decay);
}

#endif
