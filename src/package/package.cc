// A compiled model to one file and back.
#include <cstring>

#include "base/error.h"
#include "base/mapped_file.h"
#include "package/info.h"
#include "package/plan_bytes.h"
#include "package/plan_check.h"
#include "package/sections.h"
#include "plan/describe.h"
#include "plan/plan.h"
#include "plan/program_bytes.h"
#include "plan/program_check.h"
#include "quern/compile.h"
#include "quern/file.h"

namespace quern {

namespace {

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  return {bytes.begin(), bytes.end()};
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Says in which file it was.
template <typename T>
Result<T> in_file(Result<T> result, const std::string& path) {
  if (result.ok() || !result.error().file.empty()) return result;
  Error error = result.error();
  error.message = fmt::format("'{}': {}", path, error.message);
  error.file = path;
  return error;
}

Result<ReadPlan> plan_of(const Sections& sections) {
  QUERN_TRY(const auto bytes, sections.get("plan"));
  ByteReader in(bytes, sections.where("plan"));
  return read_plan(in);
}

int64_t size_of_section(const Sections& sections, const std::string& name) {
  for (const Sections::Entry& entry : sections.entries()) {
    if (entry.name == name) return static_cast<int64_t>(entry.bytes);
  }
  return 0;
}

/// The elements out of the file.
Status take_constants(const Sections& sections, ReadPlan& read) {
  QUERN_TRY(const auto bytes, sections.get("constants"));
  for (PlannedConstant& constant : read.constants) {
    if (constant.offset < 0) {
      read.plan.constants.emplace_back();
      continue;
    }
    QUERN_TRY(Tensor tensor, Tensor::make(constant.dtype, constant.shape));
    if (tensor.bytes() > 0)
      std::memcpy(tensor.mutable_raw(), bytes.data() + constant.offset, static_cast<size_t>(tensor.bytes()));
    tensor.quantization = std::move(constant.quantization);
    read.plan.constants.push_back(std::move(tensor));
  }
  return {};
}

std::string program_name(size_t index) {
  return fmt::format("program {}", index);
}

int count_programs(const Sections& sections) {
  size_t count = 0;
  while (sections.has(program_name(count))) ++count;
  return static_cast<int>(count);
}

/// The partitions' programs, each checked against the plan's values.
Status take_programs(const Sections& sections, Plan& plan) {
  for (size_t i = 0; sections.has(program_name(i)); ++i) {
    QUERN_TRY(const auto bytes, sections.get(program_name(i)));
    QUERN_TRY(Program program, read_program(bytes));
    QUERN_CHECK(check_program(program, plan.values));
    plan.programs.push_back(std::make_shared<const Program>(std::move(program)));
  }
  return {};
}

std::vector<PackageSection> describe(const Sections& sections) {
  std::vector<PackageSection> rows;
  for (const Sections::Entry& entry : sections.entries()) {
    std::string sum;
    for (const std::byte byte : entry.sum) sum += fmt::format("{:02x}", static_cast<unsigned>(byte));
    rows.push_back({entry.name, static_cast<int64_t>(entry.offset), static_cast<int64_t>(entry.bytes), sum});
  }
  return rows;
}

/// Everything but the constants and programs, checked.
struct Opened {
  Sections sections;
  ReadInfo about;
  ReadPlan read;
};

Result<Opened> open_sections(const MappedFile& file, const std::string& path) {
  QUERN_TRY(Sections sections, Sections::open(file.bytes(), path));
  QUERN_TRY(const auto info, sections.get("info"));
  QUERN_TRY(ReadInfo about, read_info(text_of(info)));
  if (sections.has("table")) {
    QUERN_TRY(const auto table, sections.get("table"));
    about.info.table = text_of(table);
  }
  QUERN_TRY(ReadPlan read, plan_of(sections));
  QUERN_CHECK(check_plan(read, size_of_section(sections, "constants"), count_programs(sections)));
  return Opened{std::move(sections), std::move(about), std::move(read)};
}

Result<Package> open_to_run(const std::string& path) {
  QUERN_TRY(const MappedFile file, MappedFile::open(path));
  QUERN_TRY(Opened opened, open_sections(file, path));
  QUERN_CHECK(take_constants(opened.sections, opened.read));
  QUERN_CHECK(take_programs(opened.sections, opened.read.plan));
  return Package{CompiledModel(std::move(opened.read.plan), std::move(opened.about.placement)),
                 std::move(opened.about.info), describe(opened.sections)};
}

Result<PackageSummary> open_to_look(const std::string& path) {
  QUERN_TRY(const MappedFile file, MappedFile::open(path));
  QUERN_TRY(Opened opened, open_sections(file, path));
  const Plan& plan = opened.read.plan;
  int64_t macs = 0;
  for (const PlanStep& step : plan.steps) macs += step.macs;
  return PackageSummary{plan.name,
                        plan.arithmetic,
                        std::move(opened.about.info),
                        std::move(opened.about.placement),
                        describe(plan, plan.inputs),
                        describe(plan, plan.outputs),
                        macs,
                        plan.arena_bytes,
                        describe(opened.sections)};
}

}  // namespace

Result<bool> is_package_file(const std::string& path) {
  QUERN_TRY(const MappedFile file, MappedFile::open(path));
  return is_package(file.bytes());
}

Status save_package(const CompiledModel& model, const PackageInfo& info, const std::string& path) {
  PlanBytes plan = write_plan(model.plan());
  std::vector<Section> sections;
  sections.push_back({"info", bytes_of(info_json(info, model.placement()))});
  if (!info.table.empty()) sections.push_back({"table", bytes_of(info.table)});
  sections.push_back({"plan", std::move(plan.plan)});
  const auto& programs = model.plan().programs;
  for (size_t i = 0; i < programs.size(); ++i) sections.push_back({program_name(i), write_program(*programs[i])});
  sections.push_back({"constants", std::move(plan.constants)});
  const std::vector<std::byte> file = write_sections(sections);
  if (static_cast<int64_t>(file.size()) > Tensor::kMaxBytes) {
    return fail(ErrorCode::out_of_memory, "the package has {} bytes; the limit is {}", file.size(), Tensor::kMaxBytes);
  }
  return write_file(path, file);
}

Result<Package> load_package(const std::string& path) {
  return in_file(open_to_run(path), path);
}

Result<PackageSummary> peek_package(const std::string& path) {
  return in_file(open_to_look(path), path);
}

}  // namespace quern
