// Every op of the dialect: one line a family.
include "dialect/Structure.td"
include "dialect/Dense.td"
include "dialect/Activations.td"
include "dialect/Losses.td"
include "dialect/Metrics.td"
include "dialect/Recurrent.td"
