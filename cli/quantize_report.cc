#include "quantize_report.h"

#include "compare_run.h"
#include "quern/file.h"

namespace quern::cli {

namespace {

/// As many as compare takes without being told: more would change no figure by much.
constexpr int64_t kSamples = 32;

/// Pictures are decoded by the task, arrays are only numbers.
Result<TaskSide> side_of(const QuantizeWords& words, const CompareSamples& samples) {
  return TaskSide::load(samples.pictures() ? words.task : "", words.preprocess, true);
}

}  // namespace

Status check_report(const QuantizeWords& words) {
  if (words.report.empty()) return {};
  if (const Status fine = check_report_name(words.report); !fine.ok()) return fine;
  if (!words.data.empty()) return {};
  return Error{ErrorCode::invalid_argument,
               fmt::format("--report {}: there is nothing to compare on; give --data", words.report)};
}

Status report_quantized(const QuantizeWords& words, const Model& reference, const QuantizeResult& result,
                        const Voice& voice) {
  if (words.report.empty()) return {};
  auto candidate = words.is_package() ? Result<Model>(result.model) : load_model(words.out);
  if (!candidate.ok()) return candidate.status();
  auto samples = CompareSamples::held_out(words.data, {words.samples, words.seed}, kSamples, voice);
  if (!samples.ok()) return samples.status();
  auto task = side_of(words, *samples);
  if (!task.ok()) return task.status();
  auto found = run_comparison(voice, {reference, *candidate}, *samples, *task, {true, 12, 8, words.threads});
  if (!found.ok()) return found.status();
  const QuantizationFacts facts{result.samples, !samples->seen(),  result.recipe,
                                result.methods, result.kept_float, result.notes};
  if (const Status written = write_report(words.report, {words.model.file, words.out}, *found, *task, facts);
      !written.ok())
    return written;
  say(voice, fmt::format("\n{}\nwrote {}\n", found->verdict, words.report));
  return {};
}

}  // namespace quern::cli
