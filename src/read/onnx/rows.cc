#include "read/onnx/rows.h"

namespace quern::onnx {

const Row* find_row(std::string_view domain, std::string_view type) {
  using Rows = std::span<const Row> (*)();
  constexpr Rows kStandard[] = {spatial_rows, linear_rows, elementwise_rows, reduce_rows, normalize_rows,
                                move_rows,    resize_rows, shape_rows,       integer_rows};
  constexpr Rows kMicrosoft[] = {microsoft_rows};
  const std::span<const Rows> families = domain.empty()              ? std::span<const Rows>(kStandard)
                                         : domain == "com.microsoft" ? std::span<const Rows>(kMicrosoft)
                                                                     : std::span<const Rows>();
  for (const Rows rows : families) {
    for (const Row& row : rows()) {
      if (row.type == type) return &row;
    }
  }
  return nullptr;
}

}  // namespace quern::onnx
