// Integers that are decided before anything is measured: by a table, or by the user's rules.
#pragma once

#include <optional>
#include <vector>

#include "quern/quantize.h"
#include "quern/tensor.h"

namespace quern {

/// Weights and bias of a matrix operator.
struct ProductPin {
  std::vector<float> scales;  ///< one an output channel; empty: nothing is decided
  std::vector<float> bias;    ///< real, one an output channel; empty: the model's own
  std::vector<RoundedWeight> rounded;
  int line = 0;  ///< of the table, for error sentences
};

/// By value and by operator; either may be empty as a whole, or for one.
struct Pins {
  std::vector<Quantization> values;
  std::vector<ProductPin> products;
  std::vector<std::vector<float>> factors;  ///< by value, what the table divides each channel by
  std::vector<std::vector<float>> offsets;  ///< by value, what the table then takes off each channel

  const Quantization* value(size_t id) const {
    return id < values.size() && !values[id].empty() ? &values[id] : nullptr;
  }
  const ProductPin* product(size_t op) const {
    return op < products.size() && !products[op].scales.empty() ? &products[op] : nullptr;
  }
};

/// How a value's range is found, where that is not as for the others.
struct RangeChoice {
  Calibration method = Calibration::mse;
  double percentile = 99.99;
};

/// What is done with an operator's weights and bias, where that is not as for the others.
struct OperatorChoice {
  std::optional<bool> weights_per_channel;
  std::optional<bool> correct_bias;
  std::optional<bool> round;
};

/// By the first value of a group and by operator; either may be empty as a whole.
struct Choices {
  std::vector<std::optional<RangeChoice>> ranges;
  std::vector<OperatorChoice> operators;

  const RangeChoice* range(size_t root) const {
    return root < ranges.size() && ranges[root] ? &*ranges[root] : nullptr;
  }
  OperatorChoice of(size_t op) const { return op < operators.size() ? operators[op] : OperatorChoice{}; }
};

}  // namespace quern
