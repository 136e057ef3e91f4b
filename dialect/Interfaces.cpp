// Definitions that tablegen generates for the interfaces.
#include "dialect/NN.h"

#include "dialect/AttrInterfaces.cpp.inc"
#include "dialect/OpInterfaces.cpp.inc"
