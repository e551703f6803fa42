// How good a trial was: errors kept sample by sample, so that two recipes can be compared with the noise of the samples
// in mind.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace quern {

/// Sums over the numbers of two arrays.
struct ErrorSum {
  double signal = 0;  ///< squares of the reference
  double noise = 0;   ///< squared differences
  double dot = 0;     ///< products of both
  double energy = 0;  ///< squares of the candidate
  double count = 0;   ///< numbers compared

  /// Candidate numbers are first multiplied by their channel's factor, where factors are given.
  void add(std::span<const float> reference, std::span<const float> candidate, std::span<const float> factors = {});
  void add(const ErrorSum& other);
  double sqnr_db() const;  ///< infinite when nothing differs
  double cosine() const;
  double relative_l2() const;
};

/// One sample that was kept back.
struct SampleErrors {
  std::vector<ErrorSum> outputs;  ///< by output of the model that is float
  std::vector<ErrorSum> layers;   ///< by integer matrix operator
};

/// All samples that judged a recipe.
class Judgement {
 public:
  void add(std::vector<SampleErrors> errors);
  size_t samples() const { return errors_.size(); }
  /// Pooled over the samples, by output.
  std::vector<ErrorSum> outputs() const;
  /// The mean over outputs of the SQNR pooled over samples.
  double outputs_db() const;
  /// What recipes are compared by: outputs, and all layers with what came before them, together. Outputs count by how
  /// many numbers they were judged on: two logits of seven pictures say less than a thousand, and a recipe chosen by
  /// them alone suits those pictures only.
  double score_db() const { return score_without(errors_.size()); }

  /// The standard error of the difference of two scores on the same samples, by the jackknife.
  friend double standard_error(const Judgement& a, const Judgement& b);

 private:
  double score_without(size_t left_out) const;
  std::vector<SampleErrors> errors_;
};

}  // namespace quern
