// Arrays for a model's inputs: from files, or made up from a seed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "output.h"
#include "quern/model.h"

namespace quern::cli {

/// An array and the input it is for; an empty name means "the next input that has none".
struct NamedInput {
  std::string name;
  std::string file;
};

/// "[NAME=]FILE" taken apart. NAME must be one of the inputs, else the whole word is a file.
NamedInput parse_input(const std::string& text, const std::vector<ValueInfo>& inputs);

/// The arrays of all files, one slot an input of the model; slots nobody fills stay empty. `.npz` fills by its names.
/// `.raw` and `.bin` need the model's shape to be fixed.
Result<std::vector<std::optional<Tensor>>> read_inputs(const std::vector<ValueInfo>& inputs,
                                                       const std::vector<std::string>& words);

/// Gives every input with open extents the shape of the array it gets.
Result<Model> take_shapes(const Model& model, const std::vector<std::optional<Tensor>>& arrays);

/// fit_array, with its notes said.
Result<Tensor> fit_input(const Voice& voice, const ValueInfo& input, const Tensor& array);

/// Reproducible values: floats uniform in 0..1, 8-bit types over their whole range, other integers 0..9, booleans.
Result<Tensor> random_input(const ValueInfo& input, uint64_t seed);

}  // namespace quern::cli
