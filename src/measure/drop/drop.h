// A limit held: which operators must be kept, and the list of what was tried.
#pragma once

#include <functional>

#include "measure/calibrate/folds.h"
#include "measure/drop/ledger.h"
#include "measure/drop/steps.h"

namespace quern {

/// The search's view of the quantizer.
struct DropGround {
  Ground& ground;                       ///< as it is without anything kept for the limit
  const Recipe& recipe;                 ///< of every model tried
  std::function<Result<Model>()> make;  ///< the whole model, of the ground as it is
};

struct DropFound {
  Kept kept;
  DropReport report;
};

/// The ledger that the limit names. Errors: those of reading every sample, when it names one, and of Ledger::open.
Result<Ledger> open_ledger(const Ground& ground);

/// Requires options with a limit. Leaves the ground with what is chosen kept. Errors: as `quantize`.
Result<DropFound> hold_limit(const DropGround& ground, Ledger ledger);

}  // namespace quern
