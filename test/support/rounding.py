"""How far from the exact result an f32 program may be: JAX in f32 says how hard the computation is."""

import numpy as np


def allowed_error(exact, rounded):
    """At most four times JAX's own error in f32, and 8 ulp of the largest element besides. `exact`: JAX in f64."""
    largest = np.max(np.abs(exact), initial=0.0)
    return 4 * np.max(np.abs(rounded - exact), initial=0.0) + 8 * np.spacing(np.float32(largest))
