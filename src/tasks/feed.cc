// A sample becomes a model's inputs.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/width.h"
#include "quern/data.h"

namespace quern {

namespace {

std::string input_names(std::span<const ValueInfo> inputs) {
  std::vector<std::string> names;
  for (const ValueInfo& input : inputs) names.push_back("'" + input.name + "'");
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

bool is_picture(const SamplePart& part) {
  return std::holds_alternative<Picture>(part.content);
}

/// The slot a part goes to: by its name, else the first that is still empty.
Result<size_t> slot_of(const SamplePart& part, std::span<const ValueInfo> inputs,
                       const std::vector<const SamplePart*>& slots) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool mine = part.input.empty() ? slots[i] == nullptr : inputs[i].name == part.input;
    if (mine && slots[i] == nullptr) return i;
    if (mine) return fail(ErrorCode::invalid_argument, "'{}': input '{}' is given twice", part.from, part.input);
  }
  if (part.input.empty()) {
    return fail(ErrorCode::invalid_argument, "'{}': more arrays than the model has inputs ({})", part.from,
                inputs.size());
  }
  return fail(ErrorCode::invalid_argument, "'{}': the model has no input '{}'; its inputs are {}", part.from,
              part.input, input_names(inputs));
}

template <typename T>
void quantize_into(const Tensor& real, const Quantization& q, Tensor& out) {
  constexpr float kLow = std::numeric_limits<T>::min();
  constexpr float kHigh = std::numeric_limits<T>::max();
  const auto zero = static_cast<float>(q.zero_points[0]);
  const auto from = real.data<float>();
  auto to = out.mutable_data<T>();
  for (size_t i = 0; i < to.size(); ++i) {
    const float stored = std::nearbyint(from[i] / q.scales[0]) + zero;
    to[i] = static_cast<T>(std::isnan(stored) ? zero : std::clamp(stored, kLow, kHigh));
  }
}

Result<Tensor> from_raw(const RawBytes& bytes, const ValueInfo& input) {
  QUERN_TRY(Tensor tensor, Tensor::make(input.dtype, input.shape));
  if (static_cast<int64_t>(bytes.size()) != tensor.bytes()) {
    return fail(ErrorCode::invalid_file, "{} bytes, but input '{}' is {} {} and needs {}", bytes.size(), input.name,
                to_string(input.dtype), to_string(input.shape), tensor.bytes());
  }
  if (!bytes.empty()) std::memcpy(tensor.mutable_raw(), bytes.data(), bytes.size());
  return tensor;
}

/// The part as the input's tensor; the geometry too when it is the first picture.
Result<Tensor> fill(const SamplePart& part, const ValueInfo& input, const Preprocess& record,
                    PreparedSample& prepared) {
  if (const auto* raw = std::get_if<RawBytes>(&part.content)) return from_raw(*raw, input);
  if (const auto* array = std::get_if<Tensor>(&part.content)) return fit_array(*array, input, prepared.notes);
  QUERN_TRY(Prepared made, prepare_picture(std::get<Picture>(part.content), record,
                                           {input.name, input.dtype, input.shape, input.quantization}));
  if (prepared.geometry.picture_width == 0) prepared.geometry = made.geometry;
  prepared.notes.insert(prepared.notes.end(), made.notes.begin(), made.notes.end());
  return std::move(made.tensor);
}

}  // namespace

Result<std::vector<const SamplePart*>> assign_parts(const Sample& sample, std::span<const ValueInfo> inputs) {
  if (sample.parts.size() == 1 && is_picture(sample.parts[0]) && sample.parts[0].input.empty())
    return std::vector<const SamplePart*>(inputs.size(), sample.parts.data());
  std::vector<const SamplePart*> slots(inputs.size(), nullptr);
  for (const bool named : {true, false}) {  // names first, so that the nameless fill what is left
    for (const SamplePart& part : sample.parts) {
      if (part.input.empty() == named) continue;
      QUERN_TRY(const size_t slot, slot_of(part, inputs, slots));
      slots[slot] = &part;
    }
  }
  const auto empty = std::find(slots.begin(), slots.end(), nullptr);
  if (empty == slots.end()) return slots;
  return fail(ErrorCode::invalid_argument,
              "sample '{}' has nothing for input '{}'; the model's inputs are {}: give an .npz with their names, or a "
              "list file with NAME=PATH columns",
              sample.name, inputs[static_cast<size_t>(empty - slots.begin())].name, input_names(inputs));
}

Result<PreparedSample> prepare_sample(const Sample& sample, const Preprocess& record,
                                      std::span<const ValueInfo> inputs) {
  QUERN_TRY(const std::vector<const SamplePart*> parts, assign_parts(sample, inputs));
  PreparedSample prepared;
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto tensor = fill(*parts[i], inputs[i], record, prepared);
    if (!tensor.ok()) {
      Error error = tensor.error();
      error.message = fmt::format("'{}': {}", parts[i]->from, error.message);
      return error;
    }
    prepared.tensors.push_back(*std::move(tensor));
  }
  return prepared;
}

Result<Tensor> fit_array(const Tensor& array, const ValueInfo& input, std::vector<std::string>& notes) {
  if (array.shape() != input.shape) {
    return fail(ErrorCode::invalid_argument, "input '{}' is {} {}; the array given is {} {}", input.name,
                to_string(input.dtype), to_string(input.shape), to_string(array.dtype()), to_string(array.shape()));
  }
  if (array.dtype() == input.dtype) return array;
  const bool quantizable = is_8_or_16bit(input.dtype) && !input.quantization.empty() && !input.quantization.per_axis();
  if (array.dtype() != DType::float32 || !quantizable) {
    return fail(ErrorCode::invalid_argument, "input '{}' takes {}{}; the array given is {}", input.name,
                to_string(input.dtype), quantizable ? " (or float32, which would be quantized)" : "",
                to_string(array.dtype()));
  }
  QUERN_TRY(Tensor out, Tensor::make(input.dtype, input.shape));
  if (input.dtype == DType::uint8) quantize_into<uint8_t>(array, input.quantization, out);
  if (input.dtype == DType::int8) quantize_into<int8_t>(array, input.quantization, out);
  if (input.dtype == DType::uint16) quantize_into<uint16_t>(array, input.quantization, out);
  if (input.dtype == DType::int16) quantize_into<int16_t>(array, input.quantization, out);
  notes.push_back(fmt::format("input '{}': float32 was quantized to {} by scale {:.9g}, zero point {}", input.name,
                              to_string(input.dtype), input.quantization.scales[0], input.quantization.zero_points[0]));
  return out;
}

}  // namespace quern
