// Data for calibrate, eval, compare and bench: pictures or arrays from folders, archives, lists and single files.
//
//   open a DataSet -> read a Sample -> prepare_sample -> a model's inputs
//
// What a path holds is told by its content; docs/data.md says how. Nothing is ever unpacked to disk, and memory grows
// with the names of the samples, not with their bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "quern/model.h"
#include "quern/task.h"

namespace quern {

// ---- reading ----

/// Elements without dtype and shape, as in .raw and .bin files: the input that takes them gives both.
using RawBytes = std::vector<std::byte>;

/// A picture or an array of a sample, and the model's input it is for.
struct SamplePart {
  std::string input;  ///< empty: a picture is for every input that takes one, an array for the next input without one
  std::string from;   ///< file, or archive:entry; stands in error sentences
  std::variant<Picture, Tensor, RawBytes> content;
};

/// What a model sees in one run.
struct Sample {
  std::string name;  ///< unique within its source: the path inside a folder or archive, or as the list gives it
  std::vector<SamplePart> parts;
};

struct DataOptions {
  int64_t samples = 0;  ///< how many to take; 0: all
  uint64_t seed = 0;    ///< which, when there are more than that; the same seed takes the same samples everywhere
};

/// The indices, in order, that a selection out of `available` takes.
std::vector<int64_t> select_samples(int64_t available, const DataOptions& options);

/// The samples of one or several paths, one at a time. The order is that of the paths; within a path, folders are in
/// order of their names (bytewise), archives and lists in their own. A selection keeps that order.
class DataSet {
 public:
  /// Lists every path: a folder, a tar (plain or compressed), a list file, a picture, or an array file.
  /// Errors: not_found, io, invalid_file (damaged, empty, or named twice), invalid_argument (pictures beside arrays).
  static Result<DataSet> open(const std::vector<std::string>& paths, const DataOptions& options = {});
  ~DataSet();
  DataSet(DataSet&&) noexcept;
  DataSet& operator=(DataSet&&) noexcept;

  /// Samples taken, and samples there were to take from.
  int64_t size() const;
  int64_t available() const;
  /// Name of sample i, without reading it. Requires 0 <= i < size().
  const std::string& name(int64_t i) const;
  /// Reads sample i. Any order will do, but a compressed archive is read from its start when i goes back.
  /// Errors: as read_picture and read_npy, naming file and entry.
  Result<Sample> read(int64_t i);
  /// What was left out or decided, as sentences.
  const std::vector<std::string>& notes() const;

 private:
  struct State;
  explicit DataSet(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// ---- filling a model's inputs ----

/// A model's inputs, filled from a sample.
struct PreparedSample {
  std::vector<Tensor> tensors;     ///< in the order of the inputs
  Geometry geometry;               ///< of the first input that took a picture
  std::vector<std::string> notes;  ///< what was decided on the caller's behalf, as sentences
};

/// The part that each input takes, in the order of `inputs`; shapes are not looked at. A lone picture without a name is
/// every input's. Errors: invalid_argument for an input without a part, a part without an input, an unknown name.
Result<std::vector<const SamplePart*>> assign_parts(const Sample& sample, std::span<const ValueInfo> inputs);

/// Pictures by prepare_picture, arrays by fit_array, raw bytes as the input's own dtype and shape.
/// Errors: as those; the sentence begins with the part's file.
Result<PreparedSample> prepare_sample(const Sample& sample, const Preprocess& record,
                                      std::span<const ValueInfo> inputs);

/// The array as the input wants it: its own dtype is taken as it is; float32 into a quantized 8-bit input is quantized
/// by the input's scale and zero point, with a note; anything else is refused (invalid_argument).
Result<Tensor> fit_array(const Tensor& array, const ValueInfo& input, std::vector<std::string>& notes);

}  // namespace quern
