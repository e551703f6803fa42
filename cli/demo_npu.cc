#include "demo_npu.h"

#include <cstring>
#include <filesystem>

#include "pictures.h"
#include "quern/data.h"

namespace quern::cli {

namespace {

constexpr int64_t kCompared = 4;  ///< pictures; a simulator takes its time

bool same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].bytes() != b[i].bytes() || std::memcmp(a[i].raw(), b[i].raw(), static_cast<size_t>(a[i].bytes())) != 0)
      return false;
  }
  return a.size() == b.size();
}

/// Runs some pictures on the processor, by the NPU's rule, and on the NPU.
Status compare_bytes(const Model& model, const NpuPart& part, NpuStory& story) {
  auto compiled = compile(model, {.arithmetic = Arithmetic::fixed_rule});
  if (!compiled.ok()) return compiled.status();
  auto cpu = Session::create(*compiled);
  if (!cpu.ok()) return cpu.status();
  const PictureJob job{part.task, part.task.preprocess, {}, 0, 1};
  story.same_bytes = true;
  for (const auto& entry : std::filesystem::directory_iterator(part.pictures)) {
    if (entry.path().extension() != ".jpg" || story.compared == kCompared) continue;
    const auto ours = run_picture(story.session, entry.path().string(), job);
    if (!ours.ok()) return ours.status();
    const auto theirs = run_picture(*cpu, entry.path().string(), job);
    if (!theirs.ok()) return theirs.status();
    story.same_bytes = story.same_bytes && same(ours->outputs, theirs->outputs);
    ++story.compared;
  }
  return {};
}

double chip_ms(const Session& session) {
  double ms = 0;
  for (const NpuReport& report : session.npu_reports()) ms += report.ms;
  return ms;
}

}  // namespace

Result<NpuStory> tell_npu(const Model& model, const NpuPart& part) {
  auto compiled = compile(model, {.target = part.target, .require_npu_pct = 100});
  if (!compiled.ok()) return compiled.status();
  PackageInfo info{QUERN_VERSION, model.info()};
  info.source.file = std::filesystem::path(info.source.file).filename().string();
  info.options = {{"--target", part.target}};
  info.task = task_record(part.task);
  if (const Status saved = save_package(*compiled, info, part.file); !saved.ok()) return saved;
  auto package = load_package(part.file);
  if (!package.ok()) return package.status();
  auto session = Session::create(package->model);
  if (!session.ok()) return session.status();
  NpuStory story{*std::move(session), package->model.placement()};
  story.chip_ms = chip_ms(story.session);
  story.package_bytes = static_cast<int64_t>(std::filesystem::file_size(part.file));
  if (const Status compared = compare_bytes(model, part, story); !compared.ok()) return compared;
  return story;
}

std::string npu_line(const NpuStory& story, const NpuPart& part) {
  const Placement& placement = story.placement;
  const std::string left =
      placement.cpu_operators == 0 ? "" : fmt::format(", {} without macs on the cpu", placement.cpu_operators);
  return fmt::format(
      "  npu   {:.2f} ms a run on a simulated {}, {} kB package; {} operators there{}; outputs of {} pictures {} the "
      "cpu's, byte for byte\n",
      story.chip_ms, part.target.substr(part.target.find(':') + 1), story.package_bytes / 1000, placement.npu_operators,
      left, story.compared, story.same_bytes ? "equal" : "DIFFER from");
}

Json npu_json(const NpuStory& story, const NpuPart& part) {
  return {{"target", part.target},
          {"package", part.file},
          {"package_bytes", story.package_bytes},
          {"chip_ms", story.chip_ms},
          {"compared_pictures", story.compared},
          {"same_bytes", story.same_bytes},
          {"placement", to_json(story.placement)}};
}

}  // namespace quern::cli
