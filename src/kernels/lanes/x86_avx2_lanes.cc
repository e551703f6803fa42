// The loops over elements, in AVX2's vectors.
#define QUERN_LANES avx2_lanes
#include "kernels/lanes/lanes.inc"
