// A float model made ready to be looked into: what batch normalizations and activations hide is there to be seen.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "measure/graph_runner.h"
#include "measure/lint/seen.h"

namespace quern {

/// Runs samples and sums up, by channel, what the early batch normalizations read and what biased operators give before
/// their activations.
class Probe {
 public:
  /// Requires fixed shapes. Errors: of preparing and choosing kernels.
  static Result<Probe> create(const Model& model, const SessionOptions& session);

  using See = std::function<void(const std::string& name, const Tensor& value)>;
  /// Shows every value of the prepared model with its name.
  Status run(const std::vector<Tensor>& inputs, const See& see);
  void restart();
  InputEvidence evidence() const;

 private:
  /// Mean and variance of each channel along an axis.
  struct Moments {
    size_t axis = 0;
    std::vector<double> sum;
    std::vector<double> square;
    double count = 0;

    void add(const Tensor& value);
    double mean(size_t c) const { return sum[c] / count; }
    double variance(size_t c) const;
  };
  /// A batch normalization of the file, and its input.
  struct Norm {
    std::string op;
    std::string input;
    std::vector<float> mean;
    std::vector<float> deviation;
    Moments moments;
  };
  struct Biased {
    std::string op;
    ValueId value = kNoValue;  ///< of the graph below
    double bias = 0;           ///< root mean square over channels
    bool first = false;        ///< reads the model's input
    Moments moments;
  };

  explicit Probe(std::shared_ptr<const Graph> graph, GraphRunner runner)
      : graph_(std::move(graph)), runner_(std::move(runner)) {}
  static std::vector<Norm> early_norms(const Graph& read);
  void find_biased();
  std::optional<BiasEvidence> bias_evidence() const;

  std::shared_ptr<const Graph> graph_;
  GraphRunner runner_;
  std::vector<Norm> norms_;
  std::vector<Biased> biased_;
};

}  // namespace quern
