#include "measure/calibrate/score.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

namespace quern {

namespace {

/// An output that came through without any error would hide what happened to the others.
constexpr double kPerfectDb = 120;
/// So many numbers make outputs count as much as layers.
constexpr double kEvenCount = 1000;

/// The mean SQNR; what is silent on these samples is left out.
double mean_db(const std::vector<ErrorSum>& sums) {
  double total = 0;
  double counted = 0;
  for (const ErrorSum& sum : sums) {
    if (!(sum.signal > 0)) continue;
    total += std::min(sum.sqnr_db(), kPerfectDb);
    ++counted;
  }
  return counted > 0 ? total / counted : 0;
}

}  // namespace

void ErrorSum::add(std::span<const float> reference, std::span<const float> candidate, std::span<const float> factors) {
  const size_t size = std::min(reference.size(), candidate.size());
  count += static_cast<double>(size);
  for (size_t i = 0; i < size; ++i) {
    const double r = reference[i];
    const double q = factors.empty() ? candidate[i] : double{candidate[i]} * factors[i % factors.size()];
    signal += r * r;
    noise += (r - q) * (r - q);
    dot += r * q;
    energy += q * q;
  }
}

void ErrorSum::add(const ErrorSum& other) {
  signal += other.signal;
  noise += other.noise;
  dot += other.dot;
  energy += other.energy;
  count += other.count;
}

double ErrorSum::sqnr_db() const {
  if (noise == 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10(signal / noise);
}

double ErrorSum::cosine() const {
  return signal == 0 || energy == 0 ? (signal == energy ? 1 : 0) : dot / std::sqrt(signal * energy);
}

double ErrorSum::relative_l2() const {
  return signal == 0 ? (noise == 0 ? 0 : std::numeric_limits<double>::infinity()) : std::sqrt(noise / signal);
}

void Judgement::add(std::vector<SampleErrors> errors) {
  std::ranges::move(errors, std::back_inserter(errors_));
}

std::vector<ErrorSum> Judgement::outputs() const {
  std::vector<ErrorSum> sums;
  for (const SampleErrors& sample : errors_) {
    sums.resize(sample.outputs.size());
    for (size_t i = 0; i < sums.size(); ++i) sums[i].add(sample.outputs[i]);
  }
  return sums;
}

double Judgement::outputs_db() const {
  const std::vector<ErrorSum> sums = outputs();
  return mean_db(sums);
}

double Judgement::score_without(size_t left_out) const {
  std::vector<ErrorSum> outputs;
  std::vector<ErrorSum> layers;
  for (size_t s = 0; s < errors_.size(); ++s) {
    outputs.resize(errors_[s].outputs.size());
    layers.resize(errors_[s].layers.size());
    if (s == left_out) continue;
    for (size_t i = 0; i < outputs.size(); ++i) outputs[i].add(errors_[s].outputs[i]);
    for (size_t i = 0; i < layers.size(); ++i) layers[i].add(errors_[s].layers[i]);
  }
  double count = 0;
  for (const ErrorSum& sum : outputs) count += sum.count;
  const double share = count / (count + kEvenCount);
  return share * mean_db(outputs) + (1 - share) * mean_db(layers);
}

double standard_error(const Judgement& a, const Judgement& b) {
  const size_t n = std::min(a.errors_.size(), b.errors_.size());
  if (n < 2) return std::numeric_limits<double>::infinity();
  std::vector<double> differences;
  double mean = 0;
  for (size_t s = 0; s < n; ++s) {
    differences.push_back(a.score_without(s) - b.score_without(s));
    mean += differences.back() / static_cast<double>(n);
  }
  double sum = 0;
  for (double d : differences) sum += (d - mean) * (d - mean);
  return std::sqrt(sum * static_cast<double>(n - 1) / static_cast<double>(n));
}

}  // namespace quern
