// The pictures that a truth names, through a model.
#include <algorithm>
#include <map>

#include "eval.h"
#include "progress.h"
#include "stopwatch.h"

namespace quern::cli {

namespace {

std::string last_part(const std::string& name) {
  return name.substr(name.find_last_of('/') + 1);
}

std::string whole_name(const std::string& name) {
  return name.starts_with("./") ? name.substr(2) : name;
}

/// Samples by name; -1 where several have it.
std::map<std::string, int64_t> samples_by(const DataSet& data, std::string (*key)(const std::string&)) {
  std::map<std::string, int64_t> found;
  for (int64_t i = 0; i < data.size(); ++i) {
    const auto [at, fresh] = found.emplace(key(data.name(i)), i);
    if (!fresh) at->second = -1;
  }
  return found;
}

/// The sample of each name under `key`; the names without one go to `missing`.
std::vector<int64_t> look_up(const DataSet& data, const std::vector<std::string>& names,
                             std::string (*key)(const std::string&), std::vector<std::string>& missing) {
  const auto samples = samples_by(data, key);
  std::vector<int64_t> found;
  for (const std::string& name : names) {
    const auto at = samples.find(key(name));
    found.push_back(at == samples.end() ? -1 : at->second);
    if (found.back() < 0) missing.push_back(name);
  }
  return found;
}

Error lacking(const EvalJob& job, const std::vector<std::string>& missing) {
  std::string some;
  for (size_t i = 0; i < std::min<size_t>(missing.size(), 3); ++i)
    some += fmt::format("{}'{}'", i ? ", " : "", missing[i]);
  Error error{
      ErrorCode::not_found,
      fmt::format("'{}' names {} picture{} that the data lacks or has twice: {}{}; names are relative to --data",
                  job.truth_file, missing.size(), missing.size() == 1 ? "" : "s", some,
                  missing.size() > 3 ? ", …" : "")};
  error.file = job.truth_file;
  return error;
}

std::vector<NamedTensor> named_outputs(const Session& session, const std::vector<Tensor>& outputs) {
  std::vector<NamedTensor> named;
  for (size_t i = 0; i < outputs.size(); ++i) named.push_back({session.outputs()[i].name, outputs[i]});
  return named;
}

/// What one picture gave.
struct Answer {
  Geometry geometry;
  TaskResult result;
  StageTimes times;
  std::vector<std::string> notes;
};

Result<Answer> run_one(EvalJob& job, int64_t sample_index) {
  Answer answer;
  Stopwatch watch;
  auto sample = job.data.read(sample_index);
  if (!sample.ok()) return sample.status();
  answer.times.decode = watch.lap_ms();
  auto prepared = prepare_sample(*sample, job.picture.preprocess, job.session.inputs());
  if (!prepared.ok()) return prepared.status();
  answer.geometry = prepared->geometry;
  answer.notes = prepared->notes;
  answer.times.prepare = watch.lap_ms();
  auto outputs = job.session.run(prepared->tensors);
  if (!outputs.ok()) return outputs.status();
  answer.times.infer = watch.lap_ms();
  auto result =
      finish_task(job.picture.task, named_outputs(job.session, *outputs), answer.geometry, job.picture.options);
  if (!result.ok()) return result.status();
  answer.result = *std::move(result);
  answer.notes.insert(answer.notes.end(), answer.result.notes.begin(), answer.result.notes.end());
  answer.times.finish = watch.lap_ms();
  return answer;
}

}  // namespace

Result<std::vector<TruthPicture>> find_pictures(const Voice& voice, const EvalJob& job,
                                                const std::vector<std::string>& names, Json& json) {
  std::vector<std::string> missing;
  std::vector<int64_t> samples = look_up(job.data, names, whole_name, missing);
  if (!missing.empty()) {
    std::vector<std::string> still_missing;
    samples = look_up(job.data, names, last_part, still_missing);
    if (!still_missing.empty()) return lacking(job, missing);
    note(voice, fmt::format("the names of '{}' were matched by their last part alone ('{}')", job.truth_file,
                            last_part(names[0])));
  }
  if (job.data.size() > static_cast<int64_t>(names.size())) {
    note(voice, fmt::format("{} of {} pictures of the data are not in '{}' and were left out",
                            job.data.size() - static_cast<int64_t>(names.size()), job.data.size(), job.truth_file));
  }
  std::vector<TruthPicture> pictures;
  for (const int64_t i : select_samples(static_cast<int64_t>(names.size()), job.selection))
    pictures.push_back({static_cast<size_t>(i), samples[static_cast<size_t>(i)]});
  std::sort(pictures.begin(), pictures.end(),
            [](const TruthPicture& a, const TruthPicture& b) { return a.sample < b.sample; });
  json["data"] = {{"labels", job.truth_file},
                  {"pictures", pictures.size()},
                  {"labelled", names.size()},
                  {"available", job.data.available()},
                  {"seed", job.selection.seed}};
  return pictures;
}

Json to_json(const std::vector<StageTimes>& times) {
  const auto middle = [&](double StageTimes::*stage) {
    std::vector<double> values;
    for (const StageTimes& one : times) values.push_back(one.*stage);
    return median(std::move(values));
  };
  return {{"decode", middle(&StageTimes::decode)},
          {"prepare", middle(&StageTimes::prepare)},
          {"infer", middle(&StageTimes::infer)},
          {"finish", middle(&StageTimes::finish)}};
}

Status run_pictures(const Voice& voice, EvalJob& job, const std::vector<TruthPicture>& pictures, const TakeResult& take,
                    Json& json) {
  Progress progress(voice, "pictures", static_cast<int64_t>(pictures.size()));
  std::vector<StageTimes> times;
  for (const TruthPicture& picture : pictures) {
    auto answer = run_one(job, picture.sample);
    if (!answer.ok()) return answer.status();
    if (times.empty()) {
      for (const std::string& sentence : answer->notes) note(voice, sentence);
    }
    times.push_back(answer->times);
    const Status taken = take(picture, answer->geometry, answer->result);
    if (!taken.ok()) return taken;
    progress.show(static_cast<int64_t>(times.size()));
  }
  json["times_ms"] = to_json(times);
  return {};
}

std::string percent_text(double part, const Interval& interval) {
  return fmt::format("{:.2f} % (95 %: {:.2f} to {:.2f})", 100 * part, 100 * interval.low, 100 * interval.high);
}

Json percent_json(const Interval& interval) {
  return {100 * interval.low, 100 * interval.high};
}

}  // namespace quern::cli
