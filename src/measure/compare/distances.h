// Distances of many arrays, one after the other, in constant memory.
#pragma once

#include <span>

#include "quern/measure.h"

namespace quern {

/// Adds up, in double, what a Distance is made of.
class DistanceSum {
 public:
  /// Spans of equal length.
  void add(std::span<const float> reference, std::span<const float> candidate);
  Distance result() const;
  int64_t elements() const { return elements_; }
  double signal() const { return signal_; }
  double noise() const { return noise_; }

 private:
  void add_not_finite(float reference, float candidate);

  double signal_ = 0;  ///< sum of r^2
  double energy_ = 0;  ///< sum of q^2
  double dot_ = 0;
  double noise_ = 0;  ///< sum of (r - q)^2
  double absolute_ = 0;
  double greatest_ = 0;
  int64_t elements_ = 0;
  int64_t not_finite_ = 0;
};

/// 10 log10(signal / noise) within ±Distance::kMaxDb; equal arrays, all zero ones too, give kMaxDb.
double decibels(double signal, double noise);

}  // namespace quern
