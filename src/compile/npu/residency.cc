#include "compile/npu/residency.h"

#include <algorithm>

namespace quern::npu {

namespace {

/// Visits the owners of the computed values of a job.
template <typename Visit>
void each_owner(const Part& part, const Job& job, Visit&& visit) {
  for (int input : job.inputs) {
    if (input >= 0 && part.value(input).constant < 0) visit(part.value(input).owner, input);
  }
  visit(part.value(job.output).owner, job.output);
}

int64_t bytes_of(const PartValue& value) {
  return elements(whole(value.shape)) * value.element();
}

}  // namespace

std::vector<Life> lives_of(const Part& part, int64_t scratch_bytes) {
  std::vector<Life> lives(part.values.size());
  std::vector<bool> too_large(part.values.size(), false);
  for (size_t j = 0; j < part.jobs.size(); ++j) {
    const Job& job = part.jobs[j];
    int64_t sum = 0;
    each_owner(part, job, [&](int, int id) { sum += bytes_of(part.value(id)); });
    each_owner(part, job, [&](int owner, int) {
      Life& life = lives[static_cast<size_t>(owner)];
      if (life.first < 0) life.first = static_cast<int>(j);
      life.last = static_cast<int>(j);
      if (sum > scratch_bytes) too_large[static_cast<size_t>(owner)] = true;
    });
  }
  for (size_t i = 0; i < lives.size(); ++i) {
    const PartValue& value = part.values[i];
    lives[i].bytes = buffer_bytes(bytes_of(value));
    lives[i].may_stay = lives[i].first >= 0 && lives[i].first < lives[i].last && !too_large[i] && !value.arrives;
  }
  return lives;
}

int64_t staying_bytes(const std::vector<Life>& lives, const Residents& residents, int job) {
  int64_t sum = 0;
  for (size_t i = 0; i < lives.size(); ++i) {
    if (residents[i] && lives[i].alive(job)) sum += lives[i].bytes;
  }
  return sum;
}

Residents choose_residents(const Part& part, const std::vector<Life>& lives, const std::vector<int64_t>& needs,
                           int64_t room) {
  std::vector<double> worth(part.values.size(), 0);
  for (const Job& job : part.jobs)
    each_owner(part, job, [&](int owner, int id) {
      worth[static_cast<size_t>(owner)] += static_cast<double>(bytes_of(part.value(id)));
    });
  std::vector<size_t> order;
  for (size_t i = 0; i < lives.size(); ++i) {
    if (!lives[i].may_stay) continue;
    worth[i] /= static_cast<double>(lives[i].bytes) * (lives[i].last - lives[i].first + 1);
    order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return worth[a] > worth[b]; });
  Residents residents(part.values.size(), false);
  std::vector<int64_t> taken = needs;
  for (size_t i : order) {
    const Life& life = lives[i];
    const auto fits = [&](int64_t bytes) { return bytes + life.bytes <= room; };
    if (!std::all_of(taken.begin() + life.first, taken.begin() + life.last + 1, fits)) continue;
    residents[i] = true;
    for (int j = life.first; j <= life.last; ++j) taken[static_cast<size_t>(j)] += life.bytes;
  }
  return residents;
}

}  // namespace quern::npu
