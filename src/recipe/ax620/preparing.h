// How a configuration prepares pictures for a model's inputs, as a pre-processing record.
#pragma once

#include <vector>

#include "quern/quantize.h"
#include "recipe/ax620/document.h"

namespace quern::ax620 {

/// In quotes, for error sentences.
std::vector<std::string> names_of(const std::vector<ValueInfo>& tensors);

/// Channels of an input that a picture fills: 1 or 3. 0: no picture does.
int picture_channels(const ValueInfo& input);

/// The colour of an input in the source model and in the compiled one; AUTO where it takes no picture.
struct Colors {
  ColorSpace source = TENSOR_COLOR_SPACE_AUTO;
  ColorSpace compiled = TENSOR_COLOR_SPACE_AUTO;
};
/// By input. What is not said is BGR for three channels and GRAY for one.
Result<std::vector<Colors>> colors_of(const Document& document, const Ax620Model& model);

/// The record that all inputs which take pictures have. Notes say what was decided.
/// Errors: invalid_file (lists of another length than channels, two items for one input, colours that contradict),
/// unsupported (inputs with different records).
Result<Preprocess> record_of(const Document& document, const Ax620Model& model, std::vector<std::string>& notes);

/// Names of tensors and layouts against the model. Errors: invalid_file, unsupported (a transposed input or output).
Status check_tensors_of(const Document& document, const Ax620Model& model);

}  // namespace quern::ax620
