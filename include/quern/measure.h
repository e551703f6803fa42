// How good a model's numbers are: a candidate against a reference over data, layer by layer, with causes; and a model's
// labels and boxes against the truth; and how long it takes.
//
//   a CompareData feeds both models -> compare -> a Comparison -> text, JSON, report_html
//   read_class_truth -> run the model on each picture -> measure_classes
//   read_box_truth   -> run the model on each picture -> measure_boxes
//   time_in_turn     -> Times of each -> ratio_of_times
//
// docs/compare.md and docs/measures.md say what every figure means.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quern/data.h"
#include "quern/model.h"
#include "quern/quantize.h"
#include "quern/task.h"

namespace quern {

// ---- distances ----

/// How far q is from a reference r, over all elements of all samples. Elements of which one is not finite and the other
/// is not the same are counted in `not_finite` and left out of everything else.
struct Distance {
  /// SQNR is held in ±kMaxDb: kMaxDb says that nothing differs.
  static constexpr double kMaxDb = 200;

  double cosine = 1;        ///< r·q / (|r| |q|); both all zero: 1, one of them: 0
  double sqnr_db = kMaxDb;  ///< 10 log10(sum r^2 / sum (r - q)^2)
  double relative_l2 = 0;   ///< |r - q| / |r|; infinite when only r is all zero
  double max_abs = 0;       ///< greatest |r - q|
  double mean_abs = 0;
  int64_t elements = 0;
  int64_t not_finite = 0;
};

/// The distance of two arrays of equal shape, each dequantized first. Error: invalid_argument (shapes).
Result<Distance> distance(const Tensor& reference, const Tensor& candidate);

// ---- a comparison ----

/// Inputs of both models for one sample, each in its model's order, dtype and layout.
struct ComparePair {
  std::vector<Tensor> reference;
  std::vector<Tensor> candidate;
  Geometry geometry = {};  ///< of the first input that took a picture
};

/// Where samples come from. Each is read more than once, in order.
struct CompareData {
  int64_t size = 0;
  std::function<Result<ComparePair>(int64_t index)> read;
  /// Called once a sample with the outputs of both; may be empty.
  std::function<Status(int64_t index, std::span<const NamedTensor> reference, std::span<const NamedTensor> candidate)>
      seen = {};
};

/// Inputs of both models from one sample: the same real values for both, whatever their dtypes and layouts.
/// Pictures by `record`; without mean and std, a quantized input of either model decides the range for both.
/// Errors: as prepare_sample; invalid_argument when the models' inputs do not correspond.
Result<ComparePair> prepare_pair(const Sample& sample, const Preprocess& record, const Model& reference,
                                 const Model& candidate, std::vector<std::string>& notes);

struct CompareOptions {
  bool layers = true;  ///< false: outputs only
  int64_t worst = 12;  ///< of how many layers causes are looked for
  int64_t trials = 8;  ///< samples that fixes are tried on, at most
  int threads = 0;     ///< 0: every core
};

/// Why a layer loses more than 8 bits must, and what a fix would give.
struct Cause {
  std::string name;      ///< "clipping", "wide_range", … (docs/compare.md)
  std::string sentence;  ///< the evidence
  std::string fix;       ///< what was tried
  double before_db = 0;  ///< isolated SQNR on the samples of the trial
  double after_db = 0;   ///< the same with the fix
  double gain_db() const { return after_db - before_db; }
};

/// How numbers are spread: counts in equal bins from `low` to `high`, the ends taking what is beyond.
struct Spread {
  double low = 0;
  double high = 0;
  std::vector<double> reference;
  std::vector<double> candidate;
  double stored_low = 0;   ///< the least real value the candidate can store
  double stored_high = 0;  ///< the greatest
};

/// A value that both models have.
struct LayerComparison {
  std::string name;                  ///< the reference's name of the value
  std::string kind;                  ///< of the candidate's operator; "Input" for a model's input
  std::string op;                    ///< the candidate's operator
  std::string dtype;                 ///< as the candidate stores it
  std::optional<Distance> isolated;  ///< the operator alone, fed by the reference
  Distance accumulated;              ///< in the candidate's own run
  double ideal_db = 0;               ///< what the isolated SQNR could be with its bits and a range of its own
  double lost_db = 0;                ///< how far the isolated SQNR is below that; 0 where the error is another layer's
  bool tied = false;                 ///< moves stored values and adds no error
  bool equalized = false;  ///< channels have a factor each in the candidate; errors are in the reference's units
  double clipped_pct = 0;  ///< values of the reference beyond what the candidate can store
  double used_pct = 0;     ///< codes between the least and the greatest that occurred
  std::optional<double> share_pct;  ///< of the error at the outputs, when this layer alone is quantized
  std::optional<Cause> cause;
  std::optional<Spread> spread;  ///< of the worst layers
  std::vector<size_t> reads;     ///< the layers whose values the operator reads, through what moves or converts them
};

/// A name for sentences and narrow columns: converters join the names of all fused operators by ';', the first stands
/// for them.
std::string short_name(const std::string& name);

struct OutputComparison {
  std::string name;
  Distance distance;
};

struct Comparison {
  int64_t samples = 0;
  std::vector<OutputComparison> outputs;
  std::vector<LayerComparison> layers;   ///< in the order of the network
  std::vector<size_t> ranking;           ///< of `layers`, the one that loses most first
  std::optional<size_t> first_offender;  ///< of `layers`
  std::vector<std::string> unmatched;    ///< values of the candidate that the reference does not have
  std::vector<std::string> notes;
  std::string verdict;  ///< one or two sentences
};

/// Runs both over the data. Shapes must be fixed.
/// Errors: invalid_argument (no data; inputs or outputs do not correspond); those of preparing, running and reading.
Result<Comparison> compare(const Model& reference, const Model& candidate, const CompareData& data,
                           const CompareOptions& options = {});

// ---- differences of a task ----

/// What differs after decoding, added up over pictures. Boxes match when class is equal and IoU at least 0.5, best
/// first.
struct TaskDifference {
  int64_t pictures = 0;
  int64_t labelled = 0;  ///< pictures where the reference gave labels
  int64_t top1_flips = 0;
  double topk_overlap_sum = 0;  ///< share of the reference's labels that the candidate gives too, a picture
  int64_t reference_boxes = 0;
  int64_t candidate_boxes = 0;
  int64_t matched = 0;
  double iou_sum = 0;
  double score_difference_sum = 0;  ///< |score - score| over matched boxes
  int64_t missed() const { return reference_boxes - matched; }
  int64_t extra() const { return candidate_boxes - matched; }
  void add(const TaskResult& reference, const TaskResult& candidate);
};

// ---- intervals ----

/// How intervals are found: pictures are drawn anew, as many as there are and with repetition, `rounds` times.
struct Bootstrap {
  int rounds = 1000;
  uint64_t seed = 0;
};

/// The middle 95 % of the rounds' values.
struct Interval {
  double low = 0;
  double high = 0;
};

// ---- truth of classes ----

/// A picture and the class it shows.
struct ClassTruth {
  std::string picture;
  int class_index = 0;
  std::string class_name;  ///< may be empty
};

/// A text file: `picture class_index [class_name]` a line, separated by blanks (by tabs where the line has one); blank
/// lines and lines that start with '#' count for nothing. Errors: as read_file; invalid_file naming the line (no index,
/// a picture twice, two names for a class).
Result<std::vector<ClassTruth>> read_class_truth(const std::string& path);

/// What a model said of one picture.
struct ClassAnswer {
  int truth = 0;
  std::vector<int> best;  ///< classes, best first; at least one, five where there are as many
};

/// One class in the truth.
struct ClassScore {
  int64_t pictures = 0;
  int64_t right = 0;
  int wrong_answer = -1;  ///< the most frequent one, the least index of equals; -1 when all were right
  int64_t wrong_count = 0;
};

/// `truth` was taken for `answer`.
struct Confusion {
  int truth = 0;
  int answer = 0;
  int64_t count = 0;
};

struct ClassReport {
  int64_t pictures = 0;
  double top1 = 0;  ///< parts of 1
  Interval top1_ci95;
  std::optional<double> top5;  ///< with six classes or more
  Interval top5_ci95;
  std::vector<ClassScore> classes;    ///< by class index
  std::vector<Confusion> confusions;  ///< most frequent first; equals by truth, then answer
};

/// Requires answers whose classes are all in 0..classes-1, and at least one answer.
ClassReport measure_classes(std::span<const ClassAnswer> answers, int classes, const Bootstrap& bootstrap = {});

// ---- truth of boxes ----

/// A box in pixels of its picture that a model should find.
struct TrueBox {
  int category = 0;  ///< index into BoxTruth::categories
  double x = 0;      ///< left
  double y = 0;      ///< top
  double width = 0;
  double height = 0;
  double area = 0;     ///< decides small, medium and large: the segment's, where the truth has segments
  bool crowd = false;  ///< a group: boxes inside are neither right nor wrong
};

/// A box that a model found.
struct FoundBox {
  int category = 0;
  double score = 0;
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
};

struct TruePicture {
  std::string file;
  int64_t id = 0;
  int width = 0;  ///< 0 where the truth does not say
  int height = 0;
  std::vector<TrueBox> boxes;
};

struct BoxCategory {
  std::string name;
  int64_t id = 0;
};

/// Pictures and categories in order of their ids.
struct BoxTruth {
  std::vector<TruePicture> pictures;
  std::vector<BoxCategory> categories;
  std::vector<std::string> notes;  ///< what was left out, as sentences
};

/// A COCO annotation file: images, annotations with bbox, categories. Errors: as read_file; invalid_file naming what is
/// missing or doubled, and where.
Result<BoxTruth> read_box_truth(const std::string& path);
/// Whether a truth file holds boxes (JSON) or classes (text), by its first byte that is not blank.
Result<bool> is_box_truth(const std::string& path);

/// The boxes of one picture.
struct JudgedPicture {
  std::vector<TrueBox> truth;
  std::vector<FoundBox> found;
};

/// One category. Nothing where the truth has no box of it.
struct CategoryScore {
  int64_t boxes = 0;           ///< in the truth, without crowds
  std::optional<double> ap;    ///< mean over overlaps 0.50, 0.55 … 0.95
  std::optional<double> ap50;  ///< at overlap 0.50
  std::optional<double> recall;
};

/// As COCO defines them: 101 points of recall, at most 100 boxes a picture and category, means over categories that
/// have boxes in the truth.
struct BoxReport {
  int64_t pictures = 0;
  std::optional<double> map;  ///< mean over overlaps 0.50 … 0.95
  Interval map_ci95;
  std::optional<double> map50;
  Interval map50_ci95;
  std::optional<double> map75;
  std::optional<double> small;   ///< map of boxes up to 32² pixels
  std::optional<double> medium;  ///< up to 96²
  std::optional<double> large;
  std::optional<double> recall;           ///< mean over overlaps and categories
  std::vector<CategoryScore> categories;  ///< by category index
};

/// Requires categories in 0..categories-1. Found boxes of equal score keep their order, pictures theirs.
BoxReport measure_boxes(std::span<const JudgedPicture> pictures, int categories, const Bootstrap& bootstrap = {});

// ---- times ----

/// How long one model's runs took. What follows `ms` is about the runs after the warm-up.
struct Times {
  std::vector<double> ms;  ///< every run in order, the warm-up first
  int64_t warmup = 0;      ///< how many of them belong to it
  double min_ms = 0;
  double median_ms = 0;
  double mean_ms = 0;
  double std_ms = 0;
  double p90_ms = 0;
  double p99_ms = 0;
  Interval median_ci95;  ///< by order statistics: assumes runs that do not depend on each other
  double drift_pct = 0;  ///< the median of the last third over that of the first, minus 1
  bool drifts = false;   ///< by more than 2 %, and the two medians' intervals do not touch
  int64_t outliers = 0;  ///< runs slower than the median by more than 5 robust standard deviations
};

/// `warmup`: how many runs to leave out, or nothing: found from the data. docs/benchmarks.md has the formulas.
/// Requires at least one run after the warm-up.
Times summarize_times(std::vector<double> ms, std::optional<int64_t> warmup = {});

/// How the times of two models relate that ran in turn: median of a over median of b.
struct TimeRatio {
  double median = 1;
  Interval ci95;
  bool significant = false;  ///< 1 is outside the interval
};
/// Rounds are drawn anew in blocks, both models' runs of a round together. Requires both to have equally many runs.
TimeRatio ratio_of_times(const Times& a, const Times& b, const Bootstrap& bootstrap = {});

struct TimingOptions {
  double duration_s = 3;          ///< how long to go on, all together
  std::optional<int64_t> repeat;  ///< runs of each after the warm-up; overrides the duration
  std::optional<int64_t> warmup;  ///< runs of each before; not set: found from the data
  std::function<void(double share)> progress = {};
};
/// Runs each in turn, the one that begins changing from round to round, and takes its time. Error: the first of a run.
Result<std::vector<Times>> time_in_turn(const std::vector<std::function<Status()>>& runs, const TimingOptions& options);

/// The machine that times were taken on.
struct MachineInfo {
  std::string cpu;  ///< as the system calls it
  int cores = 0;    ///< that this process may use
};
MachineInfo machine_info();
/// What a core of this machine multiplies at most with an instruction set's best instruction: GMAC/s of bytes, or of
/// float32, measured now over some 20 ms in registers; 0 where an instruction set has no such loop ("reference").
double peak_gmacs_per_s(const std::string& isa, bool integer);
/// The most memory this process had at once.
int64_t peak_rss_bytes();

// ---- the report ----

/// A picture as both models understood it, drawn on.
struct ReportPicture {
  std::string name;
  Picture reference;
  Picture candidate;
};

/// How the candidate was made, where the page is of a model just quantized.
struct QuantizationFacts {
  int64_t samples = 0;    ///< that calibrated
  bool held_out = false;  ///< the page's samples are others
  std::vector<RecipeRow> recipe;
  std::vector<MethodRow> methods;
  std::vector<std::string> kept_float;
  std::vector<std::string> notes;
};

struct ReportDetails {
  std::string reference;  ///< names of the models
  std::string candidate;
  std::string task;  ///< empty: none
  std::optional<TaskDifference> difference;
  std::vector<ReportPicture> pictures;  ///< shown side by side, in order, as long as the page stays below 5 MB
  std::optional<QuantizationFacts> facts = {};
};

/// One HTML page that needs nothing else: no network, no script; light or dark as the reader's system is.
/// Error: out_of_memory when it would be larger than 5 MB without pictures.
Result<std::string> comparison_html(const Comparison& comparison, const ReportDetails& details);

}  // namespace quern
