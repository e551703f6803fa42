// What a comparison comes to, in words.
#pragma once

#include "quern/measure.h"

namespace quern {

/// The earliest layer, in the order of the network, that loses at least 3 dB more than its bits must and by itself
/// makes at least a fifth of the error at the outputs. Where no share could be measured, the earliest that loses 6 dB.
std::optional<size_t> first_offender(const std::vector<LayerComparison>& layers);

/// One or two sentences.
std::string verdict(const Comparison& comparison);

}  // namespace quern
