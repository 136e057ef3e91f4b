// Initialisers: how parameters get their first values.
#ifndef NN_INITIALIZERS_TD
#define NN_INITIALIZERS_TD

include "dialect/NNDialect.td"
include "dialect/Interfaces.td"

class NN_Initializer<string name, string mnemonic>
    : NN_Attr<name, mnemonic, [DeclareAttrInterfaceMethods<InitializerAttrInterface>]>;

class NN_ConfiguredInitializer<string name, string mnemonic, dag params> : NN_Initializer<name, mnemonic> {
  let parameters = params;
  let assemblyFormat = "(`<` struct(params)^ `>`)?";
  let description = "Parameters are written with their names, as in `#nn.constant<value = 0.1>`.";
  let genVerifyDecl = 1;
}

def NN_Zeros : NN_Initializer<"Zeros", "zeros"> {
  let summary = "All zeros";
}
def NN_Ones : NN_Initializer<"Ones", "ones"> {
  let summary = "All ones";
}
def NN_Constant : NN_ConfiguredInitializer<"Constant", "constant", (ins NN_Number<"0.0", "the value">:$value)> {
  let summary = "All `value`";
}
def NN_UnitForgetBias : NN_Initializer<"UnitForgetBias", "unit_forget_bias"> {
  let summary = "An LSTM bias: ones for the forget gate (the second quarter), zeros elsewhere";
}
def NN_RandomUniform : NN_ConfiguredInitializer<"RandomUniform", "random_uniform",
                                                (ins NN_Number<"-0.05", "the least value">:$min,
                                                     NN_Number<"0.05", "the largest">:$max)> {
  let summary = "Uniform between `min` and `max`";
}
def NN_Mean : NN_Number<"0.0", "mean">;
def NN_Stddev : NN_Number<"0.05", "standard deviation">;
def NN_RandomNormal : NN_ConfiguredInitializer<"RandomNormal", "random_normal",
                                               (ins NN_Mean:$mean, NN_Stddev:$stddev)> {
  let summary = "Normal";
}
def NN_TruncatedNormal : NN_ConfiguredInitializer<"TruncatedNormal", "truncated_normal",
                                                  (ins NN_Mean:$mean, NN_Stddev:$stddev)> {
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
def NN_Orthogonal : NN_ConfiguredInitializer<"Orthogonal", "orthogonal",
                                             (ins NN_Number<"1.0", "factor of the matrix">:$gain)> {
  let summary = "A random orthogonal matrix times `gain` (Saxe et al., 2013)";
  let description = [{
    Orthonormal rows or columns, whichever are fewer, of the matrix whose rows are the leading dimensions flattened:
    Q · sign(diag R) of the QR decomposition of a normal matrix.
  }];
}

#endif
