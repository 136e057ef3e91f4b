"""A batch whose samples are padded to one length, on either side, gives the results and the gradients of the samples alone,
each in a program compiled for its length: for every recurrent layer, with the mask of its padding."""
import numpy as np

import nnc_program

MODEL = """nn.model @m(%x: tensor<?x{time}x3xf32>, %length: tensor<?xi32>) -> tensor<?x4xf32> {{
  %ends = nn.sequence_mask %length {{maxlen = {time}}}
  %h = nn.{layer} %x mask(%ends) {{units = 4, return_sequences, direction = bidirectional, merge_mode = sum}}
  %y = nn.{layer} %h mask(%ends) {{units = 4}}
  nn.return %y
}}
nn.step @fit(%x: tensor<?x{time}x3xf32>, %length: tensor<?xi32>, %goal: tensor<?x4xf32>) {{
  %y = nn.call @m(%x, %length) : tensor<?x4xf32>
  %loss = nn.mean_squared_error %y, %goal
  nn.minimize %loss over [@m] with #nn.sgd
}}
"""


def run(layer, time, x, lengths, goal, parameters):
    program = nnc_program.compile_model(MODEL.format(time=time, layer=layer), batch=len(x), entries="gradient,predict")
    instance = program.instance(workers=2)
    for name, view in instance.parameters.items():
        view[...] = parameters.setdefault(name, np.random.default_rng(len(parameters)).standard_normal(view.shape))
    given = {"x": x, "length": lengths, "goal": goal}
    gradients = instance.run("fit.gradient", **given)
    return gradients, instance.run("m.predict", x=x, length=lengths)["prediction"]


for layer in ["lstm", "gru", "simple_rnn"]:
    random, parameters, time = np.random.default_rng(3), {}, 7
    lengths = np.array([7, 1, 4, 2, 5], np.int32)
    x = random.standard_normal((len(lengths), time, 3)).astype(np.float32)
    goal = random.standard_normal((len(lengths), 4)).astype(np.float32)
    together, prediction = run(layer, time, x, lengths, goal, parameters)
    sums = {}
    for index, length in enumerate(lengths):
        alone, single = run(layer, int(length), x[index:index + 1, :length], lengths[index:index + 1], goal[index:index + 1],
                            parameters)
        np.testing.assert_allclose(single[0], prediction[index], rtol=1e-5, atol=1e-6, err_msg=layer)
        for name, gradient in alone.items():
            if name in parameters:
                sums[name] = sums.get(name, 0) + gradient / len(lengths)
        np.testing.assert_allclose(alone["x"][0] / len(lengths), together["x"][index, :length], rtol=1e-4, atol=1e-6)
        assert not together["x"][index, length:].any(), f"{layer}: padding has a gradient"
    for name, gradient in sums.items():
        np.testing.assert_allclose(gradient, together[name], rtol=1e-4, atol=1e-5, err_msg=f"{layer}: {name}")
