#include "plan/program_bytes.h"

#include <algorithm>
#include <unordered_map>

#include "base/error.h"
#include "plan/attr_bytes.h"

namespace quern {

namespace {

constexpr uint32_t kMagic = 0x55504E51;  // "QNPU"
constexpr size_t kAlignment = 64;
enum Body : uint8_t { kTransfer = 0, kComputation = 1 };
enum Flag : uint8_t { kWraps = 1 };

/// Every figure, in the order of the layout.
template <typename Figures, typename Visit>
void each_figure(Figures& f, Visit&& visit) {
  visit(f.clock_hz);
  visit(f.macs_per_cycle_8);
  visit(f.macs_per_cycle_16);
  visit(f.efficiency);
  visit(f.gi);
  visit(f.go);
  visit(f.fold_kernel_row);
  visit(f.depthwise_per_cycle);
  visit(f.vector_bytes_per_cycle);
  visit(f.dma_bytes_per_cycle);
  visit(f.dma_latency_cycles);
  visit(f.layer_overhead_cycles);
  visit(f.fixed_overhead_cycles);
  visit(f.banks);
}

/// Every number of a transfer, in the order of the layout.
template <typename T, typename Visit>
void each_number(T& t, Visit&& visit) {
  visit(t.space);
  visit(t.value);
  visit(t.outside);
  visit(t.scratch);
  for (auto& n : t.counts) visit(n);
  for (auto& n : t.outside_strides) visit(n);
  for (auto& n : t.scratch_strides) visit(n);
}

class Writer {
 public:
  std::vector<std::byte> run(const Program& p) {
    out_.number(kMagic);
    out_.number(kProgramVersion);
    head(p);
    kinds(p);
    out_.count(p.layers.size());
    for (const ProgramLayer& layer : p.layers) write(layer);
    out_.count(p.commands.size());
    for (const Command& command : p.commands) write(command);
    out_.number(static_cast<uint64_t>(p.image.size()));
    out_.align(kAlignment);
    out_.raw(p.image);
    return out_.take();
  }

 private:
  template <typename T>
  void numbers(const std::vector<T>& list) {
    out_.count(list.size());
    for (T n : list) out_.number(n);
  }

  void head(const Program& p) {
    out_.text(p.target);
    out_.text(p.mode);
    out_.number(p.arithmetic);
    each_figure(p.figures, [&](auto value) { out_.number(value); });
    out_.number(p.scratch_bytes);
    out_.number(p.scratch_used);
    numbers(p.reads);
    numbers(p.writes);
    out_.count(p.quantizations.size());
    for (const Quantization& q : p.quantizations) {
      numbers(q.scales);
      numbers(q.zero_points);
      out_.number(static_cast<int32_t>(q.axis));
    }
  }

  /// The kinds of operators, by name in the order of their first use: numbers of the vocabulary change.
  void kinds(const Program& p) {
    std::vector<OpKind> order;
    for (const Command& command : p.commands) {
      const auto* c = std::get_if<Computation>(&command.body);
      if (c != nullptr && kinds_.emplace(c->kind, static_cast<uint16_t>(order.size())).second) order.push_back(c->kind);
    }
    out_.count(order.size());
    for (OpKind kind : order) out_.text(std::string(info(kind).name));
  }

  void write(const ProgramLayer& layer) {
    out_.text(layer.name);
    out_.text(layer.kind);
    out_.number(layer.macs);
    out_.number(layer.overhead);
    out_.text(layer.fused_into);
  }

  void write(const Command& command) {
    out_.number(command.engine);
    out_.number(command.layer);
    numbers(command.waits);
    if (const auto* transfer = std::get_if<Transfer>(&command.body)) {
      out_.number(kTransfer);
      each_number(*transfer, [&](auto value) { out_.number(value); });
      return;
    }
    const auto& c = std::get<Computation>(command.body);
    out_.number(kComputation);
    out_.number(kinds_.at(c.kind));
    write_attrs(c.attrs, out_);
    for (const auto* list : {&c.inputs, &c.outputs}) {
      out_.count(list->size());
      for (const Piece& piece : *list) write(piece);
    }
  }

  void write(const Piece& piece) {
    out_.number(piece.address);
    out_.number(piece.dtype);
    out_.number(static_cast<uint8_t>(piece.wrap_axis != -1 ? kWraps : 0));
    out_.number(piece.quantization);
    numbers(piece.shape);
    numbers(piece.strides);
    if (piece.wrap_axis == -1) return;
    out_.number(piece.wrap_axis);
    out_.number(piece.wrap_at);
    out_.number(piece.wrapped);
  }

  ByteWriter out_;
  std::unordered_map<OpKind, uint16_t> kinds_;
};

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : in_(bytes, "the program") {}

  Result<Program> run() {
    if (in_.number<uint32_t>() != kMagic) return fail(ErrorCode::invalid_file, "these bytes are no program of an NPU");
    if (const auto version = in_.number<uint32_t>(); !in_.failed() && version != kProgramVersion) {
      return fail(ErrorCode::unsupported, "the program has version {} of the layout; this build reads version {}",
                  version, kProgramVersion);
    }
    head();
    kinds();
    each(p_.layers, 21, [&](ProgramLayer& layer) { read(layer); });
    each(p_.commands, 18, [&](Command& command) { read(command); });
    image();
    QUERN_CHECK(in_.finished());
    return std::move(p_);
  }

 private:
  /// A list whose items have at least `least` bytes. It grows as items are read, and stops at the first bad one.
  template <typename T, typename Read>
  void each(std::vector<T>& list, size_t least, Read&& read) {
    const size_t count = in_.count(least);
    for (size_t i = 0; i < count && !in_.failed(); ++i) {
      list.emplace_back();
      read(list.back());
    }
  }
  template <typename T>
  void numbers(std::vector<T>& list) {
    each(list, sizeof(T), [&](T& n) { n = in_.number<T>(); });
  }
  template <typename T>
  void number(T& value) {
    value = in_.number<T>();
  }

  void head() {
    p_.target = in_.text();
    p_.mode = in_.text();
    number(p_.arithmetic);
    if (p_.arithmetic > Arithmetic::fixed_rule) in_.refuse("the rounding rule does not exist");
    each_figure(p_.figures, [&](auto& value) { number(value); });
    number(p_.scratch_bytes);
    number(p_.scratch_used);
    numbers(p_.reads);
    numbers(p_.writes);
    each(p_.quantizations, 12, [&](Quantization& q) {
      numbers(q.scales);
      numbers(q.zero_points);
      q.axis = in_.number<int32_t>();
    });
  }

  void kinds() {
    each(kinds_, 4, [&](OpKind& kind) {
      const std::string name = in_.text();
      const auto* row = std::find_if(std::begin(kOps), std::end(kOps), [&](const OpInfo& i) { return i.name == name; });
      if (row == std::end(kOps)) {
        in_.refuse(fmt::format("the operator '{}' is not one this Quern knows", name));
        return;
      }
      kind = static_cast<OpKind>(row - std::begin(kOps));
    });
  }

  void read(ProgramLayer& layer) {
    layer.name = in_.text();
    layer.kind = in_.text();
    number(layer.macs);
    number(layer.overhead);
    layer.fused_into = in_.text();
  }

  void read(Command& command) {
    number(command.engine);
    if (static_cast<int>(command.engine) >= kEngines) in_.refuse("an engine does not exist");
    number(command.layer);
    numbers(command.waits);
    const auto body = in_.number<uint8_t>();
    if (body == kTransfer) {
      Transfer transfer;
      each_number(transfer, [&](auto& value) { number(value); });
      if (transfer.space > Space::image) in_.refuse("a memory does not exist");
      command.body = transfer;
    } else if (body == kComputation) {
      command.body = computation();
    } else {
      in_.refuse("a command is neither a transfer nor a computation");
    }
  }

  Computation computation() {
    Computation c;
    const auto kind = in_.number<uint16_t>();
    if (in_.failed() || kind >= kinds_.size()) {
      in_.refuse("a computation's kind does not exist");
      return c;
    }
    c.kind = kinds_[kind];
    c.attrs = read_attrs(c.kind, in_);
    each(c.inputs, 22, [&](Piece& piece) { read(piece); });
    each(c.outputs, 22, [&](Piece& piece) { read(piece); });
    return c;
  }

  void read(Piece& piece) {
    number(piece.address);
    number(piece.dtype);
    const auto flags = in_.number<uint8_t>();
    if (piece.dtype > DType::boolean || flags > kWraps) in_.refuse("a piece's type does not exist");
    number(piece.quantization);
    numbers(piece.shape);
    numbers(piece.strides);
    if (flags != kWraps) return;
    number(piece.wrap_axis);
    number(piece.wrap_at);
    number(piece.wrapped);
    if (piece.wrap_axis == -1) in_.refuse("a piece wraps along no axis");
  }

  void image() {
    const auto bytes = in_.number<uint64_t>();
    in_.align(kAlignment);
    const auto own = in_.take(static_cast<size_t>(bytes));
    p_.image.assign(own.begin(), own.end());
  }

  ByteReader in_;
  Program p_;
  std::vector<OpKind> kinds_;
};

}  // namespace

std::vector<std::byte> write_program(const Program& program) {
  return Writer().run(program);
}

Result<Program> read_program(std::span<const std::byte> bytes) {
  return Reader(bytes).run();
}

}  // namespace quern
