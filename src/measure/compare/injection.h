// How much of the error at the outputs one layer makes: the reference runs in float, with that layer's value alone as
// the isolated operator stores it.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "measure/compare/sides.h"

namespace quern {

class Injection {
 public:
  explicit Injection(const Sides& sides);

  /// Injects the stored array of a candidate's value into the reference's run. Does nothing when the reference is
  /// quantized itself.
  Status inject(size_t layer, const SampleRun& run, ValueId value, const Tensor& stored);
  /// The candidate's own error on the same sample.
  Status add_candidate(const SampleRun& run);
  /// Of the candidate's error, at most 100.
  std::optional<double> share_pct(size_t layer) const;

 private:
  /// Sums of squares by output.
  struct Noise {
    std::vector<double> signal;
    std::vector<double> noise;
  };
  double relative(const Noise& noise) const;

  const Sides& sides_;
  bool possible_ = false;
  std::map<size_t, Noise> layers_;
  Noise candidate_;
};

}  // namespace quern
