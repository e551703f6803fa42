#include "measure/compare/distances.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace quern {

double decibels(double signal, double noise) {
  if (noise <= 0) return Distance::kMaxDb;
  if (signal <= 0) return -Distance::kMaxDb;
  return std::clamp(10 * std::log10(signal / noise), -Distance::kMaxDb, Distance::kMaxDb);
}

void DistanceSum::add_not_finite(float reference, float candidate) {
  const bool same = reference == candidate || (std::isnan(reference) && std::isnan(candidate));
  if (!same) ++not_finite_;
}

void DistanceSum::add(std::span<const float> reference, std::span<const float> candidate) {
  double signal = 0, energy = 0, dot = 0, noise = 0, absolute = 0, greatest = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    const double r = reference[i];
    const double q = candidate[i];
    const double d = r - q;
    if (!std::isfinite(d)) {
      add_not_finite(reference[i], candidate[i]);
      continue;
    }
    signal += r * r;
    energy += q * q;
    dot += r * q;
    noise += d * d;
    absolute += std::abs(d);
    greatest = std::max(greatest, std::abs(d));
  }
  signal_ += signal;
  energy_ += energy;
  dot_ += dot;
  noise_ += noise;
  absolute_ += absolute;
  greatest_ = std::max(greatest_, greatest);
  elements_ += static_cast<int64_t>(reference.size());
}

Distance DistanceSum::result() const {
  Distance distance;
  distance.elements = elements_;
  distance.not_finite = not_finite_;
  distance.sqnr_db = decibels(signal_, noise_);
  if (signal_ > 0 && energy_ > 0) {
    distance.cosine = std::clamp(dot_ / std::sqrt(signal_) / std::sqrt(energy_), -1.0, 1.0);
  } else {
    distance.cosine = signal_ > 0 || energy_ > 0 ? 0 : 1;
  }
  if (noise_ > 0)
    distance.relative_l2 = signal_ > 0 ? std::sqrt(noise_ / signal_) : std::numeric_limits<double>::infinity();
  distance.max_abs = greatest_;
  const int64_t counted = elements_ - not_finite_;
  distance.mean_abs = counted > 0 ? absolute_ / static_cast<double>(counted) : 0;
  return distance;
}

Result<Distance> distance(const Tensor& reference, const Tensor& candidate) {
  if (reference.shape() != candidate.shape()) {
    return fail(ErrorCode::invalid_argument, "arrays of {} and {} cannot be compared", to_string(reference.shape()),
                to_string(candidate.shape()));
  }
  QUERN_TRY(const Tensor r, dequantize(reference));
  QUERN_TRY(const Tensor q, dequantize(candidate));
  DistanceSum sum;
  sum.add(r.data<float>(), q.data<float>());
  return sum.result();
}

}  // namespace quern
