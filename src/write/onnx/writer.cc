// The ONNX writer's table of contents: the graph is checked, then inputs, operators and outputs are written in turn.
#include "write/writer.h"

#include <algorithm>
#include <limits>

#include "base/width.h"
#include "prepare/sink.h"
#include "write/check_prepared.h"
#include "write/onnx/rows.h"

namespace quern {

namespace onnx_writer {

namespace {

constexpr int64_t kOpset = 17;

/// What an operator needs beyond its kind.
int64_t needed_opset(const Op& op) {
  if (const auto* pad = std::get_if<PadAttrs>(&op.attrs)) return pad->mode == PadMode::wrap ? 19 : kOpset;
  if (const auto* resize = std::get_if<ResizeAttrs>(&op.attrs)) {
    return resize->coordinates == Coordinates::half_pixel_symmetric ? 19 : resize->antialias ? 18 : kOpset;
  }
  if (op.kind == OpKind::AveragePool && std::get<PoolAttrs>(op.attrs).dilations != Pair{1, 1}) return 19;
  const Row* row = find_row(op.kind);
  return row != nullptr ? row->opset : kOpset;
}

bool has_wide_values(const Graph& graph) {
  return std::ranges::any_of(graph.values,
                             [](const Value& value) { return is_16bit(value.dtype) && !value.quantization.empty(); });
}

int64_t opset_of(const Graph& graph) {
  int64_t opset = kOpset;
  for (const Op& op : graph.ops) opset = std::max(opset, needed_opset(op));
  return opset;
}

Status check_types(const Graph& graph) {
  for (const Value& value : graph.values) {
    if (value.quantization.empty() || is_8_or_16bit(value.dtype) || value.constant) continue;
    return fail(ErrorCode::unsupported, "'{}' is quantized to {}; ONNX files are written with 8 and 16 bits",
                value.name, to_string(value.dtype));
  }
  return {};
}

/// The form that most of the inputs stand in already.
Form common_form(const Context& cx, const Op& op) {
  const bool all = info(op.kind).family == OpFamily::binary || op.kind == OpKind::Concat;
  const size_t rank = all ? cx.graph.value(op.outputs[0]).shape.size() : cx.graph.value(op.inputs[0]).shape.size();
  std::vector<ValueId> voters;
  for (const ValueId id : op.inputs) {
    if (id != kNoValue && !cx.graph.is_constant(id) && cx.graph.value(id).shape.size() == rank) voters.push_back(id);
    if (!all) break;
  }
  Form best = as_is(rank);
  std::ptrdiff_t most = 0;
  for (const ValueId candidate : voters) {
    const Form form = cx.home(candidate);
    const auto votes = std::count_if(voters.begin(), voters.end(), [&](ValueId id) { return cx.stands(id, form); });
    if (votes > most) {
      most = votes;
      best = form;
    }
  }
  return best;
}

/// The axis that has to be the second, or -1.
int64_t channel_axis(const Attrs& attrs) {
  if (const auto* norm = std::get_if<NormAttrs>(&attrs)) return norm->axis;
  if (const auto* lrn = std::get_if<LrnAttrs>(&attrs)) return lrn->axis;
  return -1;
}

Form with_second(size_t rank, int64_t axis) {
  Form form = {0, axis};
  for (int64_t i = 1; i < static_cast<int64_t>(rank); ++i) {
    if (i != axis) form.push_back(i);
  }
  return form;
}

/// The form an operator is written in, by the rule of its row.
Form form_for(const Context& cx, const Op& op, Layout layout) {
  const size_t rank = op.inputs.empty() ? 0 : cx.graph.value(op.inputs[0]).shape.size();
  switch (layout) {
    case Layout::channels_first:
      return rank == 4 ? kChannelsFirst : as_is(rank);
    case Layout::channel_second: {
      const Form form = common_form(cx, op);
      const int64_t axis = channel_axis(op.attrs);
      return rank < 2 || form[1] == axis ? form : with_second(rank, axis);
    }
    case Layout::follow:
      return common_form(cx, op);
    case Layout::as_is:
    case Layout::own:
      break;
  }
  return as_is(rank);
}

Status write_as_is(Context& cx, Call& call) {
  for (const ValueId id : call.op.inputs) {
    QUERN_TRY(std::string name, cx.read(id));
    call.in.push_back(std::move(name));
  }
  return call.row.write(cx, call);
}

/// With the axes mapped to those of `form`.
Status write_mapped(Context& cx, Call& call, const Form& form) {
  auto plan = plan_sink(cx.graph, call.op, inverse(form));
  if (!plan) return write_as_is(cx, call);
  call.attrs = std::move(plan->attrs);
  for (size_t i = 0; i < call.forms.size(); ++i) call.forms[i] = inverse(plan->outputs[i]);
  for (size_t i = 0; i < call.op.inputs.size(); ++i) {
    const ValueId id = call.op.inputs[i];
    QUERN_TRY(std::string name, plan->all_inputs ? cx.read_broadcast(id, form)
                                : i == 0         ? cx.read(id, form)
                                                 : cx.read(id));
    call.in.push_back(std::move(name));
  }
  return call.row.write(cx, call);
}

Status write_spatial(Context& cx, Call& call) {
  QUERN_TRY(std::string name, cx.read(call.op.inputs[0], kChannelsFirst));
  call.in.push_back(std::move(name));
  for (Form& form : call.forms) form = kChannelsFirst;
  return call.row.write(cx, call);
}

Status write_op(Context& cx, const Op& op) {
  const Row* row = find_row(op.kind);
  if (row == nullptr) {
    return fail(ErrorCode::unsupported, "{} '{}': ONNX has no operator for it; cut the graph before it",
                info(op.kind).name, op.name);
  }
  Call call{op, *row, op.attrs, {}, {}};
  for (const ValueId id : op.outputs)
    call.forms.push_back(id == kNoValue ? Form{} : as_is(cx.graph.value(id).shape.size()));
  if (row->layout == Layout::own) return row->write(cx, call);
  if (info(op.kind).family == OpFamily::spatial) return write_spatial(cx, call);
  const Form form = form_for(cx, op, row->layout);
  return is_identity(form) ? write_as_is(cx, call) : write_mapped(cx, call, form);
}

Result<onnx::ModelProto> write(const Graph& graph) {
  QUERN_CHECK(check_prepared(graph));
  QUERN_CHECK(check_types(graph));
  Context cx(graph, opset_of(graph));
  cx.file.set_name(graph.name.empty() ? "graph" : graph.name);
  cx.write_inputs();
  for (const Op& op : graph.ops) {
    QUERN_CHECK(write_op(cx, op));
    cx.settle();
  }
  QUERN_CHECK(cx.write_outputs());
  onnx::ModelProto model;
  model.set_ir_version(cx.opset > 18 ? 9 : 8);
  model.set_producer_name("quern");
  model.set_producer_version(QUERN_VERSION);
  const auto import = [&](const char* domain, int64_t version) {
    auto* set = model.add_opset_import();
    set->set_domain(domain);
    set->set_version(version);
  };
  import("", cx.opset);
  if (has_wide_values(graph)) import(kWideDomain, 1);
  *model.mutable_graph() = std::move(cx.file);
  return model;
}

}  // namespace

}  // namespace onnx_writer

Result<std::string> write_onnx(const Graph& graph) {
  QUERN_TRY(const onnx::ModelProto model, onnx_writer::write(graph));
  if (model.ByteSizeLong() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    return fail(ErrorCode::out_of_memory, "the model takes {} bytes; an ONNX file holds at most 2 GiB",
                model.ByteSizeLong());
  }
  return model.SerializeAsString();
}

}  // namespace quern
