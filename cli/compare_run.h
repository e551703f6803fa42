// One comparison from samples to a report: what compare and quantize --report do alike.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compare_data.h"
#include "quern/measure.h"
#include "quern/task.h"

namespace quern::cli {

struct Models {
  Model reference;
  Model candidate;
};

/// Decodes the outputs of both, and keeps the first pictures with what was found on them.
struct TaskSide {
  Task task;
  Preprocess record;
  TaskOptions options = {};
  TaskDifference difference = {};
  bool keep_pictures = false;
  std::vector<ReportPicture> pictures = {};

  static constexpr size_t kPictures = 6;

  /// `task` and `preprocess` as the user gave them; empty: tensors, and the task's record.
  static Result<TaskSide> load(const std::string& task, const std::string& preprocess, bool keep_pictures);
  bool decodes() const { return task.name != "tensor"; }
  Status add(std::span<const NamedTensor> reference, std::span<const NamedTensor> candidate, const Geometry& geometry,
             const Sample& sample);

 private:
  Status keep(const Sample& sample, const TaskResult& ours, const TaskResult& theirs);
};

Result<Comparison> run_comparison(const Voice& voice, const Models& models, CompareSamples& samples, TaskSide& task,
                                  const CompareOptions& options);

/// What the files of both are called on the page.
struct ReportNames {
  std::string reference;
  std::string candidate;
};
/// Takes the pictures out of `task`. `facts`: of a candidate that was just made.
Status write_report(const std::string& file, const ReportNames& names, const Comparison& found, TaskSide& task,
                    std::optional<QuantizationFacts> facts = {});
/// invalid_argument unless the name is a page's.
Status check_report_name(const std::string& file);

}  // namespace quern::cli
