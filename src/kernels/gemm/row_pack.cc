#include "kernels/gemm/row_pack.h"

#include <algorithm>
#include <cstring>

namespace quern {

namespace {

template <typename T>
void centre(const std::byte* from, int64_t count, int32_t zero_point, std::byte* to) {
  const auto* in = reinterpret_cast<const T*>(from);
  auto* out = reinterpret_cast<int16_t*>(to);
  const auto z = static_cast<int16_t>(zero_point);  // differences fit 16 bits, so all may wrap on the way
  for (int64_t i = 0; i < count; ++i) out[i] = static_cast<int16_t>(in[i] - z);
}

void flip_sign_bit(const std::byte* from, int64_t count, std::byte* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = from[i] ^ std::byte{0x80};
}

}  // namespace

size_t row_element_bytes(RowForm form) {
  switch (form) {
    case RowForm::centred_int16:
      return 2;
    case RowForm::offset_uint8:
    case RowForm::stored_bytes:
      return 1;
    case RowForm::float32:
      return 4;
  }
  return 0;
}

void pack_row(RowForm form, DType type, int32_t zero_point, const std::byte* from, int64_t count, std::byte* to) {
  if (form == RowForm::centred_int16) {
    if (type == DType::int16) return centre<int16_t>(from, count, zero_point, to);
    if (type == DType::uint16) return centre<uint16_t>(from, count, zero_point, to);
    return type == DType::int8 ? centre<int8_t>(from, count, zero_point, to)
                               : centre<uint8_t>(from, count, zero_point, to);
  }
  if (form == RowForm::offset_uint8 && type == DType::int8) return flip_sign_bit(from, count, to);
  std::memcpy(to, from, static_cast<size_t>(count) * row_element_bytes(form));
}

void fill_row(RowForm form, DType type, int32_t zero_point, int64_t count, std::byte* to) {
  int32_t value = 0;
  if (form == RowForm::stored_bytes) value = zero_point;
  if (form == RowForm::offset_uint8) value = zero_point + (type == DType::int8 ? 128 : 0);
  std::memset(to, value, static_cast<size_t>(count) * row_element_bytes(form));
}

}  // namespace quern
