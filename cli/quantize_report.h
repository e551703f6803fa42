// quantize --report: the float model against the one just written, on samples that calibration left, as a page.
#pragma once

#include "output.h"
#include "quantize_options.h"
#include "quern/quantize.h"

namespace quern::cli {

/// What the words can say against a report before anything is done: its name, and that there is data for it.
Status check_report(const QuantizeWords& words);

/// Nothing without --report. `reference`: the float model; the candidate is read back from words.out, so that the page
/// is of the file; of a package it is the model that was compiled.
Status report_quantized(const QuantizeWords& words, const Model& reference, const QuantizeResult& result,
                        const Voice& voice);

}  // namespace quern::cli
