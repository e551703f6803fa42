// What quantization stands on: a model made ready, what of it becomes integers, and what samples show of it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "measure/calibrate/layer_by_layer.h"
#include "quern/quantize.h"

namespace quern {

/// What is kept out of 8 bits beside what the options say.
struct Kept {
  std::set<std::string> wide;    ///< stored values, by their names in the assignment, that take 16 bits
  std::set<std::string> floats;  ///< operators, by name, that stay float

  void add(const Kept& other) {
    wide.insert(other.wide.begin(), other.wide.end());
    floats.insert(other.floats.begin(), other.floats.end());
  }
  auto operator<=>(const Kept&) const = default;
};

/// By value: its numbers are made rather than moved; the others of a group show nothing new.
std::vector<bool> made_values(const Assignment& assignment);

class Ground {
 public:
  /// All must outlive it. A table's lines say how channels are balanced, so `options` may not equalize beside one.
  Ground(const Model& model, const CalibrationData& data, const QuantizeOptions& options)
      : model_(model), data_(data), options_(options) {}

  /// Errors: invalid_argument (see `quantize`); those of the table and of rules.
  Status prepare();
  /// Reads the samples that are looked at closely, and observes. Errors: no samples; those of reading and observing.
  Status take_samples();
  /// Assigns anew. Values that were observed are not observed again.
  Status keep(const Kept& kept);
  /// What all samples show of the values that are stored.
  Result<Observations> observe_all();

  const Model& model() const { return model_; }
  const CalibrationData& data() const { return data_; }
  const QuantizeOptions& options() const { return options_; }
  const Assignment& assignment() const { return assignment_; }
  const LayerSamples& samples() const { return samples_; }
  /// What the samples of each fold showed.
  const std::vector<Observations>& parts() const { return parts_; }
  ThreadPool& pool() const { return *pool_; }
  const std::shared_ptr<ThreadPool>& shared_pool() const { return pool_; }
  const std::vector<std::string>& notes() const { return notes_; }
  void tell(const std::string& what, double share) const {
    if (options_.progress) options_.progress(what, share);
  }

 private:
  /// By the value's name: assignments of one model store other values, but a name stands for the same numbers.
  using Known = std::vector<std::map<std::string, Observation>>;

  Status check() const;
  Status check_int16() const;
  Status check_samples() const;
  Status read_close_samples();
  Status observe_close_samples();
  Status settle();
  Status loosen_joins();
  void know_input_ranges();
  Result<std::vector<Observations>> observed(const SampleSource& source, size_t parts, Known& known) const;

  const Model& model_;
  const CalibrationData& data_;
  const QuantizeOptions& options_;
  std::optional<Model> ready_;
  AssignOptions how_;
  Kept kept_;
  Assignment assignment_;
  std::unique_ptr<GraphRunner> runner_;  ///< of the assignment's graph
  std::shared_ptr<ThreadPool> pool_;
  LayerSamples samples_;
  std::vector<Observations> parts_;
  Known known_parts_;
  Known known_all_;
  std::vector<std::string> notes_;
};

}  // namespace quern
