// The runtime's measurement of the machine's peak, for Python.
#include "core/Roofline.h"

extern "C" double measure_peak(int threads) { return nnc::measureRoofline(threads).flops; }
