#include "kernels/move/index_map.h"

#include <cmath>
#include <cstring>
#include <numeric>

#include "base/half.h"
#include "kernels/reference_kernel.h"
#include "kernels/saturate.h"

namespace quern {

namespace {

/// Consecutive bytes of a row that come from consecutive bytes of the input, or are filled.
struct Run {
  int64_t to, from, bytes;  ///< from: kFill, or bytes from the row's start in the input
};

/// Everything but the data of one map, in bytes.
struct Map {
  Shape outer;                                ///< extents of the axes above the row
  std::vector<std::vector<int64_t>> offsets;  ///< bytes into the input for each index of an outer axis, or kFill
  std::vector<Run> runs;
  int64_t row_bytes = 0;
  std::vector<std::byte> fill;
};

bool is_identity(const std::vector<int64_t>& table, int64_t extent) {
  if (static_cast<int64_t>(table.size()) != extent) return false;
  for (size_t i = 0; i < table.size(); ++i) {
    if (table[i] != static_cast<int64_t>(i)) return false;
  }
  return true;
}

std::vector<Run> runs_of(const std::vector<int64_t>& table, int64_t unit) {
  std::vector<Run> runs;
  for (size_t i = 0; i < table.size(); ++i) {
    const int64_t from = table[i] == kFill ? kFill : table[i] * unit;
    const bool extends =
        !runs.empty() && (from == kFill ? runs.back().from == kFill
                                        : runs.back().from != kFill && runs.back().from + runs.back().bytes == from);
    if (extends) {
      runs.back().bytes += unit;
    } else {
      runs.push_back({static_cast<int64_t>(i) * unit, from, unit});
    }
  }
  return runs;
}

Map prepare(const OpCall& call, const AxisTables& tables, const std::vector<std::byte>& fill) {
  const Shape& in = call.inputs[0].shape;
  Map map;
  map.fill = fill;
  auto unit = static_cast<int64_t>(size_of(call.outputs[0].dtype));
  size_t axis = in.size();
  while (axis > 1 && is_identity(tables[axis - 1], in[axis - 1])) unit *= in[--axis];
  if (axis == 0) {
    map.runs = {{0, 0, unit}};
    map.row_bytes = unit;
    return map;
  }
  map.runs = runs_of(tables[axis - 1], unit);
  map.row_bytes = static_cast<int64_t>(tables[axis - 1].size()) * unit;
  int64_t stride = unit * in[axis - 1];
  for (size_t i = axis - 1; i-- > 0; stride *= in[i]) {
    std::vector<int64_t> offsets = tables[i];
    for (int64_t& offset : offsets) offset = offset == kFill ? kFill : offset * stride;
    map.outer.insert(map.outer.begin(), static_cast<int64_t>(tables[i].size()));
    map.offsets.insert(map.offsets.begin(), std::move(offsets));
  }
  return map;
}

void fill_bytes(std::byte* out, int64_t bytes, const std::vector<std::byte>& element) {
  if (element.size() == 1) {
    std::memset(out, std::to_integer<int>(element[0]), static_cast<size_t>(bytes));
    return;
  }
  const auto step = static_cast<int64_t>(element.size());
  for (int64_t i = 0; i < bytes; i += step) std::memcpy(out + i, element.data(), element.size());
}

/// Bytes into the input where row `row` of the output reads, or kFill.
int64_t row_offset(const Map& map, int64_t row) {
  int64_t offset = 0;
  for (size_t axis = map.outer.size(); axis-- > 0;) {
    const int64_t part = map.offsets[axis][static_cast<size_t>(row % map.outer[axis])];
    if (part == kFill) return kFill;
    offset += part;
    row /= map.outer[axis];
  }
  return offset;
}

void copy_row(const Map& map, const std::byte* in, std::byte* out, int64_t row) {
  const int64_t offset = row_offset(map, row);
  out += row * map.row_bytes;
  if (offset == kFill) return fill_bytes(out, map.row_bytes, map.fill);
  for (const Run& run : map.runs) {
    if (run.from == kFill) {
      fill_bytes(out + run.to, run.bytes, map.fill);
    } else {
      std::memcpy(out + run.to, in + offset + run.from, static_cast<size_t>(run.bytes));
    }
  }
}

template <typename T>
std::vector<std::byte> bytes_of(T value) {
  std::vector<std::byte> bytes(sizeof(T));
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

}  // namespace

std::unique_ptr<Kernel> make_index_map(const OpCall& call, const AxisTables& tables,
                                       const std::vector<std::byte>& fill) {
  return make_kernel([map = prepare(call, tables, fill)](const Buffers& b, ThreadPool& pool) {
    const int64_t rows = extent_product(map.outer, 0, map.outer.size());
    pool.parallel_for(rows, grain_for(map.row_bytes), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) copy_row(map, b.in<std::byte>(0), b.out<std::byte>(0), row);
    });
  });
}

std::vector<std::byte> element_bytes(DType type, const Quantization& quantization, double value) {
  if (!quantization.empty()) {
    value = std::nearbyint(value / static_cast<double>(quantization.scales[0])) + quantization.zero_points[0];
  }
  switch (type) {
    case DType::float32:
      return bytes_of(static_cast<float>(value));
    case DType::float16:
      return bytes_of(float_to_half(static_cast<float>(value)));
    case DType::float64:
      return bytes_of(value);
    case DType::int8:
      return bytes_of(saturated<int8_t>(value));
    case DType::uint8:
      return bytes_of(saturated<uint8_t>(value));
    case DType::int16:
      return bytes_of(saturated<int16_t>(value));
    case DType::uint16:
      return bytes_of(saturated<uint16_t>(value));
    case DType::int32:
      return bytes_of(saturated<int32_t>(value));
    case DType::uint32:
      return bytes_of(saturated<uint32_t>(value));
    case DType::int64:
      return bytes_of(saturated<int64_t>(value));
    case DType::uint64:
      return bytes_of(saturated<uint64_t>(value));
    case DType::boolean:
      return bytes_of(static_cast<uint8_t>(value != 0));
  }
  return {};
}

std::vector<int64_t> identity_table(int64_t extent) {
  std::vector<int64_t> table(static_cast<size_t>(extent));
  std::iota(table.begin(), table.end(), int64_t{0});
  return table;
}

}  // namespace quern
