// The cells of recurrent layers.
#ifndef NN_RECURRENT_CELLS_TD
#define NN_RECURRENT_CELLS_TD

include "dialect/NNDialect.td"
include "dialect/Interfaces.td"

class NN_RecurrentCell<string name, string mnemonic, list<string> methods>
    : NN_Attr<name, mnemonic, [DeclareAttrInterfaceMethods<RecurrentCellAttrInterface, methods>]>;

def NN_LstmCell : NN_RecurrentCell<"LstmCell", "lstm_cell", ["hasCellState"]> {
  let summary = "An LSTM's step: gates i, f, c, o (nn.lstm)";
}
def NN_GruCell : NN_RecurrentCell<"GruCell", "gru_cell", ["getBiasShape", "getNumScratch"]> {
  let summary = "A GRU's step: gates z, r, h; the reset gate after or before the recurrent kernel (nn.gru)";
  let parameters = (ins NN_Flag<"true", "whether the reset gate comes after the recurrent kernel">:$reset_after);
  let assemblyFormat = "(`<` struct(params)^ `>`)?";
}
def NN_CellActivation : StringRefParameter<"tanh, relu, sigmoid or linear; default tanh", "\"tanh\""> {
  let syntax = "string";
}
def NN_SimpleRnnCell : NN_RecurrentCell<"SimpleRnnCell", "simple_rnn_cell", []> {
  let summary = "A plain recurrent network's step (nn.simple_rnn)";
  let parameters = (ins NN_CellActivation:$activation);
  let assemblyFormat = "(`<` struct(params)^ `>`)?";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Whether a cell may have this activation: one whose slope its value tells.
    static bool isActivation(::llvm::StringRef name);
  }];
}

#endif
