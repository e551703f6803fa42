// The loops over elements, in AVX-512's vectors.
#define QUERN_LANES avx512_lanes
#include "kernels/lanes/lanes.inc"
