// The same real values for two models, whatever their inputs' dtypes and layouts.
#include <algorithm>

#include "base/error.h"
#include "base/width.h"
#include "measure/compare/match.h"
#include "prepare/evaluate.h"
#include "quern/measure.h"

namespace quern {

namespace {

bool is_stored_input(const ValueInfo& input) {
  return is_8_or_16bit(input.dtype) && !input.quantization.empty();
}

bool has_picture(const Sample& sample) {
  return std::ranges::any_of(sample.parts,
                             [](const SamplePart& part) { return std::holds_alternative<Picture>(part.content); });
}

/// `real` in the layout of `input`: as it is, or NCHW <-> NHWC.
Result<Tensor> laid_out(const Tensor& real, const ValueInfo& input) {
  if (real.shape() == input.shape) return real;
  if (real.rank() == 4 && input.shape.size() == 4) {
    for (const std::vector<int64_t>& order : {std::vector<int64_t>{0, 2, 3, 1}, std::vector<int64_t>{0, 3, 1, 2}}) {
      QUERN_TRY(Tensor turned, permuted(real, order));
      if (turned.shape() == input.shape) return turned;
    }
  }
  if (const auto count = element_count(input.shape); count.ok() && *count == real.size())
    return real.reshaped(input.shape);
  return fail(ErrorCode::invalid_argument,
              "input '{}' is {}; the other model's input is {}: give both the same --shape", input.name,
              to_string(input.shape), to_string(real.shape()));
}

/// One model's inputs from the other's.
Result<std::vector<Tensor>> derived(const std::vector<Tensor>& given, const std::vector<size_t>& from,
                                    const std::vector<ValueInfo>& inputs, std::vector<std::string>& notes) {
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < inputs.size(); ++i) {
    Tensor source = given[from[i]];
    const bool same = source.dtype() == inputs[i].dtype && source.quantization == inputs[i].quantization;
    if (!same && !source.quantization.empty()) {
      QUERN_TRY(source, dequantize(source));
    }
    QUERN_TRY(const Tensor placed, laid_out(source, inputs[i]));
    QUERN_TRY(Tensor fitted, fit_array(placed, inputs[i], notes));
    fitted.quantization = inputs[i].quantization;
    tensors.push_back(std::move(fitted));
  }
  return tensors;
}

std::vector<Tensor> with_quantization(std::vector<Tensor> tensors, const std::vector<ValueInfo>& inputs) {
  for (size_t i = 0; i < tensors.size(); ++i) tensors[i].quantization = inputs[i].quantization;
  return tensors;
}

/// By input of the candidate: the reference's.
std::vector<size_t> partners(const std::vector<ValueInfo>& reference, const std::vector<ValueInfo>& candidate) {
  std::vector<size_t> found;
  for (size_t i = 0; i < candidate.size(); ++i) {
    const auto same = std::ranges::find(reference, candidate[i].name, &ValueInfo::name);
    found.push_back(same == reference.end() ? std::min(i, reference.size() - 1)
                                            : static_cast<size_t>(same - reference.begin()));
  }
  return found;
}

}  // namespace

Result<ComparePair> prepare_pair(const Sample& sample, const Preprocess& record, const Model& reference,
                                 const Model& candidate, std::vector<std::string>& notes) {
  const std::vector<ValueInfo> ours = reference.inputs();
  const std::vector<ValueInfo> theirs = candidate.inputs();
  if (ours.size() != theirs.size()) {
    return fail(ErrorCode::invalid_argument, "the reference has {} inputs, the candidate {}: they cannot be compared",
                ours.size(), theirs.size());
  }
  const std::vector<size_t> to_ours = partners(ours, theirs);
  std::vector<size_t> to_theirs(ours.size(), 0);
  for (size_t i = 0; i < to_ours.size(); ++i) to_theirs[to_ours[i]] = i;
  // Without mean and std a quantized input says which range it was made for; a float one says nothing.
  const bool pictures = has_picture(sample);
  const bool by_candidate = pictures && record.mean.empty() && std::ranges::any_of(theirs, is_stored_input);
  ComparePair pair;
  auto first = by_candidate ? Result<PreparedSample>(Error{}) : prepare_sample(sample, record, ours);
  if (first.ok()) {
    notes = first->notes;
    pair.geometry = first->geometry;
    pair.reference = with_quantization(std::move(first->tensors), ours);
    if (pictures && !record.mean.empty()) {
      QUERN_TRY(PreparedSample own, prepare_sample(sample, record, theirs));
      pair.candidate = with_quantization(std::move(own.tensors), theirs);
      return pair;
    }
    QUERN_TRY(pair.candidate, derived(pair.reference, to_ours, theirs, notes));
    return pair;
  }
  auto second = prepare_sample(sample, record, theirs);
  if (!second.ok()) return by_candidate ? second.status() : first.status();
  notes = second->notes;
  pair.geometry = second->geometry;
  pair.candidate = with_quantization(std::move(second->tensors), theirs);
  QUERN_TRY(pair.reference, derived(pair.candidate, to_theirs, ours, notes));
  return pair;
}

}  // namespace quern
