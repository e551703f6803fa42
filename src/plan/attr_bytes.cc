#include "plan/attr_bytes.h"

#include "graph/enum_names.h"

namespace quern {

namespace {

class Writer {
 public:
  explicit Writer(ByteWriter& out) : out_(out) {}

  template <typename T>
  void operator()(const char*, const T& field) {
    put(field);
  }

 private:
  template <typename T>
  void put(const T& value) {
    out_.number(value);
  }
  void put(const Clamp& clamp) {
    out_.number(clamp.low);
    out_.number(clamp.high);
  }
  template <size_t n>
  void put(const std::array<int64_t, n>& numbers) {
    for (int64_t number : numbers) out_.number(number);
  }
  template <typename T>
  void put(const std::vector<T>& list) {
    out_.count(list.size());
    for (T number : list) out_.number(number);
  }

  ByteWriter& out_;
};

class Reader {
 public:
  explicit Reader(ByteReader& in) : in_(in) {}

  template <typename T>
  void operator()(const char*, T& field) {
    get(field);
  }

 private:
  template <typename T>
  void get(T& value) {
    value = in_.number<T>();
    if constexpr (NamedEnum<T>) {
      if (static_cast<size_t>(value) >= names_of(value).size()) in_.refuse("an attribute's word does not exist");
    } else if constexpr (std::is_same_v<T, DType>) {
      if (value > DType::boolean) in_.refuse("an element type does not exist");
    }
  }
  void get(Clamp& clamp) {
    clamp.low = in_.number<float>();
    clamp.high = in_.number<float>();
  }
  template <size_t n>
  void get(std::array<int64_t, n>& numbers) {
    for (int64_t& number : numbers) number = in_.number<int64_t>();
  }
  template <typename T>
  void get(std::vector<T>& list) {
    list.resize(in_.count(sizeof(T)));
    for (T& number : list) number = in_.number<T>();
  }

  ByteReader& in_;
};

}  // namespace

void write_attrs(const Attrs& attrs, ByteWriter& out) {
  std::visit([&](auto own) { own.fields(Writer(out)); }, attrs);
}

Attrs read_attrs(OpKind kind, ByteReader& in) {
  Attrs attrs = default_attrs(kind);
  std::visit([&](auto& own) { own.fields(Reader(in)); }, attrs);
  return attrs;
}

}  // namespace quern
