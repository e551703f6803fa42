#include "quantize_package.h"

#include <filesystem>

#include "machine_options.h"
#include "package_output.h"
#include "quern/file.h"
#include "quern/task.h"

namespace quern::cli {

namespace {

CompileOptions compile_options(const QuantizeWords& words) {
  MachineOptions machine;
  if (!words.target.empty()) machine.target = words.target;
  machine.vnpu = words.vnpu;
  machine.auto_rewrite = words.auto_rewrite;
  machine.arithmetic = words.arithmetic;
  return machine.compile_options();
}

/// One sum over the sums of all samples, in order.
Result<std::string> mark_of(const CalibrationData& data) {
  std::string sums;
  for (int64_t i = 0; i < data.count; ++i) {
    auto sample = data.read(i);
    if (!sample.ok()) return sample.status();
    for (const Tensor& part : *sample)
      sums += sha256({static_cast<const std::byte*>(part.raw()), static_cast<size_t>(part.bytes())});
  }
  return sha256(std::as_bytes(std::span(sums.data(), sums.size())));
}

/// The task with the record that calibrated, or the record alone.
Result<std::string> record_text(const QuantizeWords& words) {
  if (words.task.empty() && words.preprocess.empty()) return std::string();
  auto task = load_task(words.task.empty() ? "tensor" : words.task);
  if (!task.ok()) return task.status();
  auto record = record_of(words);
  if (!record.ok()) return record.status();
  task->preprocess = *std::move(record);
  return task_record(*task);
}

}  // namespace

Status save_quantized_package(const QuantizeWords& words, const Model& source, const QuantizeResult& result,
                              const CalibrationData& data) {
  auto compiled = compile(result.model, compile_options(words));
  if (!compiled.ok()) return as_usage(compiled.error());
  PackageInfo info{QUERN_VERSION, source.info()};
  info.source.file = std::filesystem::path(info.source.file).filename().string();
  info.options = {{"--target", compiled->placement().target}, {"--arithmetic", to_string(compiled->arithmetic())}};
  if (words.auto_rewrite) info.options.emplace_back("--auto-rewrite", "");
  info.table = table_text(result.table);
  info.calibration_samples = result.samples;
  auto record = record_text(words);
  if (!record.ok()) return record.status();
  info.task = *std::move(record);
  if (data.count > 0) {
    auto mark = mark_of(data);
    if (!mark.ok()) return mark.status();
    info.calibration_sha256 = *std::move(mark);
  }
  return save_package(*compiled, info, words.out);
}

Status say_quantized_package(const Voice& voice, const QuantizeWords& words, const QuantizeResult& result) {
  auto package = peek_package(words.out);
  if (!package.ok()) return package.status();
  std::string text = "\n" + package_text(*package) + "\n";
  for (const OutputRow& row : result.outputs) {
    text +=
        fmt::format("Layer: {}  2-norm RE: {:.2f}%  cosine-sim: {:.4f}\n", row.name, 100 * row.relative_l2, row.cosine);
  }
  say(voice, text);
  return {};
}

}  // namespace quern::cli
