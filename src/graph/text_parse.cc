// text -> graph. The form is drawn in docs/graph_text.md.
#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/half.h"
#include "graph/enum_names.h"
#include "graph/text.h"
#include "graph/text_lexer.h"

namespace quern {

namespace {

/// All constants of one text together: a bound on what hostile text can ask for with `splat` and `random`.
constexpr int64_t kMaxConstantBytes = int64_t{1} << 30;

std::optional<OpKind> kind_named(std::string_view name) {
  for (int i = 0; i < kOpCount; ++i) {
    if (kOps[i].name == name) return static_cast<OpKind>(i);
  }
  return std::nullopt;
}

/// splitmix64: the same numbers on every machine.
uint64_t next_random(uint64_t& state) {
  state += 0x9e3779b97f4a7c15U;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

/// Calls fn with a value-initialized element of the tensor's storage type (float16: the bits).
template <typename Fn>
auto with_storage(DType dtype, Fn&& fn) {
  switch (dtype) {
    case DType::float32:
      return fn(float{});
    case DType::float64:
      return fn(double{});
    case DType::int8:
      return fn(int8_t{});
    case DType::uint8:
    case DType::boolean:
      return fn(uint8_t{});
    case DType::int16:
      return fn(int16_t{});
    case DType::uint16:
    case DType::float16:
      return fn(uint16_t{});
    case DType::int32:
      return fn(int32_t{});
    case DType::uint32:
      return fn(uint32_t{});
    case DType::int64:
      return fn(int64_t{});
    case DType::uint64:
      break;
  }
  return fn(uint64_t{});
}

/// Floats lie in [-1, 1), 8-bit integers anywhere, wider ones in -1000…1000 (unsigned: 0…1000), booleans are 0 or 1.
template <typename T>
T random_element(DType dtype, uint64_t bits) {
  const double unit = static_cast<double>(bits >> 40) * 0x1p-23 - 1.0;
  if (dtype == DType::float16) return static_cast<T>(float_to_half(static_cast<float>(unit)));
  if (dtype == DType::boolean) return static_cast<T>(bits & 1U);
  if constexpr (std::is_floating_point_v<T>) return static_cast<T>(unit);
  if constexpr (sizeof(T) == 1) return static_cast<T>(bits);
  const auto wide = static_cast<int64_t>(bits % 2001) - 1000;
  return static_cast<T>(std::is_signed_v<T> ? wide : std::abs(wide));
}

class Parser {
 public:
  explicit Parser(const std::string& text) : lex_(text) {}

  Result<Graph> parse() {
    if (!lex_.accept_word("graph")) return lex_.error("expected 'graph'{}", lex_.found());
    if (lex_.peek() == '"') {
      QUERN_TRY(graph_.name, lex_.quoted());
    }
    graph_.origin.format = "text";
    QUERN_CHECK(lex_.expect('{'));
    while (!lex_.accept('}')) QUERN_CHECK(statement());
    if (!lex_.at_end()) return lex_.error("expected the end after '}}'{}", lex_.found());
    QUERN_CHECK(all_defined());
    return std::move(graph_);
  }

 private:
  struct Named {
    ValueId id = kNoValue;
    bool defined = false;
    size_t first_seen = 0;
  };

  Status statement() {
    if (lex_.peek() == '%') return op();
    const std::string_view word = lex_.peek_word();
    if (word == "_") return op();
    if (lex_.accept_word("input")) return input();
    if (lex_.accept_word("const")) return constant();
    if (lex_.accept_word("output")) return output();
    if (lex_.accept_word("format")) return text_into(graph_.origin.format);
    if (lex_.accept_word("producer")) return text_into(graph_.origin.producer);
    if (lex_.accept_word("note")) return text_into(graph_.origin.notes.emplace_back());
    return lex_.error("expected input, const, output, '%' or '}}'{}", lex_.found());
  }

  Status text_into(std::string& out) {
    QUERN_TRY(out, lex_.quoted());
    return {};
  }

  Status all_defined() const {
    const std::string* missing = nullptr;
    size_t at = 0;
    for (const auto& [name, named] : names_) {
      if (named.defined || (missing != nullptr && named.first_seen > at)) continue;
      missing = &name;
      at = named.first_seen;
    }
    if (missing != nullptr) return lex_.error_at(at, fmt::format("'%{}' is used but never defined", *missing));
    return {};
  }

  /// %name, making the value when it is new.
  Result<Named*> reference() {
    const size_t at = lex_.position();
    QUERN_CHECK(lex_.expect('%'));
    QUERN_TRY(const std::string name, lex_.name());
    Named& named = names_[name];
    if (named.id == kNoValue) {
      Value value;
      value.name = name;
      named = {graph_.add_value(std::move(value)), false, at};
    }
    return &named;
  }

  Result<ValueId> definition() {
    QUERN_TRY(Named * named, reference());
    if (named->defined) return lex_.error("'%{}' is defined a second time", graph_.value(named->id).name);
    named->defined = true;
    return named->id;
  }

  /// %name, or _ for a value that is absent.
  Result<ValueId> definition_or_none() {
    if (lex_.accept_word("_")) return kNoValue;
    return definition();
  }
  Result<ValueId> use_or_none() {
    if (lex_.accept_word("_")) return kNoValue;
    QUERN_TRY(Named * named, reference());
    return named->id;
  }

  Status input() {
    QUERN_TRY(const ValueId id, definition());
    graph_.inputs.push_back(id);
    QUERN_CHECK(lex_.expect(':'));
    return type(graph_.value(id));
  }

  Status output() {
    do {
      QUERN_TRY(Named * named, reference());
      graph_.outputs.push_back(named->id);
    } while (lex_.accept(','));
    return {};
  }

  Status op() {
    std::vector<ValueId> outputs, inputs;
    do {
      QUERN_TRY(outputs.emplace_back(), definition_or_none());
    } while (lex_.accept(','));
    QUERN_CHECK(lex_.expect('='));
    const size_t at = lex_.position();
    const std::string_view word = lex_.word();
    const auto kind = kind_named(word);
    if (!kind) return lex_.error_at(at, fmt::format("'{}' is not an operator kind", word.substr(0, 40)));
    QUERN_CHECK(lex_.expect('('));
    while (lex_.peek() != ')') {
      QUERN_TRY(inputs.emplace_back(), use_or_none());
      if (!lex_.accept(',')) break;
    }
    QUERN_CHECK(lex_.expect(')'));
    const std::string name = outputs[0] == kNoValue ? std::string() : graph_.value(outputs[0]).name;
    Op& made = graph_.add_op(*kind, name, std::move(inputs), std::move(outputs));
    if (lex_.accept('{')) QUERN_CHECK(attributes(made));
    if (lex_.accept_word("name")) QUERN_CHECK(assigned_text(made.name));
    if (lex_.accept_word("source")) QUERN_CHECK(assigned_text(made.source_kind));
    return lex_.accept(':') ? result_types(made) : Status();
  }

  Status assigned_text(std::string& out) {
    QUERN_CHECK(lex_.expect('='));
    return text_into(out);
  }

  Status result_types(const Op& op) {
    for (size_t i = 0; i < op.outputs.size(); ++i) {
      if (i > 0) QUERN_CHECK(lex_.expect(','));
      if (op.outputs[i] == kNoValue) {
        if (!lex_.accept_word("_")) return lex_.error("expected '_' as the type of an absent output{}", lex_.found());
      } else {
        QUERN_CHECK(type(graph_.value(op.outputs[i])));
      }
    }
    return {};
  }

  Status attributes(Op& op) {
    if (lex_.accept('}')) return {};
    do {
      const size_t at = lex_.position();
      const std::string key(lex_.word());
      QUERN_CHECK(lex_.expect('='));
      FieldParser parser{*this, key, false, {}};
      std::visit([&](auto& attrs) { attrs.fields(parser); }, op.attrs);
      if (!parser.found) {
        return lex_.error_at(at, fmt::format("{} has no attribute '{}'", info(op.kind).name, key.substr(0, 40)));
      }
      QUERN_CHECK(parser.status);
    } while (lex_.accept(','));
    return lex_.expect('}');
  }

  struct FieldParser {
    Parser& parser;
    const std::string& key;
    bool found;
    Status status;
    template <typename T>
    void operator()(const char* name, T& out) {
      if (key != name) return;
      found = true;
      status = parser.field(out);
    }
  };

  template <typename T>
  requires(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) Status field(T& out) {
    QUERN_TRY(out, lex_.number<T>());
    return {};
  }
  Status field(bool& out) {
    if (lex_.accept_word("true")) {
      out = true;
    } else if (lex_.accept_word("false")) {
      out = false;
    } else {
      return lex_.error("expected true or false{}", lex_.found());
    }
    return {};
  }
  Status field(DType& out) {
    const size_t at = lex_.position();
    const auto parsed = parse_dtype(std::string(lex_.word()));
    if (!parsed.ok()) return lex_.error_at(at, parsed.error().message);
    out = *parsed;
    return {};
  }
  Status field(Clamp& out) {
    std::array<float, 2> both{};
    QUERN_CHECK(field(both));
    out = {both[0], both[1]};
    return {};
  }
  template <typename T>
  Status field(std::vector<T>& out) {
    QUERN_CHECK(lex_.expect('['));
    out.clear();
    while (lex_.peek() != ']') {
      QUERN_TRY(out.emplace_back(), lex_.number<T>());
      if (!lex_.accept(',')) break;
    }
    return lex_.expect(']');
  }
  template <typename T, size_t n>
  Status field(std::array<T, n>& out) {
    const size_t at = lex_.position();
    std::vector<T> items;
    QUERN_CHECK(field(items));
    if (items.size() != n) return lex_.error_at(at, fmt::format("expected {} numbers, found {}", n, items.size()));
    std::copy(items.begin(), items.end(), out.begin());
    return {};
  }
  template <NamedEnum E>
  Status field(E& out) {
    const size_t at = lex_.position();
    const std::string_view word = lex_.word();
    const auto names = names_of(out);
    const auto it = std::find(names.begin(), names.end(), word);
    if (it == names.end()) {
      return lex_.error_at(at, fmt::format("'{}' is none of {}", word.substr(0, 40), fmt::join(names, ", ")));
    }
    out = static_cast<E>(it - names.begin());
    return {};
  }

  /// float32[1,N?,3] quant(…); without brackets the shape is not known.
  Status type(Value& value) {
    QUERN_CHECK(field(value.dtype));
    if (lex_.accept('[')) QUERN_CHECK(shape(value));
    if (lex_.accept_word("quant")) QUERN_CHECK(quantization(value.quantization));
    return {};
  }

  Status shape(Value& value) {
    value.shape_known = true;
    while (lex_.peek() != ']') {
      QUERN_CHECK(extent(value));
      if (!lex_.accept(',')) break;
    }
    if (std::all_of(value.symbols.begin(), value.symbols.end(), [](const std::string& s) { return s.empty(); })) {
      value.symbols.clear();
    }
    return lex_.expect(']');
  }

  Status extent(Value& value) {
    const size_t at = lex_.position();
    std::string symbol;
    if (lex_.peek() != '?') {
      QUERN_TRY(symbol, lex_.name());
    }
    if (lex_.accept('?')) {
      value.shape.push_back(-1);
      value.symbols.push_back(symbol);
      return {};
    }
    int64_t fixed = 0;
    const auto [end, code] = std::from_chars(symbol.data(), symbol.data() + symbol.size(), fixed);
    if (code != std::errc() || end != symbol.data() + symbol.size() || fixed < 0 || fixed > Tensor::kMaxBytes) {
      return lex_.error_at(
          at, fmt::format("an extent is a number from 0 to {}, or a name with '?' behind it", Tensor::kMaxBytes));
    }
    value.shape.push_back(fixed);
    value.symbols.emplace_back();
    return {};
  }

  Status quantization(Quantization& q) {
    QUERN_CHECK(lex_.expect('('));
    if (lex_.accept_word("axis")) {
      QUERN_CHECK(lex_.expect('='));
      QUERN_CHECK(field(q.axis));
      QUERN_CHECK(list_named("scales", q.scales));
      QUERN_CHECK(list_named("zero_points", q.zero_points));
    } else {
      QUERN_CHECK(field(q.scales.emplace_back()));
      QUERN_CHECK(lex_.expect(','));
      QUERN_CHECK(field(q.zero_points.emplace_back()));
    }
    return lex_.expect(')');
  }

  template <typename T>
  Status list_named(std::string_view name, std::vector<T>& out) {
    QUERN_CHECK(lex_.expect(','));
    if (!lex_.accept_word(name)) return lex_.error("expected '{}'{}", name, lex_.found());
    QUERN_CHECK(lex_.expect('='));
    return field(out);
  }

  Status constant() {
    QUERN_TRY(const ValueId id, definition());
    QUERN_CHECK(lex_.expect(':'));
    const size_t at = lex_.position();
    QUERN_CHECK(type(graph_.value(id)));
    Value& value = graph_.value(id);
    if (!value.shape_known) return lex_.error_at(at, fmt::format("the constant '%{}' needs a shape", value.name));
    const auto count = element_count(value.shape);
    if (!count.ok()) return lex_.error_at(at, count.error().message);
    constant_bytes_ += *count * static_cast<int64_t>(size_of(value.dtype));
    if (constant_bytes_ > kMaxConstantBytes) {
      return lex_.error_at(
          at, fmt::format("the constants of a text may take at most {} bytes together", kMaxConstantBytes));
    }
    auto made = Tensor::make(value.dtype, value.shape);
    if (!made.ok()) return lex_.error_at(at, made.error().message);
    made->quantization = value.quantization;
    QUERN_CHECK(lex_.expect('='));
    QUERN_CHECK(elements(*made));
    value.constant = *std::move(made);
    return {};
  }

  Status elements(Tensor& tensor) {
    if (lex_.accept_word("elided")) {
      return lex_.error("this constant was left out when the text was printed, so the text cannot be read back");
    }
    return with_storage(tensor.dtype(), [&](auto zero) { return elements_as<decltype(zero)>(tensor); });
  }

  template <typename T>
  Status elements_as(Tensor& tensor) {
    T* out = static_cast<T*>(tensor.mutable_raw());
    if (lex_.accept_word("splat")) {
      T one{};
      QUERN_CHECK(element(tensor.dtype(), one));
      std::fill_n(out, tensor.size(), one);
      return {};
    }
    if (lex_.accept_word("random")) {
      QUERN_TRY(uint64_t state, lex_.number<uint64_t>());
      for (int64_t i = 0; i < tensor.size(); ++i) out[i] = random_element<T>(tensor.dtype(), next_random(state));
      return {};
    }
    return element_list(tensor, out);
  }

  template <typename T>
  Status element_list(const Tensor& tensor, T* out) {
    const size_t at = lex_.position();
    QUERN_CHECK(lex_.expect('['));
    int64_t count = 0;
    while (lex_.peek() != ']') {
      T one{};
      QUERN_CHECK(element(tensor.dtype(), one));
      if (count < tensor.size()) out[count] = one;
      ++count;
      if (!lex_.accept(',')) break;
    }
    if (count != tensor.size()) {
      return lex_.error_at(at, fmt::format("expected {} elements for the shape {}, found {}", tensor.size(),
                                           to_string(tensor.shape()), count));
    }
    return lex_.expect(']');
  }

  template <typename T>
  Status element(DType dtype, T& out) {
    if (dtype == DType::boolean) {
      bool flag = false;
      QUERN_CHECK(field(flag));
      out = static_cast<T>(flag ? 1 : 0);
    } else if (dtype == DType::float16) {
      float wide = 0;
      QUERN_CHECK(field(wide));
      out = static_cast<T>(float_to_half(wide));
    } else {
      QUERN_CHECK(field(out));
    }
    return {};
  }

  TextLexer lex_;
  Graph graph_;
  std::unordered_map<std::string, Named> names_;
  int64_t constant_bytes_ = 0;
};

}  // namespace

Result<Graph> parse_text(const std::string& text) {
  return Parser(text).parse();
}

}  // namespace quern
