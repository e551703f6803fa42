#include "write/onnx/context.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>

#include "base/width.h"

namespace quern::onnx_writer {

namespace {

/// Where the mark of a layout begins in a value's name, as readers and prepare set it: "@nhwc", "@ohwi", "@021", ….
size_t layout_mark(const std::string& name) {
  const size_t mark = name.rfind('@');
  if (mark == std::string::npos || mark == 0) return std::string::npos;
  const std::string suffix = name.substr(mark + 1);
  const bool digits =
      !suffix.empty() && std::all_of(suffix.begin(), suffix.end(), [](char c) { return '0' <= c && c <= '9'; });
  const bool known = suffix == "nhwc" || suffix == "ohwi" || suffix == "oi" || suffix == "o" || suffix == "nchw";
  return known || digits ? mark : std::string::npos;
}

/// What tells an array in this form from others of the value.
std::string form_mark(const Form& form) {
  if (form == kChannelsFirst) return "@nchw";
  if (is_identity(form)) return form.size() == 4 ? "@nhwc" : "@plain";
  std::string mark = "@";
  for (const int64_t axis : form) mark += std::to_string(axis);
  return mark;
}

}  // namespace

Form as_is(size_t rank) {
  Form form(rank);
  std::iota(form.begin(), form.end(), int64_t{0});
  return form;
}

Context::Context(const Graph& of_graph, int64_t of_opset)
    : graph(of_graph), opset(of_opset), views_(of_graph.values.size()) {
  for (const ValueId id : graph.inputs) taken_.insert(graph.value(id).name);
  for (const ValueId id : graph.outputs) taken_.insert(graph.value(id).name);
  pin_outputs();
}

/// An array that a chain of transposes turns into a graph output has the output's name from the start.
void Context::pin_outputs() {
  const Uses uses(graph);
  for (const ValueId output : graph.outputs) {
    ValueId id = output;
    Form form = as_is(graph.value(id).shape.size());
    pinned_.try_emplace({id, form}, graph.value(output).name);
    for (int maker = uses.producer[static_cast<size_t>(id)]; maker >= 0;
         maker = uses.producer[static_cast<size_t>(id)]) {
      const Op& op = graph.ops[static_cast<size_t>(maker)];
      if (op.kind != OpKind::Transpose) break;
      id = op.inputs[0];
      form = then(std::get<TransposeAttrs>(op.attrs).perm, form);
      pinned_.try_emplace({id, form}, graph.value(output).name);
    }
  }
}

bool Context::is_quantized(ValueId id) const {
  return id != kNoValue && !graph.value(id).quantization.empty();
}

Form Context::home(ValueId id) const {
  const auto& views = views_[static_cast<size_t>(id)];
  return views.empty() ? as_is(graph.value(id).shape.size()) : views.front().form;
}

std::string Context::unique(const std::string& wish) {
  std::string name = wish;
  while (!taken_.insert(name).second) name = fmt::format("{}_{}", wish, ++suffixes_[wish]);
  return name;
}

std::string Context::plain_name(ValueId id) const {
  const std::string& name = graph.value(id).name;
  return name.substr(0, layout_mark(name));
}

std::string Context::file_name(ValueId id, const Form& form) {
  if (const auto pin = pinned_.find({id, form}); pin != pinned_.end()) return pin->second;
  const std::string& name = graph.value(id).name;
  const std::string plain = plain_name(id);
  if (name != plain && is_identity(form)) return unique(name);
  if (!taken_.contains(plain)) return unique(plain);
  return unique(plain + form_mark(form));
}

NodeBuilder Context::node(const char* type, const std::string& name, const Names& inputs, const Names& outputs) {
  onnx::NodeProto* proto = file.add_node();
  proto->set_op_type(type);
  const std::string& wish = name.empty() ? outputs[0] : name;
  std::string own = wish;
  for (int i = 1; !node_names_.insert(own).second; ++i) own = fmt::format("{}_{}", wish, i);
  proto->set_name(own);
  size_t count = inputs.size();
  while (count > 0 && inputs[count - 1].empty()) --count;
  for (size_t i = 0; i < count; ++i) proto->add_input(inputs[i]);
  for (const std::string& output : outputs) proto->add_output(output);
  return NodeBuilder(proto);
}

const Context::View* Context::find(ValueId id, const Form& form) const {
  for (const View& view : views_[static_cast<size_t>(id)]) {
    if (view.form == form) return &view;
  }
  return nullptr;
}

Context::Array Context::quantized_array(ValueId id, const std::string& name) const {
  const Value& value = graph.value(id);
  Array array;
  array.name = name;
  array.quantization = &value.quantization;
  array.dtype = value.dtype;
  return array;
}

void Context::name_parameters(Array& array) {
  if (!array.scale.empty()) return;
  const Quantization& q = *array.quantization;
  const Shape shape = q.per_axis() ? Shape{static_cast<int64_t>(q.scales.size())} : Shape{};
  auto scale = Tensor::make(DType::float32, shape);
  std::copy(q.scales.begin(), q.scales.end(), scale->mutable_data<float>().begin());
  array.scale = constant(array.name + "_scale", *scale);
  auto zero = Tensor::make(array.dtype, shape);
  for (size_t i = 0; i < q.zero_points.size(); ++i) {
    if (array.dtype == DType::int32) {
      zero->mutable_data<int32_t>()[i] = q.zero_points[i];
    } else if (is_16bit(array.dtype)) {
      static_cast<uint16_t*>(zero->mutable_raw())[i] = static_cast<uint16_t>(q.zero_points[i]);
    } else {
      static_cast<uint8_t*>(zero->mutable_raw())[i] = static_cast<uint8_t>(q.zero_points[i]);
    }
  }
  array.zero_point = constant(array.name + "_zero_point", *zero);
}

const std::string& Context::real_name(Array& array) {
  if (!array.real.empty()) return array.real;
  name_parameters(array);
  array.real = unique(array.name + "_DequantizeLinear_Output");
  dequantize_node(array, array.name + "_DequantizeLinear", array.real);
  return array.real;
}

void Context::dequantize_node(const Array& array, const std::string& name, const std::string& real) {
  NodeBuilder made = node("DequantizeLinear", name, {array.stored, array.scale, array.zero_point}, {real});
  if (is_16bit(array.dtype)) made.domain(kWideDomain);
  if (array.quantization->per_axis()) made.integer("axis", array.axis);
}

void Context::quantize_into(Array& array, const std::string& real, const std::string& node_name) {
  name_parameters(array);
  const std::string& name = node_name.empty() ? array.name + "_QuantizeLinear" : node_name;
  NodeBuilder made = node("QuantizeLinear", name, {real, array.scale, array.zero_point}, {array.stored});
  if (is_16bit(array.dtype)) made.domain(kWideDomain);
}

size_t Context::keep(ValueId id, const Form& form, Array array) {
  arrays_.push_back(std::move(array));
  views_[static_cast<size_t>(id)].push_back({form, arrays_.size() - 1});
  return arrays_.size() - 1;
}

void Context::quantize(const Op& op, const std::string& real, const Form& form) {
  const ValueId id = op.outputs[0];
  Array array = quantized_array(id, file_name(id, form));
  array.stored = array.name;
  quantize_into(array, real, op.name);
  keep(id, form, std::move(array));
}

Status Context::dequantize(const Op& op) {
  const Form form = home(op.inputs[0]);
  QUERN_TRY(const size_t index, array_of(op.inputs[0], form));
  name_parameters(arrays_[index]);
  const std::string real = begin(op.outputs[0], form);
  dequantize_node(arrays_[index], op.name, real);
  return {};
}

DType Context::real_type(ValueId id) const {
  return is_quantized(id) ? DType::float32 : graph.value(id).dtype;
}

Result<std::string> Context::read(ValueId id, const Form& form) {
  if (id == kNoValue) return std::string();
  QUERN_TRY(const size_t array, array_of(id, form));
  return real_name(arrays_[array]);
}

Result<std::string> Context::read(ValueId id) {
  return id == kNoValue ? Result<std::string>(std::string()) : read(id, as_is(graph.value(id).shape.size()));
}

Result<size_t> Context::array_of(ValueId id, const Form& form) {
  if (const View* view = find(id, form)) return view->array;
  if (graph.is_constant(id)) return constant_array(id, form);
  if (views_[static_cast<size_t>(id)].empty()) {
    return fail(ErrorCode::internal, "'{}' is read before anything gives it", graph.value(id).name);
  }
  return transposed_array(id, form);
}

Result<size_t> Context::constant_array(ValueId id, const Form& form) {
  const Value& value = graph.value(id);
  Tensor tensor = *value.constant;
  Shape wide(form.size() - value.shape.size(), 1);
  wide.insert(wide.end(), value.shape.begin(), value.shape.end());
  if (wide != value.shape) {
    QUERN_TRY(tensor, tensor.reshaped(wide));
    tensor.quantization = value.quantization;
    tensor.quantization.axis += static_cast<int>(wide.size() - value.shape.size());
  }
  QUERN_TRY(tensor, turned(tensor, form));
  const std::string name =
      unique(views_[static_cast<size_t>(id)].empty() && !taken_.contains(plain_name(id)) ? plain_name(id) : value.name);
  Array array = quantized_array(id, name);
  array.axis = tensor.quantization.axis;
  fill(*file.add_initializer(), tensor);
  file.mutable_initializer()->rbegin()->set_name(name);
  (value.quantization.empty() ? array.real : array.stored) = name;
  return keep(id, form, std::move(array));
}

std::string Context::moved(const char* type, const std::string& input, ValueId like, const std::string& wish,
                           const Ints& numbers) {
  const std::string real = unique(wish);
  if (std::string_view(type) == "Reshape") {
    node(type, "", {input, ints(real + "_shape", numbers)}, {real});
  } else {
    node(type, "", {input}, {real}).integers("perm", numbers);
  }
  return requantized(real, like);
}

std::string Context::requantized(const std::string& raw, ValueId like, const Clamp& clamp) {
  std::string real = raw;
  if (clamp.active()) {
    real = unique(raw + "_clamped");
    clamp_node(clamp, raw, real, real_type(like));
  }
  if (!is_quantized(like)) return real;
  Array array = quantized_array(like, real);
  array.stored = unique(real + "_QuantizeLinear_Output");
  quantize_into(array, real);
  return real_name(array);
}

/// A new array in this form, from the one that is moved with the least work.
size_t Context::transposed_array(ValueId id, const Form& form) {
  const auto& views = views_[static_cast<size_t>(id)];
  const Shape& shape = graph.value(id).shape;
  const auto perm_from = [&form](const View& view) { return then(inverse(view.form), form); };
  const View* from = &views.front();
  for (const View& view : views) {
    if (moves_only_ones(permuted_shape(shape, view.form), perm_from(view))) from = &view;
  }
  const Perm perm = perm_from(*from);
  const bool reshapes = moves_only_ones(permuted_shape(shape, from->form), perm);
  const std::string source = real_name(arrays_[from->array]);
  const Pending made = named(id, form, {});
  if (reshapes) {
    node("Reshape", "", {source, ints(made.raw + "_shape", permuted_shape(shape, form))}, {made.raw});
  } else {
    node("Transpose", "", {source}, {made.raw}).integers("perm", perm);
  }
  return finish(made);
}

Result<std::string> Context::read_broadcast(ValueId id, const Form& form) {
  if (id == kNoValue) return std::string();
  const Value& value = graph.value(id);
  const size_t rank = value.shape.size();
  if (rank == form.size()) return read(id, form);
  if (is_identity(form) || std::all_of(value.shape.begin(), value.shape.end(), [](int64_t d) { return d == 1; }))
    return read(id);
  if (graph.is_constant(id)) {
    return read(id, form);
  }
  QUERN_TRY(std::string name, read(id));
  Shape wide(form.size() - rank, 1);
  wide.insert(wide.end(), value.shape.begin(), value.shape.end());
  const Shape shape = permuted_shape(wide, form);
  const std::string wish = plain_name(id) + "_wide";
  if (moves_only_ones(wide, form)) return moved("Reshape", name, id, wish, shape);
  name = moved("Reshape", name, id, wish, wide);
  return moved("Transpose", name, id, wish, form);
}

Context::Pending Context::named(ValueId id, const Form& form, const Clamp& clamp) {
  Pending pending{id, form, clamp, "", ""};
  const std::string name = file_name(id, form);
  const bool pinned = pinned_.contains({id, form});
  pending.real = is_quantized(id) && pinned ? unique(name + "_float") : name;
  pending.raw = pending.real;
  if (clamp.active())
    pending.raw = unique(pending.real + (clamp.low == 0 && std::isinf(clamp.high) ? "_before_Relu" : "_before_Clip"));
  return pending;
}

std::string Context::begin(ValueId id, const Form& form, const Clamp& clamp) {
  pending_.push_back(named(id, form, clamp));
  return pending_.back().raw;
}

void Context::clamp_node(const Clamp& clamp, const std::string& raw, const std::string& real, DType dtype) {
  if (clamp.low == 0 && std::isinf(clamp.high)) {
    node("Relu", real + "_Relu", {raw}, {real});
    return;
  }
  const auto bound = [&](float value, const char* what) {
    return std::isinf(value) ? std::string() : number(real + what, dtype, value);
  };
  const std::string low = bound(clamp.low, "_low");
  const std::string high = bound(clamp.high, "_high");
  node("Clip", real + "_Clip", {raw, low, high}, {real});
}

size_t Context::finish(const Pending& pending) {
  if (pending.clamp.active()) clamp_node(pending.clamp, pending.raw, pending.real, real_type(pending.id));
  const auto pin = pinned_.find({pending.id, pending.form});
  const bool pinned = pin != pinned_.end();
  Array array = quantized_array(pending.id, pinned ? pin->second : pending.real);
  if (is_quantized(pending.id)) {
    array.stored = pinned ? pin->second : unique(pending.real + "_QuantizeLinear_Output");
    quantize_into(array, pending.real);
  } else {
    array.real = pending.real;
  }
  return keep(pending.id, pending.form, std::move(array));
}

void Context::settle() {
  for (const Pending& pending : pending_) finish(pending);
  pending_.clear();
}

void Context::alias(ValueId from, const Perm& perm, ValueId to) {
  const Perm back = inverse(perm);
  for (const View& view : views_[static_cast<size_t>(from)]) {
    views_[static_cast<size_t>(to)].push_back({then(back, view.form), view.array});
  }
}

namespace {

void describe(onnx::ValueInfoProto& info, const Value& value) {
  info.set_name(value.name);
  auto* type = info.mutable_type()->mutable_tensor_type();
  type->set_elem_type(element_type(value.dtype));
  auto* shape = type->mutable_shape();
  for (const int64_t extent : value.shape) shape->add_dim()->set_dim_value(extent);
}

}  // namespace

void Context::write_inputs() {
  for (const ValueId id : graph.inputs) {
    const Value& value = graph.value(id);
    describe(*file.add_input(), value);
    Array array = quantized_array(id, value.name);
    (value.quantization.empty() ? array.real : array.stored) = value.name;
    keep(id, as_is(value.shape.size()), std::move(array));
  }
}

Status Context::write_outputs() {
  for (const ValueId id : graph.outputs) {
    const Value& value = graph.value(id);
    describe(*file.add_output(), value);
    QUERN_TRY(const size_t index, array_of(id, as_is(value.shape.size())));
    const std::string& given = is_quantized(id) ? arrays_[index].stored : arrays_[index].real;
    // An input or a constant that is given out, or one array given out under two names.
    if (given != value.name) node("Identity", value.name, {given}, {value.name});
  }
  return {};
}

}  // namespace quern::onnx_writer
