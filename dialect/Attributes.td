// Initialisers, regularisers, optimisers and schedules: attributes that know how to build what they stand for.
#ifndef NN_ATTRIBUTES_TD
#define NN_ATTRIBUTES_TD

include "dialect/Initializers.td"
include "dialect/Regularizers.td"
include "dialect/Optimizers.td"
include "dialect/RecurrentCells.td"
include "dialect/Schedules.td"

#endif
