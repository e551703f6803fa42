#include "targets/sim/machine/kernels.h"

#include <cstring>

#include "base/checked.h"
#include "base/error.h"
#include "plan/program_pieces.h"

namespace quern::machine {

namespace {

/// Kernels are forgotten, all of them, when their constants exceed this.
constexpr size_t kMostKept = size_t{1} << 29;

/// What tells one call from another, as bytes.
class Key {
 public:
  template <typename T>
  void operator()(const char*, const T& field) {
    add(field);
  }
  template <typename T>
  void add(const T& field) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&field), sizeof(T));
  }
  template <typename T>
  void add(const std::vector<T>& list) {
    add(list.size());
    for (const T& item : list) add(item);
  }
  void add(const Piece& piece) {
    add(is_absent(piece));
    add(piece.dtype);
    add(piece.shape);
    add(piece.quantization);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

std::string key_of(const Computation& computation) {
  Key key;
  key.add(computation.kind);
  std::visit([&](auto attrs) { attrs.fields(key); }, computation.attrs);
  for (const Piece& piece : computation.inputs) key.add(piece);
  for (const Piece& piece : computation.outputs) key.add(piece);
  return key.bytes();
}

Operand operand_of(const Program& program, const Piece& piece) {
  if (is_absent(piece)) {
    Operand absent;
    absent.present = false;
    return absent;
  }
  Quantization quantization;
  if (piece.quantization >= 0) quantization = program.quantizations[static_cast<size_t>(piece.quantization)];
  return {piece.dtype, piece.shape, std::move(quantization), nullptr, true};
}

OpCall call_of(const Program& program, const Computation& computation) {
  OpCall call;
  call.kind = computation.kind;
  call.attrs = computation.attrs;
  call.arithmetic = program.arithmetic;
  for (const Piece& piece : computation.inputs) call.inputs.push_back(operand_of(program, piece));
  for (const Piece& piece : computation.outputs) call.outputs.push_back(operand_of(program, piece));
  return call;
}

/// The constants one behind another, each at a multiple of 64 bytes.
std::vector<std::byte> joined(const ConstantBytes& constants) {
  std::vector<std::byte> bytes;
  for (const auto& one : constants) {
    bytes.insert(bytes.end(), one.begin(), one.end());
    bytes.resize(static_cast<size_t>(round_up(static_cast<int64_t>(bytes.size()), 64)));
  }
  return bytes;
}

bool same(const std::vector<std::byte>& kept, const ConstantBytes& constants) {
  size_t at = 0;
  for (const auto& one : constants) {
    if (!one.empty() && std::memcmp(kept.data() + at, one.data(), one.size()) != 0) return false;
    at = static_cast<size_t>(round_up(static_cast<int64_t>(at + one.size()), 64));
  }
  return true;
}

/// FNV-1a over words of eight bytes, then the rest.
uint64_t hash_of(const ConstantBytes& constants) {
  uint64_t hash = 0xcbf29ce484222325U;
  const auto mix = [&](uint64_t word) { hash = (hash ^ word) * 0x100000001b3U; };
  for (const auto& one : constants) {
    size_t i = 0;
    for (uint64_t word = 0; i + 8 <= one.size(); i += 8) {
      std::memcpy(&word, one.data() + i, 8);
      mix(word ^ (word >> 32));
    }
    for (; i < one.size(); ++i) mix(static_cast<uint64_t>(one[i]));
  }
  return hash;
}

}  // namespace

bool KernelCache::is_constant(OpKind kind, size_t operand) {
  const bool product = kind == OpKind::Conv || kind == OpKind::ConvTranspose || kind == OpKind::FullyConnected;
  return product && operand > 0;
}

Result<size_t> KernelCache::add(const Program& program, const Computation& computation) {
  const auto [at, fresh] = by_key_.emplace(key_of(computation), calls_.size());
  if (!fresh) return at->second;
  OpCall call = call_of(program, computation);
  QUERN_TRY([[maybe_unused]] const ChosenKernel chosen, choose_kernel(call, limit_));
  calls_.push_back({std::move(call), {}});
  return at->second;
}

Result<const Kernel*> KernelCache::kernel(size_t index, const ConstantBytes& constants) {
  const uint64_t hash = hash_of(constants);
  Call& call = calls_[index];
  for (auto [at, end] = call.made.equal_range(hash); at != end; ++at) {
    if (same(at->second.constants, constants)) return at->second.kernel.get();
  }
  Made made{joined(constants), nullptr};
  if (kept_ + made.constants.size() > kMostKept) {
    for (Call& each : calls_) each.made.clear();
    kept_ = 0;
  }
  OpCall known = call.call;
  size_t at = 0;
  for (size_t i = 0; i < constants.size(); ++i) {
    if (constants[i].empty()) continue;
    known.inputs[i].constant = made.constants.data() + at;
    at = static_cast<size_t>(round_up(static_cast<int64_t>(at + constants[i].size()), 64));
  }
  QUERN_TRY(ChosenKernel chosen, choose_kernel(known, limit_));
  made.kernel = std::move(chosen.kernel);
  kept_ += made.constants.size();
  return call.made.emplace(hash, std::move(made))->second.kernel.get();
}

}  // namespace quern::machine
