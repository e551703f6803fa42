// quantize -o OUT.quern: the quantized model compiled at once, with its table and the mark of its samples.
#pragma once

#include "output.h"
#include "quantize_options.h"
#include "quern/quantize.h"

namespace quern::cli {

/// `data`: the samples it was quantized with. The source is the float model.
Status save_quantized_package(const QuantizeWords& words, const Model& source, const QuantizeResult& result,
                              const CalibrationData& data);
/// What the package is, and the comparison line of each output.
Status say_quantized_package(const Voice& voice, const QuantizeWords& words, const QuantizeResult& result);

}  // namespace quern::cli
