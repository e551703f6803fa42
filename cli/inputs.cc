#include "inputs.h"

#include <algorithm>
#include <random>

#include "quern/data.h"
#include "quern/file.h"

namespace quern::cli {

namespace {

Error usage(std::string sentence) {
  return {ErrorCode::invalid_argument, std::move(sentence)};
}

std::string input_names(const std::vector<ValueInfo>& inputs) {
  std::string names;
  for (const ValueInfo& input : inputs) names += (names.empty() ? "'" : ", '") + input.name + "'";
  return names.empty() ? "none" : names;
}

Result<size_t> slot_of(const std::vector<ValueInfo>& inputs, const std::vector<std::optional<Tensor>>& arrays,
                       const std::string& name) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (name.empty() ? !arrays[i].has_value() : inputs[i].name == name) return i;
  }
  if (name.empty()) return usage(fmt::format("more --input files than the model has inputs ({})", inputs.size()));
  return usage(fmt::format("the model has no input '{}'; its inputs are {}", name, input_names(inputs)));
}

bool is_raw(const std::string& file) {
  return file.ends_with(".raw") || file.ends_with(".bin");
}

Status fill_from_npz(const std::vector<ValueInfo>& inputs, const std::string& file,
                     std::vector<std::optional<Tensor>>& arrays) {
  auto named = read_npz(file);
  if (!named.ok()) return named.status();
  for (auto& [name, tensor] : *named) {
    auto slot = slot_of(inputs, arrays, name);
    if (!slot.ok()) return slot.status();
    arrays[*slot] = std::move(tensor);
  }
  return {};
}

template <typename T>
void fill_integers(Tensor& tensor, std::mt19937_64& random, int64_t low, int64_t high) {
  const auto span = static_cast<uint64_t>(high - low + 1);
  for (T& value : tensor.mutable_data<T>()) value = static_cast<T>(low + static_cast<int64_t>(random() % span));
}

}  // namespace

NamedInput parse_input(const std::string& text, const std::vector<ValueInfo>& inputs) {
  for (const ValueInfo& input : inputs) {
    if (text.starts_with(input.name + "=")) return {input.name, text.substr(input.name.size() + 1)};
  }
  return {"", text};
}

Result<std::vector<std::optional<Tensor>>> read_inputs(const std::vector<ValueInfo>& inputs,
                                                       const std::vector<std::string>& words) {
  std::vector<std::optional<Tensor>> arrays(inputs.size());
  for (const std::string& word : words) {
    const NamedInput named = parse_input(word, inputs);
    if (named.name.empty() && named.file.find('=') != std::string::npos && !named.file.starts_with("/")) {
      const std::string name = named.file.substr(0, named.file.find('='));
      return usage(
          fmt::format("--input {}: the model has no input '{}'; its inputs are {}", word, name, input_names(inputs)));
    }
    if (named.file.ends_with(".npz")) {
      const Status status = fill_from_npz(inputs, named.file, arrays);
      if (!status.ok()) return status;
      continue;
    }
    auto slot = slot_of(inputs, arrays, named.name);
    if (!slot.ok()) return slot.status();
    auto tensor =
        is_raw(named.file) ? read_raw(named.file, inputs[*slot].dtype, inputs[*slot].shape) : read_npy(named.file);
    if (!tensor.ok()) return tensor.status();
    arrays[*slot] = *std::move(tensor);
  }
  return arrays;
}

Result<Model> take_shapes(const Model& model, const std::vector<std::optional<Tensor>>& arrays) {
  Model fixed = model;
  const std::vector<ValueInfo> inputs = model.inputs();
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Shape& shape = inputs[i].shape;
    const bool open = std::any_of(shape.begin(), shape.end(), [](int64_t extent) { return extent < 0; });
    if (!open || !arrays[i] || arrays[i]->shape().size() != shape.size()) continue;
    auto with = fixed.with_shape(inputs[i].name, arrays[i]->shape());
    if (!with.ok()) return with;
    fixed = *std::move(with);
  }
  return fixed;
}

Result<Tensor> fit_input(const Voice& voice, const ValueInfo& input, const Tensor& array) {
  std::vector<std::string> notes;
  auto fitted = fit_array(array, input, notes);
  for (const std::string& sentence : notes) note(voice, sentence);
  return fitted;
}

Result<Tensor> random_input(const ValueInfo& input, uint64_t seed) {
  auto tensor = Tensor::make(input.dtype, input.shape);
  if (!tensor.ok()) return tensor;
  std::mt19937_64 random(seed);
  const auto uniform = [&] { return static_cast<double>(random() >> 11U) * 0x1.0p-53; };
  switch (input.dtype) {
    case DType::float32:
      for (float& v : tensor->mutable_data<float>()) v = static_cast<float>(uniform());
      break;
    case DType::float64:
      for (double& v : tensor->mutable_data<double>()) v = uniform();
      break;
    case DType::float16:
      fill_integers<uint16_t>(*tensor, random, 0x2c00, 0x3bff);
      break;  // 1/16 up to 1, as bits
    case DType::int8:
      fill_integers<int8_t>(*tensor, random, -128, 127);
      break;
    case DType::uint8:
      fill_integers<uint8_t>(*tensor, random, 0, 255);
      break;
    case DType::boolean:
      fill_integers<bool>(*tensor, random, 0, 1);
      break;
    case DType::int16:
      fill_integers<int16_t>(*tensor, random, 0, 9);
      break;
    case DType::uint16:
      fill_integers<uint16_t>(*tensor, random, 0, 9);
      break;
    case DType::int32:
      fill_integers<int32_t>(*tensor, random, 0, 9);
      break;
    case DType::uint32:
      fill_integers<uint32_t>(*tensor, random, 0, 9);
      break;
    case DType::int64:
      fill_integers<int64_t>(*tensor, random, 0, 9);
      break;
    case DType::uint64:
      fill_integers<uint64_t>(*tensor, random, 0, 9);
      break;
  }
  return tensor;
}

}  // namespace quern::cli
