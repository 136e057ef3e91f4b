"""Networks for the GPU emulator whose code is other than that of small ones: recurrent layers so wide that several blocks share
a turn, and batches of so many tokens that they are sorted digit by digit. All else of them is small."""

# A launch of such a layer has no more blocks: the emulator holds all of their threads at once.
GPU_BLOCKS = 16

BATCH, TALL_BATCH, STEPS, CLASSES = 6, 48, 2, 5

RECURRENT = {
    "lstm": ["nn.lstm {} {{units = 160, return_sequences}}", "nn.lstm {} {{units = 146}}"],
    "masked": ["nn.lstm {} mask(%mask) {{units = 150, direction = bidirectional, return_sequences}}",
               "nn.lstm {} mask(%mask) {{units = 148, dropout = 0.2, recurrent_dropout = 0.2}}"],
    "gru": ["nn.gru {} {{units = 168, return_sequences}}", "nn.gru {} {{units = 168, reset_after = false}}"],
    # Of more rows a block than a thread has sums of a column, and once of terms that no vectors are made of.
    "tall": ["nn.lstm {} {{units = 152, return_sequences}}", "nn.lstm {} {{units = 150}}"],
    "simple_rnn": ["nn.simple_rnn {} {{units = 300, return_sequences}}", "nn.simple_rnn {} {{units = 300}}"],
}
# Tokens of a sample; more than 4096 of a batch are many.
FEW, MANY = 4, 700


def wide_networks():
    return [f"wide:{kind}" for kind in (*RECURRENT, "tokens")]


def wide_batch(name):
    return TALL_BATCH if name == "wide:tall" else BATCH


def wide_network(name):
    """The text of its model file."""
    kind = name.removeprefix("wide:")
    tokens = MANY if kind == "tokens" else FEW
    lines, last = [], "%e"
    for number, layer in enumerate(RECURRENT.get(kind, ["nn.global_average_pooling_1d {}"])):
        lines.append(f"  %h{number} = {layer.format(last)}")
        last = f"%h{number}"
    mask = "  %mask = nn.padding_mask %tokens\n" if kind == "masked" else ""
    layers = "\n".join(lines)
    return f"""nn.model @classifier(%tokens: tensor<?x{tokens}xi32>) -> tensor<?x{CLASSES}xf32> {{
{mask}  %e = nn.embedding %tokens {{vocab = 700, dim = 12}}
{layers}
  %probs = nn.dense {last} {{units = {CLASSES}, activation = softmax}}
  nn.return %probs
}}
nn.step @fit(%tokens: tensor<?x{tokens}xi32>, %label: tensor<?xi32>) {{
  %probs = nn.call @classifier(%tokens) : tensor<?x{CLASSES}xf32>
  %loss = nn.sparse_categorical_crossentropy %probs, %label
  nn.minimize %loss over [@classifier] with #nn.adam<lr = 1.0e-3>
}}
"""
