// What the trials of a search depend on, in digests.
#pragma once

#include "measure/drop/ledger.h"

namespace quern {

/// Reads every sample once. Errors: those of reading.
Result<DropFingerprint> fingerprint(const Model& model, const CalibrationData& data, const QuantizeOptions& options);

}  // namespace quern
