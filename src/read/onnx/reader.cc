// The ONNX reader's table of contents: the model is doubted, then constants, inputs, nodes and outputs are read in
// turn.
#include "read/reader.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <limits>
#include <map>

#include "read/onnx/folding.h"
#include "read/onnx/rows.h"

namespace quern {

namespace onnx {

namespace {

constexpr int64_t kOldestOpset = 7;
constexpr int64_t kNewestOpset = 22;
constexpr size_t kLongestName = 4096;

std::string plain_domain(const std::string& domain) {
  return domain == "ai.onnx" ? "" : domain;
}

Result<ModelProto> parse(std::span<const std::byte> bytes) {
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    return fail(ErrorCode::out_of_memory,
                "an ONNX file of {} bytes is beyond the format's 2 GiB; keep the weights in "
                "external data",
                bytes.size());
  }
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()),
                                                static_cast<int>(bytes.size()));
  stream.SetRecursionLimit(32);
  ModelProto model;
  if (!model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
    return fail(ErrorCode::invalid_file, "this is not an ONNX model: its bytes do not parse as one");
  }
  if (!model.has_graph()) return fail(ErrorCode::invalid_file, "this is not an ONNX model: it holds no graph");
  return model;
}

/// Names end in messages and reports: they must be text of a sane length.
Status check_name(const std::string& name) {
  if (name.size() > kLongestName) {
    return fail(ErrorCode::invalid_file, "a name has {} bytes; at most {} are read", name.size(), kLongestName);
  }
  for (size_t i = 0; i < name.size();) {
    const auto byte = static_cast<unsigned char>(name[i]);
    const size_t length = byte < 0x80 ? 1 : byte >= 0xF0 && byte < 0xF8 ? 4 : byte >= 0xE0 ? 3 : 2;
    bool good =
        byte >= 0x20 && byte != 0x7F && (byte < 0x80 || byte >= 0xC2) && byte < 0xF5 && i + length <= name.size();
    for (size_t k = 1; good && k < length; ++k) good = (static_cast<unsigned char>(name[i + k]) & 0xC0) == 0x80;
    if (!good) return fail(ErrorCode::invalid_file, "a name holds bytes that are not UTF-8 text");
    i += length;
  }
  return {};
}

class Reader {
 public:
  Reader(const ModelProto& model, const std::string& path, int64_t file_bytes)
      : graph_(model.graph()), model_(model), cx_(path, file_bytes), readers_(model.graph()) {}

  Result<Graph> run() {
    QUERN_CHECK(check_model());
    QUERN_CHECK(reserve_names());
    QUERN_CHECK(read_initializers());
    QUERN_CHECK(read_constant_nodes());
    QUERN_CHECK(read_inputs());
    read_rank_hints();
    swallowed_.resize(static_cast<size_t>(graph_.node_size()), false);
    for (int i = 0; i < graph_.node_size(); ++i) {
      if (!swallowed_[static_cast<size_t>(i)]) QUERN_CHECK(read_node(i));
    }
    QUERN_CHECK(read_outputs());
    finish();
    return std::move(cx_.graph);
  }

 private:
  Status check_model();
  Status reserve_names();
  Status read_initializers();
  Status read_constant_nodes();
  Status read_constant(const NodeProto& proto);
  Status read_inputs();
  Status read_input(const ValueInfoProto& info);
  void read_rank_hints();
  Status read_node(int index);
  Status read_with(int index, const Row& row, Node& node);
  Status read_folded(FoldPlan plan, const Row& row, Node& node);
  Status read_plain(const Row& row, Node& node);
  Status check_arity(const Row& row, const Node& node) const;
  Status doubt_plain_integers(const Row& row, const Node& node);
  Status read_outputs();
  void finish();
  Error unknown(const Node& node, const std::string& domain) const;

  const GraphProto& graph_;
  const ModelProto& model_;
  Context cx_;
  Readers readers_;
  std::map<std::string, int64_t> opsets_;
  std::vector<bool> swallowed_;  ///< nodes that another node took with it
};

Status Reader::check_model() {
  if (model_.ir_version() < 3) {
    return fail(ErrorCode::unsupported, "the file has IR version {}; 3 and above are read: export it anew",
                model_.ir_version());
  }
  if (model_.functions_size() > 0) {
    return fail(ErrorCode::unsupported,
                "the model defines the function '{}'; functions are not read: inline them "
                "(onnx.inliner.inline_local_functions)",
                model_.functions(0).name());
  }
  if (graph_.sparse_initializer_size() > 0) {
    return fail(ErrorCode::unsupported, "the tensor '{}' is sparse; sparse tensors are not read: store it densely",
                graph_.sparse_initializer(0).values().name());
  }
  for (const OperatorSetIdProto& set : model_.opset_import()) opsets_[plain_domain(set.domain())] = set.version();
  const auto standard = opsets_.find("");
  if (standard == opsets_.end()) return {};  // then no node of ai.onnx may occur; read_node says so
  if (standard->second < kOldestOpset || standard->second > kNewestOpset) {
    return fail(ErrorCode::unsupported,
                "the model asks for opset {} of ai.onnx; {} to {} are read: export it with "
                "opset 17, or convert it (onnx.version_converter)",
                standard->second, kOldestOpset, kNewestOpset);
  }
  return {};
}

Status Reader::reserve_names() {
  const auto note = [this](const std::string& name) -> Status {
    QUERN_CHECK(check_name(name));
    cx_.reserve(name);
    return {};
  };
  for (const TensorProto& tensor : graph_.initializer()) QUERN_CHECK(note(tensor.name()));
  for (const ValueInfoProto& input : graph_.input()) QUERN_CHECK(note(input.name()));
  for (const ValueInfoProto& output : graph_.output()) QUERN_CHECK(note(output.name()));
  for (const NodeProto& node : graph_.node()) {
    QUERN_CHECK(check_name(node.name()));
    QUERN_CHECK(check_name(node.op_type()));
    QUERN_CHECK(check_name(node.domain()));
    for (const AttributeProto& attribute : node.attribute()) QUERN_CHECK(check_name(attribute.name()));
    for (const std::string& name : node.input()) QUERN_CHECK(note(name));
    for (const std::string& name : node.output()) QUERN_CHECK(note(name));
  }
  return {};
}

Status Reader::read_initializers() {
  for (const TensorProto& proto : graph_.initializer()) {
    if (proto.name().empty()) return fail(ErrorCode::invalid_file, "an initializer has no name");
    QUERN_TRY(Tensor tensor, read_tensor(proto, cx_.external));
    QUERN_CHECK(cx_.claim(proto.name()));
    cx_.constants.emplace(proto.name(), std::move(tensor));
  }
  return {};
}

/// A list or a single number of a Constant's attribute, as a tensor.
template <typename T, typename List>
Result<Tensor> list_tensor(const List& list, Shape shape) {
  QUERN_TRY(Tensor tensor, Tensor::make(DTypeOf<T>::value, std::move(shape)));
  std::copy(list.begin(), list.end(), tensor.template mutable_data<T>().begin());
  return tensor;
}

Result<Tensor> constant_value(const AttributeProto& a, ExternalData& external) {
  if (a.name() == "value") return read_tensor(a.t(), external);
  if (a.name() == "value_float") return list_tensor<float>(std::vector<float>{a.f()}, {});
  if (a.name() == "value_int") return list_tensor<int64_t>(std::vector<int64_t>{a.i()}, {});
  if (a.name() == "value_floats") return list_tensor<float>(a.floats(), {a.floats_size()});
  if (a.name() == "value_ints") return list_tensor<int64_t>(a.ints(), {a.ints_size()});
  return fail(ErrorCode::unsupported, "attribute '{}' is not read: a constant holds numbers in a dense tensor",
              a.name());
}

Status Reader::read_constant(const NodeProto& proto) {
  const std::string label = proto.name().empty() && proto.output_size() > 0 ? proto.output(0) : proto.name();
  const auto refuse = [&label](const Error& why) {
    return Error{why.code, fmt::format("Constant '{}': {}", label, why.message), "", label, "Constant"};
  };
  if (proto.attribute_size() != 1 || proto.output_size() != 1 || proto.output(0).empty()) {
    return refuse(fail(ErrorCode::invalid_file, "it must have one attribute and one output, but has {} and {}",
                       proto.attribute_size(), proto.output_size()));
  }
  auto tensor = constant_value(proto.attribute(0), cx_.external);
  if (!tensor.ok()) return refuse(tensor.error());
  QUERN_CHECK(cx_.claim(proto.output(0)));
  cx_.constants.emplace(proto.output(0), *std::move(tensor));
  return {};
}

Status Reader::read_constant_nodes() {
  for (const NodeProto& node : graph_.node()) {
    if (!plain_domain(node.domain()).empty()) continue;
    if (node.op_type() == "Constant") QUERN_CHECK(read_constant(node));
    // Exporters let equal constants share their elements through Identity; scales are found through it.
    if (node.op_type() != "Identity" || node.input_size() != 1 || node.output_size() != 1) continue;
    const auto source = cx_.constants.find(node.input(0));
    if (source == cx_.constants.end() || readers_.is_graph_output(node.output(0))) continue;
    QUERN_CHECK(cx_.claim(node.output(0)));
    const Tensor shared = source->second;
    cx_.constants.emplace(node.output(0), shared);
  }
  return {};
}

/// "sequence" and the like; nullptr for a tensor.
const char* other_kind(const TypeProto& type) {
  switch (type.value_case()) {
    case TypeProto::kTensorType:
      return nullptr;
    case TypeProto::kSequenceType:
      return "a sequence";
    case TypeProto::kMapType:
      return "a map";
    case TypeProto::kSparseTensorType:
      return "a sparse tensor";
    case TypeProto::kOptionalType:
      return "an optional";
    case TypeProto::VALUE_NOT_SET:
      return "of no type";
  }
  return "of no type";
}

Status Reader::read_inputs() {
  for (const ValueInfoProto& info : graph_.input()) {
    if (cx_.constants.contains(info.name())) continue;  // IR 3 lists every initializer as an input
    QUERN_CHECK(read_input(info));
  }
  return {};
}

Status Reader::read_input(const ValueInfoProto& info) {
  if (info.name().empty()) return fail(ErrorCode::invalid_file, "a graph input has no name");
  if (const char* kind = other_kind(info.type())) {
    return fail(ErrorCode::unsupported, "the input '{}' is {}; only tensors are read", info.name(), kind);
  }
  const auto dtype = element_type(info.type().tensor_type().elem_type());
  if (!dtype.ok()) return fail(dtype.error().code, "the input '{}': {}", info.name(), dtype.error().message);
  if (!info.type().tensor_type().has_shape()) {
    return fail(ErrorCode::unsupported,
                "the input '{}' has no shape; export the model with one (extents may be symbols)", info.name());
  }
  Value value;
  value.name = info.name();
  value.dtype = *dtype;
  value.shape_known = true;
  bool fixed = true;
  for (const auto& dim : info.type().tensor_type().shape().dim()) {
    const bool known = dim.has_dim_value() && dim.dim_value() >= 0;
    fixed = fixed && known;
    value.shape.push_back(known ? dim.dim_value() : -1);
    value.symbols.push_back(known ? "" : dim.dim_param());
    QUERN_CHECK(check_name(dim.dim_param()));
  }
  if (fixed) value.symbols.clear();
  if (value.shape.size() > 16)
    return fail(ErrorCode::unsupported, "the input '{}' has {} axes; at most 16 are read", info.name(),
                value.shape.size());
  return cx_.define_input(std::move(value));
}

void Reader::read_rank_hints() {
  const auto take = [this](const ValueInfoProto& info) {
    if (!info.type().has_tensor_type() || !info.type().tensor_type().has_shape()) return;
    cx_.rank_hints[info.name()] = info.type().tensor_type().shape().dim_size();
  };
  for (const ValueInfoProto& info : graph_.value_info()) take(info);
  for (const ValueInfoProto& info : graph_.output()) {
    take(info);
    if (info.type().tensor_type().elem_type() == TensorProto::FLOAT16) cx_.half_outputs.insert(info.name());
  }
}

/// What to try instead of an operator that is not read.
struct Hint {
  std::string_view type;
  const char* sentence;
};
constexpr Hint kHints[] = {
    {"If", "control flow is not read: simplify the model with its input shapes fixed (onnxsim)"},
    {"Loop", "control flow is not read: unroll it when exporting"},
    {"Scan", "control flow is not read: unroll it when exporting"},
    {"DynamicQuantizeLinear", "scales found while running are not read: quantize the model statically"},
    {"ConvInteger", "scales found while running are not read: quantize the model statically"},
    {"MatMulInteger", "scales found while running are not read: quantize the model statically"},
    {"NonMaxSuppression", "cut the graph before it; the detection tasks suppress overlapping boxes themselves"},
};

Error Reader::unknown(const Node& node, const std::string& domain) const {
  const std::string& type = node.proto->op_type();
  const char* hint = "simplify the model (onnxsim), or cut the graph before it";
  for (const Hint& row : kHints) {
    if (row.type == type) hint = row.sentence;
  }
  const std::string set = domain.empty() ? fmt::format("ai.onnx, opset {}", node.opset) : domain;
  return node.fail(ErrorCode::unsupported, "the operator {} of {} is not read; {}", type, set, hint);
}

Status Reader::read_node(int index) {
  const NodeProto& proto = graph_.node(index);
  const std::string domain = plain_domain(proto.domain());
  Node node{.proto = &proto,
            .kind = domain.empty() ? proto.op_type() : domain + "." + proto.op_type(),
            .name = proto.name(),
            .opset = 0,
            .attributes = Attributes(proto),
            .inputs = {},
            .outputs = {},
            .clamp = {}};
  if (node.name.empty() && proto.output_size() > 0) node.name = proto.output(0);
  if (domain.empty() && proto.op_type() == "Constant") return {};
  if (domain.empty() && proto.op_type() == "Identity" && proto.output_size() == 1 &&
      cx_.constants.contains(proto.output(0)))
    return {};
  const auto opset = opsets_.find(domain);
  if (opset == opsets_.end()) {
    return node.fail(ErrorCode::invalid_file, "the model imports no operators of the domain '{}'",
                     domain.empty() ? "ai.onnx" : domain);
  }
  node.opset = opset->second;
  const Row* row = find_row(domain, proto.op_type());
  if (row == nullptr) return unknown(node, domain);
  node.op = row->op;
  Status done = read_with(index, *row, node);
  if (done.ok()) done = node.attributes.finish();
  if (done.ok()) done = cx_.within_budget();
  if (done.ok()) return {};
  Error& error = done.error();
  if (error.op.empty()) error = node.fail(error.code, "{}", error.message);
  return done;
}

Status Reader::check_arity(const Row& row, const Node& node) const {
  const NodeProto& proto = *node.proto;
  for (int i = 0; i < row.min_inputs; ++i) {
    if (i >= proto.input_size() || proto.input(i).empty()) {
      return fail(ErrorCode::invalid_file, "it needs {} inputs, but input {} is missing", row.min_inputs, i);
    }
  }
  if (row.max_inputs >= 0 && proto.input_size() > row.max_inputs) {
    return fail(ErrorCode::invalid_file, "it has {} inputs; at most {} make sense at opset {}", proto.input_size(),
                row.max_inputs, node.opset);
  }
  if (proto.output_size() == 0 || proto.output(0).empty()) return fail(ErrorCode::invalid_file, "it has no output");
  for (int i = row.max_outputs; row.max_outputs >= 0 && i < proto.output_size(); ++i) {
    if (proto.output(i).empty() || !readers_.is_read(proto.output(i))) continue;
    return fail(ErrorCode::unsupported, "its output {} ('{}') is used; only the first {} are computed", i,
                proto.output(i), row.max_outputs);
  }
  return {};
}

Status Reader::read_with(int index, const Row& row, Node& node) {
  QUERN_CHECK(check_arity(row, node));
  if (auto plan = plan_fold(cx_, graph_, readers_, index, row, node.opset)) {
    for (const int taken : plan->swallowed) {
      if (taken <= index) return fail(ErrorCode::invalid_file, "its output is read by a node that stands before it");
      swallowed_[static_cast<size_t>(taken)] = true;
    }
    return read_folded(*std::move(plan), row, node);
  }
  return read_plain(row, node);
}

Status Reader::read_folded(FoldPlan plan, const Row& row, Node& node) {
  node.quantized = true;
  node.clamp = plan.clamp;
  node.inputs = std::move(plan.inputs);
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const std::string& name = node.proto->input(static_cast<int>(i));
    if (node.inputs[i] != kNoValue || name.empty()) continue;
    QUERN_TRY(node.inputs[i], cx_.read(name));
  }
  if (row.max_inputs >= 0) node.inputs.resize(static_cast<size_t>(row.max_inputs), kNoValue);
  const Value& source = cx_.graph.value(node.inputs[0]);
  const Storage moved{source.dtype, source.quantization};
  std::vector<std::pair<ValueId, FoldPlan::Output>> changes;
  for (FoldPlan::Output& out : plan.outputs) {
    const bool change =
        row.fold == Fold::move && (out.storage.dtype != moved.dtype || out.storage.quantization != moved.quantization);
    const Storage& given = change ? moved : out.storage;
    QUERN_TRY(const ValueId id, cx_.define(change ? out.float_name : out.name, given.dtype, given.quantization));
    if (!change && out.value_name != out.name) cx_.graph.value(id).name = out.value_name;
    node.outputs.push_back(id);
    if (change) changes.emplace_back(id, std::move(out));
  }
  if (row.max_outputs >= 0) node.outputs.resize(static_cast<size_t>(row.max_outputs), kNoValue);
  QUERN_CHECK(row.read(cx_, node));
  for (auto& [from, out] : changes) {
    QUERN_TRY(const ValueId to, cx_.define(out.name, out.storage.dtype, out.storage.quantization));
    cx_.emit_helper(OpKind::Quantize, {from}, to, NoAttrs{}, "QuantizeLinear");
  }
  return {};
}

/// A node that is not about quantization reads the integers of a quantized value. Moving them about is fine.
Status Reader::doubt_plain_integers(const Row& row, const Node& node) {
  if (row.fold == Fold::move || row.fold == Fold::integer || node.proto->op_type() == "Concat") return {};
  if (info(row.op).family == OpFamily::shape) return {};
  for (const ValueId id : node.inputs) {
    if (id == kNoValue || cx_.is_constant_of_file(id)) continue;
    if (!cx_.graph.value(id).quantization.empty()) {
      return fail(ErrorCode::unsupported,
                  "it computes with the integers of the quantized value '{}'; dequantize it first",
                  cx_.graph.value(id).name);
    }
    cx_.read_plainly(id);
  }
  return {};
}

Status Reader::read_plain(const Row& row, Node& node) {
  // The two that cross between float and quantized resolve their names themselves.
  const bool border = row.read == read_quantize_linear || row.read == read_dequantize_linear;
  if (border) {
    node.inputs.resize(3, kNoValue);
    return row.read(cx_, node);
  }
  for (const std::string& name : node.proto->input()) {
    node.inputs.push_back(kNoValue);
    if (name.empty()) continue;
    QUERN_TRY(node.inputs.back(), cx_.read(name));
  }
  if (row.max_inputs >= 0) node.inputs.resize(static_cast<size_t>(row.max_inputs), kNoValue);
  QUERN_CHECK(doubt_plain_integers(row, node));
  const bool inherits = (row.fold == Fold::move || node.proto->op_type() == "Concat") && node.has_input(0);
  const Value source = inherits ? Value{"",    cx_.graph.value(node.inputs[0]).dtype,        {},
                                        false, cx_.graph.value(node.inputs[0]).quantization, {}}
                                : Value{};
  for (const std::string& name : node.proto->output()) {
    if (row.max_outputs >= 0 && static_cast<int>(node.outputs.size()) == row.max_outputs) break;
    node.outputs.push_back(kNoValue);
    if (name.empty()) continue;
    QUERN_TRY(node.outputs.back(), cx_.define(name, source.dtype, source.quantization));
  }
  if (row.max_outputs >= 0) node.outputs.resize(static_cast<size_t>(row.max_outputs), kNoValue);
  return row.read(cx_, node);
}

Status Reader::read_outputs() {
  for (const ValueInfoProto& info : graph_.output()) {
    QUERN_CHECK(check_name(info.name()));
    if (const char* kind = info.has_type() ? other_kind(info.type()) : nullptr;
        kind != nullptr && info.type().value_case() != TypeProto::VALUE_NOT_SET) {
      return fail(ErrorCode::unsupported, "the output '{}' is {}; only tensors are read", info.name(), kind);
    }
    auto id = cx_.read(info.name());
    if (!id.ok()) return fail(ErrorCode::invalid_file, "the graph output '{}' is given by nothing", info.name());
    QUERN_TRY(const ValueId outside, cx_.outside_value(info.name(), *id));
    cx_.graph.outputs.push_back(outside);
  }
  if (cx_.graph.outputs.empty()) return fail(ErrorCode::invalid_file, "the model has no outputs");
  return {};
}

void Reader::finish() {
  Graph& graph = cx_.graph;
  graph.name = check_name(graph_.name()).ok() ? graph_.name() : "";
  graph.origin.format = "onnx";
  const std::string producer = fmt::format("{} {}", model_.producer_name(), model_.producer_version());
  graph.origin.producer = check_name(producer).ok() ? producer.substr(0, producer.find_last_not_of(' ') + 1) : "";
  // Layout changes that nobody needed, and constants that became others, go without a word; what the file holds does
  // not.
  const auto of_file = [](const Op& op) { return !op.source_kind.empty(); };
  const auto before = std::count_if(graph.ops.begin(), graph.ops.end(), of_file);
  compact(graph);
  const auto dropped = before - std::count_if(graph.ops.begin(), graph.ops.end(), of_file);
  if (dropped != 0) {
    graph.origin.notes.push_back(fmt::format("{} operators lead to no output and were left out", dropped));
  }
}

}  // namespace

}  // namespace onnx

Result<Graph> read_onnx(std::span<const std::byte> bytes, const std::string& path) {
  const auto named = [&path](Error error) {
    error.file = path;
    return error;
  };
  auto model = onnx::parse(bytes);
  if (!model.ok()) return named(model.error());
  auto graph = onnx::Reader(*model, path, static_cast<int64_t>(bytes.size())).run();
  if (!graph.ok()) return named(graph.error());
  return graph;
}

}  // namespace quern
