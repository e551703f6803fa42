// Channels last. Readers put a Transpose before and behind each spatial operator of a channels-first file. Here every
// Transpose sinks: it changes places with the operator behind it, until it meets its inverse and both vanish, or stands
// at an edge of the graph. A Transpose moves down only, so this ends; each step costs what it touches.
//
// When the file's value X (channels first) disappears, its twin "X@nhwc" stays under that name.

#include <algorithm>
#include <deque>
#include <map>

#include "base/error.h"
#include "prepare/editor.h"
#include "prepare/evaluate.h"
#include "prepare/prepare.h"
#include "prepare/sink.h"

namespace quern {

namespace {

int64_t elements(const Shape& shape) {
  int64_t count = 1;
  for (int64_t extent : shape) count *= extent;
  return count;
}

class Pusher {
 public:
  explicit Pusher(Graph& graph) : editor_(graph), steps_left_(64 * (static_cast<int64_t>(graph.ops.size()) + 16)) {}

  Result<bool> run();

 private:
  struct Source {
    ValueId source;
    Perm total;
  };

  bool is_transpose(int index) const {
    return index >= 0 && !editor_.removed(index) && editor_.op(index).kind == OpKind::Transpose;
  }
  Perm& perm_of(int index) { return std::get<TransposeAttrs>(editor_.op(index).attrs).perm; }
  ValueId input_of(int index) const { return editor_.op(index).inputs[0]; }
  ValueId output_of(int index) const { return editor_.op(index).outputs[0]; }

  Status visit(int transpose);
  bool join_with_producer(int transpose);
  bool vanish(int transpose);
  Result<bool> fold_constant(int transpose);
  bool sink_into(int transpose, int reader);
  bool sink_past_reshape(int transpose, int reader);
  bool sink_past(int transpose, int reader);
  void drop_if_unread(int transpose);
  void hoist_above_pad(int transpose);
  void make_reshape(int transpose);

  std::optional<std::vector<ValueId>> inputs_without(int transpose, int reader, bool forced);
  Source source_of(ValueId id, const Perm& perm) const;
  bool is_one_number(ValueId id) const;
  bool loses_transpose_freely(ValueId id, const Perm& perm) const;
  ValueId without_transpose(ValueId id, const Perm& perm);
  ValueId constant_without_transpose(ValueId id, const Perm& perm);
  bool inverse_follows(int reader, const Perm& perm) const;
  bool forcing_pays(int transpose, int reader) const;

  ValueId add_result(OpKind kind, Attrs attrs, ValueId input, const std::string& wish, Shape shape,
                     const Perm& quantization_perm);
  void put_behind(int op, size_t slot, const Perm& perm);
  void twin_takes_name(ValueId gone, ValueId twin);

  Editor editor_;
  std::deque<int> work_;
  std::map<std::pair<ValueId, Perm>, ValueId> constants_;
  int64_t steps_left_;  ///< a bound that no real graph comes near; the graph is valid after every step
  bool changed_ = false;
};

/// Quantization of Transpose(value, perm).
Quantization permuted_quantization(Quantization quantization, const Perm& perm) {
  if (quantization.per_axis()) {
    const auto found = std::find(perm.begin(), perm.end(), int64_t{quantization.axis});
    quantization.axis = static_cast<int>(found - perm.begin());
  }
  return quantization;
}

/// A value of lower rank as it takes part in broadcasting.
Shape with_leading_ones(const Shape& shape, size_t rank) {
  Shape result(rank - shape.size(), 1);
  result.insert(result.end(), shape.begin(), shape.end());
  return result;
}

Result<bool> Pusher::run() {
  for (int index = 0; index < editor_.op_count(); ++index) {
    if (editor_.op(index).kind != OpKind::Transpose) continue;
    Perm& perm = perm_of(index);
    if (perm.empty()) {
      for (size_t i = editor_.value(input_of(index)).shape.size(); i-- > 0;) perm.push_back(static_cast<int64_t>(i));
    }
    work_.push_back(index);
  }
  while (!work_.empty() && steps_left_-- > 0) {
    const int index = work_.front();
    work_.pop_front();
    if (is_transpose(index)) QUERN_CHECK(visit(index));
  }
  for (int index = 0; index < editor_.op_count(); ++index) {
    if (is_transpose(index)) hoist_above_pad(index);
  }
  for (int index = 0; index < editor_.op_count(); ++index) {
    if (is_transpose(index)) make_reshape(index);
  }
  QUERN_CHECK(editor_.finish());
  return changed_;
}

Status Pusher::visit(int transpose) {
  QUERN_TRY(const bool folded, fold_constant(transpose));
  if (folded) return {};
  while (join_with_producer(transpose)) {
  }
  if (vanish(transpose)) return {};
  const std::vector<int> readers = editor_.consumers(output_of(transpose));
  for (int reader : readers) {
    if (editor_.removed(reader) || steps_left_-- <= 0) continue;
    const auto& inputs = editor_.op(reader).inputs;
    if (std::find(inputs.begin(), inputs.end(), output_of(transpose)) == inputs.end())
      continue;  // has been sunk by now
    if (sink_into(transpose, reader)) changed_ = true;
  }
  drop_if_unread(transpose);
  return {};
}

Result<bool> Pusher::fold_constant(int transpose) {
  const ValueId input = input_of(transpose);
  const ValueId output = output_of(transpose);
  if (!editor_.graph().is_constant(input) || editor_.is_output(output)) return false;
  QUERN_TRY(Tensor tensor, permuted(*editor_.value(input).constant, perm_of(transpose)));
  editor_.remove(transpose);
  editor_.value(output).constant = std::move(tensor);
  changed_ = true;
  return true;
}

/// Two transposes in a row are one.
bool Pusher::join_with_producer(int transpose) {
  const int before = editor_.producer(input_of(transpose));
  if (!is_transpose(before)) return false;
  perm_of(transpose) = then(perm_of(before), perm_of(transpose));
  editor_.set_input(transpose, 0, input_of(before));
  drop_if_unread(before);
  changed_ = true;
  return true;
}

bool Pusher::vanish(int transpose) {
  if (!is_identity(perm_of(transpose))) return false;
  const ValueId input = input_of(transpose);
  const ValueId output = output_of(transpose);
  if (!editor_.substitute(output, input)) return false;
  editor_.remove(transpose);
  twin_takes_name(output, input);
  changed_ = true;
  return true;
}

/// A twin made while sinking got a number behind its name where the reader's own twin was still there.
void Pusher::twin_takes_name(ValueId gone, ValueId twin) {
  Value& from = editor_.value(gone);
  Value& to = editor_.value(twin);
  if (editor_.producer(twin) < 0 || editor_.is_output(twin)) return;
  if (to.name.starts_with(from.name + "_")) std::swap(from.name, to.name);
}

void Pusher::drop_if_unread(int transpose) {
  const ValueId output = output_of(transpose);
  if (editor_.removed(transpose) || !editor_.consumers(output).empty() || editor_.is_output(output)) return;
  editor_.remove(transpose);
  editor_.release_name(output);  // for a twin
}

bool Pusher::sink_into(int transpose, int reader) {
  switch (editor_.op(reader).kind) {
    case OpKind::Transpose:
      join_with_producer(reader);
      if (!vanish(reader)) work_.push_back(reader);
      return true;
    case OpKind::Reshape:
      return sink_past_reshape(transpose, reader);
    default:
      return sink_past(transpose, reader);
  }
}

ValueId Pusher::add_result(OpKind kind, Attrs attrs, ValueId input, const std::string& wish, Shape shape,
                           const Perm& quantization_perm) {
  Value value;
  value.name = editor_.fresh_name(wish);
  value.dtype = editor_.value(input).dtype;
  value.shape = std::move(shape);
  value.shape_known = true;
  value.quantization = editor_.value(input).quantization;
  if (!quantization_perm.empty()) value.quantization = permuted_quantization(value.quantization, quantization_perm);
  const std::string name = value.name;
  const ValueId id = editor_.add_value(std::move(value));
  editor_.add_op({kind, name, {input}, {id}, std::move(attrs), {}});
  return id;
}

bool Pusher::sink_past_reshape(int transpose, int reader) {
  const ValueId x = input_of(transpose);
  const ValueId y = output_of(reader);
  if (editor_.value(x).quantization.per_axis()) return false;
  const auto sunk = sink_through_reshape(editor_.value(x).shape, perm_of(transpose), editor_.value(y).shape);
  if (!sunk) return false;
  ValueId source = x;
  if (!is_identity(sunk->inner)) {
    const std::string name = editor_.value(y).name;
    source = add_result(OpKind::Reshape, reshape_to(sunk->pieces), source, name + "@pieces", sunk->pieces, {});
    source = add_result(OpKind::Transpose, TransposeAttrs{sunk->inner}, source, name + "@moved",
                        permuted_shape(sunk->pieces, sunk->inner), {});
  }
  editor_.set_input(reader, 0, source);
  editor_.op(reader).attrs = reshape_to(sunk->shape);
  if (editor_.value(source).shape == editor_.value(y).shape && is_identity(sunk->outer) &&
      editor_.substitute(y, source)) {
    editor_.remove(reader);
    twin_takes_name(y, source);
    return true;
  }
  if (!is_identity(sunk->outer)) put_behind(reader, 0, sunk->outer);
  return true;
}

/// The operator now gives a twin of its output; a Transpose by `perm` makes the old value of it.
void Pusher::put_behind(int op, size_t slot, const Perm& perm) {
  const ValueId old = editor_.op(op).outputs[slot];
  if (old == kNoValue || is_identity(perm)) return;
  Value twin = editor_.value(old);
  twin.name = editor_.fresh_name(twin_name(twin.name, perm));
  twin.shape = permuted_shape(twin.shape, inverse(perm));
  twin.quantization = permuted_quantization(twin.quantization, inverse(perm));
  const std::string name = twin.name;
  const ValueId id = editor_.add_value(std::move(twin));
  editor_.set_output(op, slot, id);
  work_.push_back(editor_.add_op({OpKind::Transpose, name, {id}, {old}, TransposeAttrs{perm}, {}}));
}

bool Pusher::sink_past(int transpose, int reader) {
  const Perm perm = perm_of(transpose);
  const auto plan = plan_sink(editor_.graph(), editor_.op(reader), perm);
  if (!plan) return false;
  if (!plan->all_inputs) {
    const auto& inputs = editor_.op(reader).inputs;
    if (std::count(inputs.begin(), inputs.end(), output_of(transpose)) != 1 || inputs[0] != output_of(transpose))
      return false;
    editor_.set_input(reader, 0, input_of(transpose));
  } else {
    auto inputs = inputs_without(transpose, reader, false);
    if (!inputs && forcing_pays(transpose, reader)) inputs = inputs_without(transpose, reader, true);
    if (!inputs) return false;
    editor_.set_inputs(reader, *std::move(inputs));
  }
  editor_.op(reader).attrs = plan->attrs;
  for (size_t slot = 0; slot < plan->outputs.size(); ++slot) put_behind(reader, slot, plan->outputs[slot]);
  return true;
}

/// True when everything that reads the operator's output undoes `perm` at once.
bool Pusher::inverse_follows(int reader, const Perm& perm) const {
  const ValueId output = output_of(reader);
  if (editor_.is_output(output) || editor_.consumers(output).empty()) return false;
  const Perm undo = inverse(perm);
  return std::all_of(editor_.consumers(output).begin(), editor_.consumers(output).end(), [&](int next) {
    return is_transpose(next) && std::get<TransposeAttrs>(editor_.op(next).attrs).perm == undo;
  });
}

/// Transposing an input that was not transposed is worth it when more transposing disappears behind and before.
bool Pusher::forcing_pays(int transpose, int reader) const {
  const Perm& perm = std::get<TransposeAttrs>(editor_.op(transpose).attrs).perm;
  if (!inverse_follows(reader, perm)) return false;
  int64_t gone = elements(editor_.value(output_of(reader)).shape);
  int64_t added = 0;
  for (ValueId id : editor_.op(reader).inputs) {
    if (editor_.graph().is_constant(id)) continue;
    const int producer = editor_.producer(id);
    const int64_t count = elements(editor_.value(id).shape);
    if (is_transpose(producer) && std::get<TransposeAttrs>(editor_.op(producer).attrs).perm == perm) {
      if (editor_.has_one_reader(id)) gone += count;
    } else {
      added += count;
    }
  }
  return added < gone;
}

/// What an input is, seen from before a transpose by `perm`: id = Transpose(Transpose(source, total), perm).
Pusher::Source Pusher::source_of(ValueId id, const Perm& perm) const {
  const int producer = editor_.producer(id);
  if (is_transpose(producer) && editor_.value(id).shape.size() == perm.size()) {
    return {input_of(producer), then(std::get<TransposeAttrs>(editor_.op(producer).attrs).perm, inverse(perm))};
  }
  return {id, inverse(perm)};
}

/// One number is the same in every layout, and broadcasts whatever its rank.
bool Pusher::is_one_number(ValueId id) const {
  return elements(editor_.value(id).shape) == 1 && !editor_.value(id).quantization.per_axis();
}

/// True when no element has to move for this input to lose a transpose by `perm`.
bool Pusher::loses_transpose_freely(ValueId id, const Perm& perm) const {
  if (id == kNoValue || editor_.graph().is_constant(id) || is_one_number(id)) return true;
  const Source from = source_of(id, perm);
  if (is_identity(from.total)) return true;
  const Value& source = editor_.value(from.source);
  return !source.quantization.per_axis() && moves_only_ones(with_leading_ones(source.shape, perm.size()), from.total);
}

std::optional<std::vector<ValueId>> Pusher::inputs_without(int transpose, int reader, bool forced) {
  const Perm perm = perm_of(transpose);
  const std::vector<ValueId> inputs = editor_.op(reader).inputs;
  steps_left_ -= static_cast<int64_t>(inputs.size());
  for (ValueId id : inputs) {
    if (id == kNoValue) continue;
    const size_t rank = editor_.value(id).shape.size();
    if (rank > perm.size()) return std::nullopt;
    if (!loses_transpose_freely(id, perm) && !(forced && rank == perm.size())) return std::nullopt;
  }
  std::vector<ValueId> result;
  for (ValueId id : inputs) result.push_back(without_transpose(id, perm));
  return result;
}

/// A value whose Transpose by `perm` is `id`, broadcasting allowed.
ValueId Pusher::without_transpose(ValueId id, const Perm& perm) {
  if (id == kNoValue) return id;
  const size_t rank = editor_.value(id).shape.size();
  if (is_one_number(id) && (rank < perm.size() || editor_.graph().is_constant(id))) return id;
  if (editor_.graph().is_constant(id)) return constant_without_transpose(id, perm);
  const Source from = source_of(id, perm);
  if (is_identity(from.total)) return from.source;
  const Shape shape = with_leading_ones(editor_.value(from.source).shape, perm.size());
  const std::string name = twin_name(editor_.value(id).name, perm);
  const Shape to = permuted_shape(shape, from.total);
  if (loses_transpose_freely(id, perm)) {
    return add_result(OpKind::Reshape, reshape_to(to), from.source, name, to, {});
  }
  return add_result(OpKind::Transpose, TransposeAttrs{from.total}, from.source, name, to, from.total);
}

ValueId Pusher::constant_without_transpose(ValueId id, const Perm& perm) {
  const auto known = constants_.find({id, perm});
  if (known != constants_.end()) return known->second;
  const Value& value = editor_.value(id);
  Tensor wide = *value.constant->reshaped(with_leading_ones(value.shape, perm.size()));  // the same number of elements
  wide.quantization = value.quantization;
  wide.quantization.axis += static_cast<int>(perm.size() - value.shape.size());
  const ValueId made = editor_.add_constant(twin_name(value.name, perm), *permuted(wide, inverse(perm)));
  constants_[{id, perm}] = made;
  return made;
}

/// A Pad between the graph's edge and a Transpose changes places with it, so that fuse_pads finds it beside its
/// convolution.
void Pusher::hoist_above_pad(int transpose) {
  const ValueId padded = input_of(transpose);
  const int pad = editor_.producer(padded);
  if (pad < 0 || editor_.op(pad).kind != OpKind::Pad || !editor_.has_one_reader(padded)) return;
  const ValueId output = output_of(transpose);
  const Perm perm = perm_of(transpose);
  const auto plan = plan_sink(editor_.graph(), editor_.op(pad), inverse(perm));
  if (!plan) return;
  const ValueId source = editor_.op(pad).inputs[0];
  const std::string name = twin_name(editor_.value(source).name, inverse(perm));
  editor_.remove(transpose);
  const ValueId turned = add_result(OpKind::Transpose, TransposeAttrs{perm}, source, name,
                                    permuted_shape(editor_.value(source).shape, perm), perm);
  editor_.set_input(pad, 0, turned);
  editor_.op(pad).attrs = plan->attrs;
  editor_.set_output(pad, 0, output);
  changed_ = true;
}

/// What moves only extents of 1 moves nothing.
void Pusher::make_reshape(int transpose) {
  const Value& from = editor_.value(input_of(transpose));
  if (from.quantization.per_axis() || !moves_only_ones(from.shape, perm_of(transpose))) return;
  editor_.op(transpose).kind = OpKind::Reshape;
  editor_.op(transpose).attrs = reshape_to(editor_.value(output_of(transpose)).shape);
  changed_ = true;
}

}  // namespace

Result<bool> push_transposes(Graph& graph) {
  return Pusher(graph).run();
}

}  // namespace quern
