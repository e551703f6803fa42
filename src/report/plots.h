// Drawings of a comparison as inline SVG.
#pragma once

#include <string>

#include "quern/measure.h"

namespace quern {

/// Isolated and accumulated SQNR of every layer, in the network's order.
std::string error_plot(const Comparison& comparison);
/// The numbers of one layer, float beside int8, and what the candidate can store.
std::string spread_plot(const Spread& spread);
/// Which of the six colours of "lost" stands for so many decibels: 0…5.
int lost_class(double lost_db);

/// The network as a drawing: a box a layer, coloured by what it loses, edges where one reads another.
std::string graph_drawing(const Comparison& comparison);

}  // namespace quern
