// What a few samples make of a model's values: ranges, and whether the first layers see what they were trained on.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "measure/calibrate/observe.h"
#include "quern/model.h"
#include "quern/session.h"

namespace quern {

/// A batch normalization early in the model against what its input is on the data.
struct NormEvidence {
  std::string op;
  double ratio = 1;  ///< median over channels of the observed deviation by the running one
  double shift = 0;  ///< median over channels of |observed mean - running mean| by the running deviation
};

/// The biases of matrix operators against how much their outputs vary over positions and samples. In a network that
/// was trained with batch normalization, folded or not, both are alike in size at every layer.
struct BiasEvidence {
  std::string op;        ///< the first one that reads the input
  double first = 1;      ///< deviation of its outputs by its bias, root mean squares over channels
  double median = 1;     ///< the same of the median operator
  size_t operators = 0;  ///< how many have a bias
};

struct InputEvidence {
  std::optional<NormEvidence> norm;
  std::optional<BiasEvidence> bias;
};

/// What the samples showed.
struct Seen {
  int64_t samples = 0;
  bool all_equal = false;                              ///< every sample is the first one again
  std::map<std::string, Range> ranges;                 ///< by value; float values only
  std::map<std::string, std::vector<Range>> channels;  ///< the same by index of the last axis
  InputEvidence input;
  std::string better_form;  ///< the form of the input that fits where `input` does not; empty: none was found
  std::optional<InputEvidence> better;  ///< what that form shows
};

/// The evidence cannot be of the data that the model was trained on.
bool is_far_off(const InputEvidence& evidence);

/// Runs up to 8 samples, spread over the data. Requires fixed shapes. Errors: of preparing, reading and running.
Result<Seen> look_at_data(const Model& model, const SampleSource& data, const SessionOptions& session);

}  // namespace quern
