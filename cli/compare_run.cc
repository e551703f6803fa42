#include "compare_run.h"

#include <set>

#include "progress.h"
#include "quern/file.h"

namespace quern::cli {

Result<TaskSide> TaskSide::load(const std::string& name, const std::string& preprocess, bool keep_pictures) {
  auto task = load_task(name.empty() ? "tensor" : name);
  if (!task.ok()) return as_usage(task.error());
  TaskSide side{*task, task->preprocess};
  side.keep_pictures = keep_pictures;
  if (!preprocess.empty()) {
    auto record = load_preprocess(preprocess);
    if (!record.ok()) return record.status();
    side.record = *record;
  }
  return side;
}

Status TaskSide::add(std::span<const NamedTensor> reference, std::span<const NamedTensor> candidate,
                     const Geometry& geometry, const Sample& sample) {
  auto ours = finish_task(task, reference, geometry, options);
  if (!ours.ok()) return ours.status();
  auto theirs = finish_task(task, candidate, geometry, options);
  if (!theirs.ok()) return theirs.status();
  difference.add(*ours, *theirs);
  return keep_pictures && pictures.size() < kPictures ? keep(sample, *ours, *theirs) : Status();
}

Status TaskSide::keep(const Sample& sample, const TaskResult& ours, const TaskResult& theirs) {
  for (const SamplePart& part : sample.parts) {
    const auto* picture = std::get_if<Picture>(&part.content);
    if (picture == nullptr) continue;
    auto left = draw_result(*picture, ours);
    if (!left.ok()) return left.status();
    auto right = draw_result(*picture, theirs);
    if (!right.ok()) return right.status();
    pictures.push_back({sample.name, *std::move(left), *std::move(right)});
    return {};
  }
  return {};
}

Result<Comparison> run_comparison(const Voice& voice, const Models& models, CompareSamples& samples, TaskSide& task,
                                  const CompareOptions& options) {
  Progress progress(voice, "samples", samples.size());
  Geometry geometry;
  Sample last;
  std::set<std::string> said;
  CompareData data;
  data.size = samples.size();
  data.read = [&](int64_t index) -> Result<ComparePair> {
    progress.show(index + 1);
    auto sample = samples.read(index);
    if (!sample.ok()) return sample.status();
    std::vector<std::string> notes;
    auto pair = prepare_pair(*sample, task.record, models.reference, models.candidate, notes);
    if (!pair.ok()) return pair;
    for (const std::string& sentence : notes) {
      if (said.insert(sentence).second) note(voice, sentence);
    }
    geometry = pair->geometry;
    last = *std::move(sample);
    return pair;
  };
  if (task.decodes()) {
    data.seen = [&](int64_t, std::span<const NamedTensor> reference, std::span<const NamedTensor> candidate) {
      return task.add(reference, candidate, geometry, last);
    };
  }
  return compare(models.reference, models.candidate, data, options);
}

Status write_report(const std::string& file, const ReportNames& names, const Comparison& found, TaskSide& task,
                    std::optional<QuantizationFacts> facts) {
  ReportDetails details{names.reference, names.candidate, task.task.name, {}, std::move(task.pictures)};
  if (task.decodes()) details.difference = task.difference;
  details.facts = std::move(facts);
  const auto page = comparison_html(found, details);
  if (!page.ok()) return page.status();
  return write_file(file, *page);
}

Status check_report_name(const std::string& file) {
  if (file.ends_with(".html") || file.ends_with(".htm")) return {};
  return Error{ErrorCode::invalid_argument,
               fmt::format("--report {}: a report is a page; give it a name that ends in .html", file)};
}

}  // namespace quern::cli
