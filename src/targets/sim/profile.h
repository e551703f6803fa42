// A chip that the simulated NPU can be: its figures, its virtual-NPU modes and the operators it takes, read from a file
// of config/targets/ (docs/npu_targets.md is the schema `quern.target/1`). Plain data behind a complete check:
// whoever holds a TargetProfile need not doubt it. docs/npu.md says what the machine makes of the figures.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/op.h"
#include "quern/status.h"

namespace quern {

/// Where a figure comes from.
enum class FigureOrigin : uint8_t {
  published,  ///< the maker or a measured benchmark says so; `source` names the page
  fitted,     ///< found by scripts/fit_targets over published latencies
  chosen,     ///< ours: a choice or a rule of thumb, and `source` says of which kind
};

/// One figure's origin. `figure` is its place in the file, e.g. "dma.gb_per_s".
struct Provenance {
  std::string figure;
  FigureOrigin origin = FigureOrigin::chosen;
  std::string source;
};

/// What the overhead is charged for.
enum class OverheadRule : uint8_t {
  layer,  ///< every layer
  level,  ///< once for all layers as far from the model's inputs: parallel branches hide it
};

/// The numbers of a machine. 1 GB is 1e9 bytes.
struct TargetFigures {
  double clock_mhz = 1000;
  int64_t macs_per_cycle_int8 = 1;   ///< of the convolution engine, 8-bit activations and weights
  int64_t macs_per_cycle_int16 = 1;  ///< with 16-bit activations and 8-bit weights
  double mac_efficiency = 1;         ///< share of those that a dense product reaches, 0…1
  int64_t channels_in = 1;           ///< gi: input channels are rounded up to a multiple of it
  int64_t channels_out = 1;          ///< go: output channels likewise
  double depthwise_gmac_per_s = 1;   ///< rate of depthwise convolution
  double vector_gb_per_s = 1;        ///< bytes in and out of pooling, element-wise, look-up and move operators
  int64_t scratch_bytes = 1 << 20;
  int64_t scratch_banks = 1;
  double dma_gb_per_s = 1;
  double dma_latency_us = 0;  ///< of each transfer, before its first byte
  double layer_us = 0;        ///< overhead a layer or level
  double run_us = 0;          ///< overhead of starting the machine
};

/// Bounds, both included.
struct Bounds {
  int64_t low = std::numeric_limits<int64_t>::min();
  int64_t high = std::numeric_limits<int64_t>::max();
  bool holds(int64_t value) const { return low <= value && value <= high; }
};

/// How a stride may equal its kernel beyond the listed strides.
enum class StrideForm : uint8_t { square, tall, wide };  ///< (n,n), (n,1), (1,n)

/// What a target asks of an operator. A limit that a row does not name is not there.
struct OperatorRule {
  std::vector<OpKind> kinds;                        ///< the row holds for each of them
  bool on_npu = true;                               ///< false: known, and carried out on the CPU
  std::vector<DType> types;                         ///< of activations; never empty
  std::optional<Bounds> kernel;                     ///< height and width of the window
  std::optional<Bounds> kernel_extent;              ///< the same with dilation: (k-1)*d+1
  std::optional<Bounds> dilation;                   ///< height and width
  std::optional<Bounds> pad;                        ///< each side
  std::optional<Bounds> channels_in, channels_out;  ///< of the whole operator, before groups
  std::optional<Bounds> width;                      ///< of the input, without pads
  std::optional<Bounds> window;                     ///< kernel height * kernel width * input channels of a group
  std::optional<Bounds> step;                       ///< of Slice
  std::optional<Bounds> rank;                       ///< of the first input
  std::vector<Pair> strides;                        ///< those allowed; empty: any
  std::vector<StrideForm> stride_as_kernel;         ///< strides allowed besides, when they equal the kernel
  std::vector<int64_t> stride_line_not;             ///< of the forms tall and wide: not these n
  bool output_width_in_strides = false;             ///< output width must be a multiple of the horizontal stride
  bool symmetric_pads = false;                      ///< pads before and after an axis must be equal
  bool no_include_pad = false;                      ///< AveragePool must not count pads
  std::vector<OpKind> only_after;                   ///< input 0 must be the result of one of these; empty: any
  std::vector<std::string> modes;                   ///< of Resize and Pad, in the words of the text form; empty: any
  std::vector<double> pad_values;                   ///< of Pad in constant mode; empty: any
  std::string note;                                 ///< a sentence for the reader; may be empty
};

/// A share of the machine that a model can be made for.
struct TargetMode {
  int64_t id = 0;
  std::string about;
  double share = 1;  ///< of MACs, depthwise, vector, DMA and scratch; what the file states of the mode overrides it
  TargetFigures figures;
  std::vector<Provenance> provenance;  ///< of the figures that the file states of the mode
};

/// How well the estimate meets published latencies. `points` is 0 where there are none.
struct TargetFit {
  int64_t mode = 0;
  int64_t points = 0;
  double median_error_pct = 0;
  double p90_error_pct = 0;
  double max_error_pct = 0;
  double left_out_median_error_pct = 0;  ///< median when each point is predicted from the others
};

struct TargetProfile {
  std::string name;       ///< "ax620"
  std::string about;      ///< one sentence
  TargetFigures figures;  ///< of the selected mode
  OverheadRule overhead = OverheadRule::layer;
  bool fold_kernel_row = false;     ///< fewer input channels than gi: a kernel row joins the channels
  bool fuse_add = false;            ///< a residual addition behind a convolution costs nothing
  std::vector<OpKind> lookup_pass;  ///< activations that cost a pass over the convolution's result; the others are free
  std::vector<OperatorRule> operators;
  int64_t mode = 0;               ///< id of the selected mode; default_mode after parsing
  std::vector<TargetMode> modes;  ///< never empty
  std::vector<Provenance> provenance;
  std::vector<TargetFit> fits;  ///< a row a mode that was held against published latencies
};

/// Multiply-accumulates a second at the peak.
inline double peak_macs_per_s(const TargetFigures& figures, bool int16 = false) {
  return figures.clock_mhz * 1e6 *
         static_cast<double>(int16 ? figures.macs_per_cycle_int16 : figures.macs_per_cycle_int8);
}

/// A profile from the text of a file; `where` names it in errors. The file's default mode is selected.
/// Errors: invalid_file, a sentence with the place, the value, what is allowed, and the nearest spelling of an unknown
/// name.
Result<TargetProfile> parse_profile(std::string_view json, std::string_view where);

/// The profile with another mode selected. Errors: not_found, naming the modes there are.
Result<TargetProfile> with_mode(TargetProfile profile, int64_t mode);

/// The row for this kind, or nullptr: the target does not know the operator.
const OperatorRule* rule_for(const TargetProfile& profile, OpKind kind);

/// The name behind "sim:", or the file itself: "sim:ax620", "ax620", "sim:my_chip.json", "boards/my_chip.json" (a name
/// that ends in .json is a file). Errors: not_found, io, invalid_file.
Result<TargetProfile> find_profile(const std::string& name_or_file);

/// A file of config/targets/, as it was when Quern was built.
struct ShippedProfile {
  std::string_view name;
  std::string_view json;
};
/// In the order of their names. Their text is checked by the tests.
const std::vector<ShippedProfile>& shipped_profiles();

}  // namespace quern
