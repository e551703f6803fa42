// How much of the outputs' error each operator makes by itself: the float model runs, with one thing alone rounded.
#pragma once

#include "measure/calibrate/folds.h"
#include "measure/drop/steps.h"

namespace quern {

/// Fills in `burden` of every step: the sum over outputs of squared differences over squares, on samples kept back from
/// the model whose scales and weights are used (on all, where none can be). A layer's steady error counts only where
/// the recipe leaves it in the bias.
Status measure_burdens(const SearchGround& ground, const Recipe& recipe, std::vector<DropStep>& steps);

}  // namespace quern
