// A profile's figures in the machine's own unit, the cycle.
#pragma once

#include "plan/machine_figures.h"
#include "targets/sim/profile.h"

namespace quern {

/// What a program made for the selected mode of a target carries with it.
MachineFigures machine_figures(const TargetProfile& profile);

}  // namespace quern
