// Post-training quantization: a float model and samples in, an 8-bit model out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quern/model.h"
#include "quern/task.h"

namespace quern {

/// How the range of a stored value is found (docs/calibration.md has the formulas).
enum class Calibration : uint8_t {
  minmax,          ///< the least and greatest number seen
  moving_average,  ///< the mean of the samples' least and greatest
  percentile,      ///< both ends cut so that `percentile` of all numbers are inside
  entropy,         ///< the cut with the least divergence from the true distribution
  mse,             ///< the cut with the least squared error
  automatic,       ///< what does best on samples that were kept back
};
const char* to_string(Calibration calibration);

/// What the numbers of an input can be at all, whatever samples show.
struct InputRange {
  bool known = false;
  float low = 0;
  float high = 0;
};

/// The samples to calibrate with: each is the model's inputs in order, as float32 arrays of exactly the model's shapes.
/// They are read one at a time and several times over.
struct CalibrationData {
  int64_t count = 0;
  std::function<Result<std::vector<Tensor>>(int64_t index)> read;
  /// By input, or empty; full-integer models take a known one for the input's scale.
  std::vector<InputRange> ranges = {};
};

// ---- the table ----

/// A weight stored one code above (+1) or below (-1) the nearest; twice in a row for two codes.
struct RoundedWeight {
  int64_t element = 0;
  int step = 0;
};

/// One line of the table: what decides the integers of one value. docs/table.md draws the text.
struct TableRow {
  enum class Kind : uint8_t {
    value,       ///< an activation: one scale, one zero point
    weights,     ///< constant weights: one scale, or one an output channel
    bias,        ///< `numbers`: the real bias of each output channel
    balance,     ///< `numbers`: what each channel of a value was divided by
    absorb,      ///< `numbers`: what was then taken off each channel, and moved into the biases of its readers
    rounding,    ///< `rounded`: weights that are not stored in the nearest code
    keep_float,  ///< an operator whose arithmetic stays float
  };
  Kind kind = Kind::value;
  std::string name;            ///< of the stored value; of the operator for keep_float
  DType dtype = DType::int8;   ///< value and weights
  std::vector<float> numbers;  ///< scales for value and weights
  int32_t zero_point = 0;      ///< value
  std::vector<RoundedWeight> rounded;
  int line = 0;  ///< in the file it was read from; 0: made, not read
};
const char* to_string(TableRow::Kind kind);

/// The integers of a model beside its float weights, in the order of the network.
struct QuantizationTable {
  std::string file;  ///< for error sentences; empty: made, not read
  std::vector<TableRow> rows;
};

/// Errors: as read_file; invalid_file naming file and line (a word that is none, a scale that is not above 0, a zero
/// point outside the type, a name twice).
Result<QuantizationTable> read_table(const std::string& path);
Result<QuantizationTable> parse_table(const std::string& text, const std::string& path);
/// Aligned text with a heading that explains it. parse_table reads it back to equal rows.
std::string table_text(const QuantizationTable& table);

// ---- rules ----

/// A choice for some operators, or for one value. What is not set stays as it was; later rules override earlier ones.
struct QuantizeRule {
  enum class Selector : uint8_t {
    kind,   ///< operators of this kind
    name,   ///< the operator of this name
    match,  ///< operators whose whole name the regular expression matches
    value,  ///< the value of this name
  };
  Selector selector = Selector::kind;
  std::string word;         ///< the kind, name or regular expression
  bool if_present = false;  ///< a model without any is no error

  std::optional<bool> keep_float;  ///< the arithmetic of the operators
  std::optional<Calibration> calibration;
  double percentile = 99.99;
  std::optional<std::pair<float, float>> range;  ///< of the operators' results, or of the value: nothing is measured
  std::optional<bool> weights_per_channel;
  std::optional<bool> correct_bias;
  std::optional<bool> round;
  std::string where;  ///< "rule 3 of 'f.json'", for error sentences
};

/// A recipe file (docs/recipe.md): JSON with a list of rules. Errors: as read_file; invalid_file naming the rule, or
/// line and column where it is no JSON.
Result<std::vector<QuantizeRule>> read_rules(const std::string& path);
Result<std::vector<QuantizeRule>> parse_rules(const std::string& text, const std::string& path);

// ---- the configuration language of the AX620 tools ----

/// What a configuration asks of quantize, in Quern's words. Paths are as a program opens them.
struct Ax620Request {
  std::string model;              ///< empty: not said
  std::string output;             ///< empty: not said
  std::vector<std::string> data;  ///< empty: not said
  int64_t samples = 0;            ///< drawn at random; 0: all
  Preprocess preprocess;
  bool weights_per_channel = true;
  std::optional<Calibration> calibration;
  std::vector<std::string> keep_float;    ///< as QuantizeOptions::keep_float
  std::vector<std::string> int16;         ///< operators whose inputs are 16 bits wide
  bool compare_layers = false;            ///< say how far every layer is from the float model's
  std::vector<std::string> compare_data;  ///< empty: what calibrates
  int64_t compare_samples = 0;            ///< 0: all
  std::vector<std::string> notes;         ///< what was decided, and what has no effect here, as sentences
};

/// The model that a configuration is about.
struct Ax620Model {
  std::string format;  ///< ModelInfo::format
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
};

/// What the user says elsewhere: the configuration's own words about it are then neither used nor refused.
struct Ax620Overrides {
  bool output = false;
  bool data = false;
  bool preprocess = false;
  bool building = false;  ///< a package follows: what it says about building is used
};

namespace ax620 {
struct Document;
}

/// A configuration file (docs/ax620_config.md): text of protobuf's. Nothing in it is passed over: what Quern cannot do
/// is refused by field, value and line.
class Ax620Config {
 public:
  /// One that says nothing: every default.
  Ax620Config();
  /// Errors: as read_file; invalid_file with line and column (no such field, another type, a contradiction),
  /// unsupported with the line (mixed bits, 4-bit types, YUV pictures …).
  static Result<Ax620Config> read(const std::string& path);
  /// `path` is where the text stands: its folder is what relative paths begin at.
  static Result<Ax620Config> parse(const std::string& text, const std::string& path);

  /// input_path and output_path; empty when not said.
  std::string model() const;
  std::string output() const;
  /// The simulated chip that target_hardware and the virtual NPU mean: "sim:ax620", "sim:ax620/111", "sim:ax630a/311".
  std::string target() const;

  /// Errors: as read, for what depends on the model: colours, channels, layouts, names of tensors.
  Result<Ax620Request> request(const Ax620Model& model, const Ax620Overrides& overrides = {}) const;

  /// This configuration with every default resolved and `effective` in place of what it says itself, for a file in
  /// `folder`. Reading it and saving it there again gives the same text. Words of Quern that the language does not
  /// have are left out, and `notes` names them.
  std::string text(const Ax620Model& model, const Ax620Request& effective, const std::string& folder,
                   std::vector<std::string>& notes) const;

 private:
  std::shared_ptr<const ax620::Document> document_;
};

// ---- a limit: how much may be lost ----

/// What must hold of the 8-bit model; where it does not, the fewest operators are kept in 16 bits or in float.
struct DropLimit {
  /// The most that may be lost: points of `measure`, else the worst output's relative L2 error in percent (an SQNR of
  /// 20 log10(100 / most) dB).
  double most = 0;
  /// A model's task metric in points (0 to 100), more being better. Empty: the outputs' error decides.
  std::function<Result<double>(const Model&)> measure;
  std::string metric;  ///< the measure's name: "top-1"
  std::string labels;  ///< changes whenever the measure would: the ledger's mark of it
  std::string ledger;  ///< file of finished trials, read and written; empty: none
};

/// A model that was tried.
struct DropTrial {
  std::vector<std::string> int16;       ///< operators whose results take 16 bits; an input by its own name
  std::vector<std::string> kept_float;  ///< operators that stay float
  double measured = 0;                  ///< the task metric in points, or the worst output's SQNR in dB
  double drop = 0;                      ///< in DropLimit's terms: what must not be above `most`

  /// Operators of either kind, each once.
  int64_t kept() const;
};

struct DropReport {
  double most = 0;
  std::string metric;               ///< empty: the outputs' error
  std::optional<double> reference;  ///< the float model's metric
  bool met = false;
  std::vector<DropTrial> pareto;  ///< from the fewest kept on: those below whose drop no model with as few kept comes
  size_t chosen = 0;              ///< of `pareto`; where the limit is not met, the one with the least drop
  int64_t tried = 0;              ///< models judged
  int64_t remembered = 0;         ///< of them, taken from the ledger
};

// ---- quantizing ----

struct QuantizeOptions {
  DType activations = DType::int8;  ///< int8 or uint8
  bool symmetric = false;           ///< zero point in the middle
  bool weights_per_channel = true;
  Calibration calibration = Calibration::automatic;
  double percentile = 99.99;
  bool equalize = true;                    ///< balance the channels of neighbouring layers
  bool absorb = true;                      ///< move what channels always carry into the biases of the next layer
  bool correct_bias = true;                ///< take the mean error of each layer out of its bias
  bool round = true;                       ///< search the scales of weights
  std::vector<std::string> keep_float;     ///< regular expressions on operators' names or kinds
  std::vector<std::string> int16;          ///< likewise, or on values' names: what is stored in 16 bits
  std::vector<QuantizeRule> rules;         ///< choices for single operators and values
  std::optional<QuantizationTable> table;  ///< these lines decide; values without a line are calibrated
  /// int8 from the inputs to the outputs, with the scales that TFLite's kernels demand (docs/calibration.md); inputs
  /// and outputs get their channels last. Needs int8 activations. False: the edges and all behind the last matrix
  /// operator stay float.
  bool full_integer = false;
  std::optional<DropLimit> max_drop;                                    ///< not beside a table
  int threads = 0;                                                      ///< 0: every core
  std::function<void(const std::string& what, double share)> progress;  ///< may be empty
};

/// What a method gained, in dB on samples that were kept back.
struct MethodRow {
  std::string name;
  double sqnr_db_before = 0;
  double sqnr_db_after = 0;
  double seconds = 0;
};

/// One choice of the recipe that was kept, in words.
struct RecipeRow {
  std::string what;
  std::string choice;
};

/// One output of the float model against the 8-bit one.
struct OutputRow {
  std::string name;
  double cosine = 0;
  double sqnr_db = 0;
  double relative_l2 = 0;
};

struct QuantizeResult {
  Model model;
  int64_t samples = 0;
  std::vector<MethodRow> methods;
  std::vector<OutputRow> outputs;       ///< over the samples kept back while deciding
  std::vector<std::string> kept_float;  ///< operators whose arithmetic stays float, by wish or by the limit
  std::vector<std::string> kept_int16;  ///< operators whose results take 16 bits; an input by its own name
  std::optional<DropReport> drop;       ///< with QuantizeOptions::max_drop
  QuantizationTable table;              ///< given as an option to the same float model, it gives the same model again
  std::vector<std::string> notes;       ///< decisions taken for the user, as sentences
  std::vector<RecipeRow> recipe = {};   ///< what decided, in words
};

/// Errors: invalid_argument (the model is quantized already, has nothing to quantize, or the options contradict),
/// those of the samples, and invalid_file when a value is not finite. With a limit: those of its measure, and of its
/// ledger (invalid_file: damaged; invalid_argument: of another run). A limit that is not met is no error: the report
/// says so, and the model is the best that was tried.
Result<QuantizeResult> quantize(const Model& model, const CalibrationData& data, const QuantizeOptions& options);

// ---- lint: what can be wrong with a model before it is quantized (docs/lint.md) ----

enum class LintLevel : uint8_t {
  note,     ///< true and worth knowing; nothing has to be done
  warning,  ///< likely to cost accuracy, or a mistake
  error,    ///< cannot be quantized as it stands
};
const char* to_string(LintLevel level);

/// A rule by its name. A finding may be of a lower level than its rule, where the harm is known to be small.
struct LintRule {
  const char* name;
  LintLevel level;
  bool needs_data;     ///< looks at what samples make of the values
  const char* finds;   ///< what is wrong
  const char* advice;  ///< what to do
};
std::span<const LintRule> lint_rules();

struct LintFinding {
  std::string rule;
  LintLevel level = LintLevel::warning;
  std::string op;       ///< the operator, input or output
  std::string value;    ///< what was measured, short: "1:4300", "3 of 64 channels"
  std::string message;  ///< a sentence
  std::string advice;
};

/// The least and greatest number that a record of pre-processing can make of a byte.
struct ExpectedInput {
  double low = 0;
  double high = 0;
  std::string source;  ///< who expects it: "task 'nanodet'"
};

struct LintOptions {
  bool weights_per_channel = true;
  std::vector<std::string> keep_float;    ///< as QuantizeOptions has it
  std::optional<ExpectedInput> expected;  ///< of the model's only picture input
  int threads = 0;
};

/// Looks at the model, and where `data` is not nullptr at up to 8 of its samples. In the order of the rules. Rules that
/// need fixed shapes find nothing while an extent is open, which is a finding itself.
/// Errors: those of preparing, reading samples and running.
Result<std::vector<LintFinding>> lint(const Model& model, const CalibrationData* data, const LintOptions& options = {});

}  // namespace quern
