// From a model to a plan that can run, and the answer to "what runs where".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "quern/model.h"

namespace quern {

struct Plan;

struct CompileOptions {
  /// "cpu", or a simulated NPU: "sim:CHIP", "sim:CHIP/MODE" with one of its virtual-NPU modes (docs/npu_targets.md).
  std::string target = "cpu";
  /// Not given: `float_rule` on the processor, `fixed_rule` on a simulated NPU.
  std::optional<Arithmetic> arithmetic;
  /// Refuse (ErrorCode::placement, with the list of what the CPU would do) when less than this share of the
  /// multiply-accumulates, in percent, would run on the NPU.
  std::optional<double> require_npu_pct;
  /// On a simulated NPU: replace operators that it does not take by others that it does and that give the same bytes
  /// (docs/npu_rewrites.md).
  bool auto_rewrite = false;
  /// Give every value memory of its own, so that a session can show all of them after a run.
  bool keep_values = false;
};

/// Where one operator runs and why.
struct PlacementRow {
  std::string name;
  std::string kind;
  std::string device;  ///< "cpu" or "npu"
  std::string reason;
  /// On a simulated NPU: by how much it carries the end of a run forward. 0 when it is computed with another operator.
  double ms = 0;
};

/// One operator that `auto_rewrite` brought onto the NPU.
struct PlacementRewrite {
  std::string name;
  std::string kind;
  std::string reason;  ///< why it was on the CPU
  std::string change;  ///< what is done instead, as the end of "it …"
  int64_t macs = 0;
};

/// How much runs where.
struct PlacementTotals {
  int64_t npu_operators = 0;
  int64_t cpu_operators = 0;
  double npu_macs_pct = 0;
  int64_t partitions = 0;
  int64_t crossing_bytes = 0;  ///< that partitions read from and give to their outside
  double npu_ms = 0;           ///< for one run at the chip's clock: what the simulator counts, known without running
  double formula_ms = 0;       ///< of the same operators, by the formula that is held against published latencies
  double cpu_ms = 0;           ///< estimated for what is left to the processor beside the NPU (a rule of thumb)
};

/// Where all of them run.
struct Placement : PlacementTotals {
  std::string target;
  std::vector<PlacementRow> rows;
  std::vector<PlacementRewrite> rewrites;    ///< what `auto_rewrite` did
  std::optional<PlacementTotals> unchanged;  ///< with `auto_rewrite`: how it would be without
};

/// The placement as one JSON object, as every verb and a package show it.
std::string placement_json(const Placement& placement);

/// A plan and how it came about. Immutable, cheap to copy.
class CompiledModel {
 public:
  CompiledModel(Plan plan, Placement placement);

  const Plan& plan() const { return *plan_; }
  std::shared_ptr<const Plan> shared_plan() const { return plan_; }
  const Placement& placement() const { return placement_; }
  Arithmetic arithmetic() const;
  std::vector<ValueInfo> inputs() const;
  std::vector<ValueInfo> outputs() const;
  /// Working memory of one run, without constants.
  int64_t arena_bytes() const;

 private:
  std::shared_ptr<const Plan> plan_;
  Placement placement_;
};

/// Prepares, places, orders and allocates. Needs every input's shape.
/// Errors: invalid_argument (an extent is not fixed), not_found (target, mode), placement, unsupported, out_of_memory.
Result<CompiledModel> compile(const Model& model, const CompileOptions& options = {});

// ---- packages (docs/package_format.md) ----

/// What a package says of itself beside the plan.
struct PackageInfo {
  std::string quern_version;  ///< of the Quern that wrote it
  ModelInfo source;           ///< the model it was built from; its `file` is a name without folders
  std::vector<std::pair<std::string, std::string>> options =
      {};                               ///< what was asked for, in the order of the command line
  std::string calibration_sha256 = {};  ///< of the samples it was quantized with; empty: not here
  int64_t calibration_samples = 0;
  std::string task = {};   ///< a task record (load_task); empty: none
  std::string table = {};  ///< the quantization table's text; empty: none
};

/// One part of the file.
struct PackageSection {
  std::string name;
  int64_t offset = 0;
  int64_t bytes = 0;
  std::string sha256;
};

struct Package {
  CompiledModel model;
  PackageInfo info;
  std::vector<PackageSection> sections;
};

/// Whether the file begins as a package. Errors: as read_file.
Result<bool> is_package_file(const std::string& path);
/// Writes one file, whole or not at all: the same arguments give the same bytes. Errors: out_of_memory, io.
Status save_package(const CompiledModel& model, const PackageInfo& info, const std::string& path);
/// Reads and checks all of it; the file is not needed afterwards.
/// Errors: as read_file; invalid_file (damaged: the section is named), unsupported (another version).
Result<Package> load_package(const std::string& path);

/// What can be said of a package without touching its constants or programs.
struct PackageSummary {
  std::string name;
  Arithmetic arithmetic = Arithmetic::float_rule;
  PackageInfo info;
  Placement placement;
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
  int64_t macs = 0;
  int64_t arena_bytes = 0;
  std::vector<PackageSection> sections;
};
Result<PackageSummary> peek_package(const std::string& path);

/// One target, for people who ask what they can use.
struct TargetInfo {
  std::string name;
  std::string about;
  bool available = false;
  std::string reason;  ///< why it is not available, or which variant was found
};
std::vector<TargetInfo> targets();

/// One figure of a simulated target, and where it comes from.
struct TargetFigureRow {
  std::string name;  ///< its place in the target's file, with its unit, e.g. "dma.gb_per_s"
  std::string value;
  std::string origin;  ///< "published", "fitted" or "chosen"
  std::string source;
};

/// A virtual NPU of a simulated target.
struct TargetModeRow {
  int64_t id = 0;
  std::string about;
  bool selected = false;
};

/// Operators that a simulated target takes under the same limits.
struct TargetOperatorRow {
  std::vector<std::string> kinds;
  std::string device;               ///< "npu", or "cpu" where the target knows them and leaves them to the processor
  std::vector<std::string> types;   ///< of activations
  std::vector<std::string> limits;  ///< each as words, e.g. "kernel with dilation 1 to 18"; empty: none
};

/// A simulated target in full: docs/npu_targets.md says what each figure means.
struct TargetDetail {
  TargetInfo info;
  std::vector<TargetFigureRow> figures;  ///< of the selected mode
  std::vector<std::string> lookup_pass;  ///< activations that cost a pass over their convolution's result
  std::vector<TargetModeRow> modes;
  std::vector<TargetOperatorRow> operators;
};

/// `name` is "sim:CHIP", or "sim:FILE.json" for a file of one's own; `mode` the id of a virtual NPU, or the file's
/// default. Errors: not_found (no such target or mode), invalid_argument (the target is not simulated), io,
/// invalid_file.
Result<TargetDetail> describe_target(const std::string& name, std::optional<int64_t> mode = std::nullopt);

}  // namespace quern
