// The second pass of a comparison: on the worst layers fixes are tried, numbers are counted into histograms, and the
// layer's share of the error at the outputs is measured.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "measure/compare/injection.h"
#include "measure/compare/trials.h"

namespace quern {

class Diagnosis {
 public:
  /// `worst`: rows of `layers` to look at. Both must outlive this.
  Diagnosis(const Sides& sides, const std::vector<Layer>& layers, const std::vector<size_t>& worst);

  Status add(const SampleRun& run);

  /// The trial that gains most, when one gains at least kMinGainDb.
  std::optional<Cause> cause(size_t layer) const;
  std::optional<Spread> spread(size_t layer) const;
  std::optional<double> share_pct(size_t layer) const;

  static constexpr double kMinGainDb = 1;

 private:
  struct Case {
    std::vector<Trial> trials;
    DistanceSum before = {};
    Spread spread = {};
  };
  Status try_fixes(size_t layer, const Isolated& isolated);
  std::optional<Cause> cause_of(const Case& found) const;

  const Sides& sides_;
  const std::vector<Layer>& layers_;
  std::map<size_t, Case> cases_;
  Injection injection_;
};

}  // namespace quern
