// quern bench MODEL…: how long a run takes, with what can be said about it; several models run in turn.
#include <filesystem>

#include "bench_output.h"
#include "inputs.h"
#include "machine_options.h"
#include "progress.h"
#include "quern/file.h"
#include "runnable.h"
#include "verbs.h"

namespace quern::cli {

namespace {

struct BenchOptions {
  std::vector<std::string> models;
  std::vector<std::string> shapes;
  MachineOptions machine;
  double duration = 3;
  std::optional<int64_t> repeat;
  std::optional<int64_t> warmup;
  int64_t batch = 0;
  bool profile = false;
  std::string trace;
  uint64_t seed = 0;
};

constexpr int kProfiledRuns = 20;

Error usage(std::string sentence) {
  return {ErrorCode::invalid_argument, std::move(sentence)};
}

/// A model that can run, with made-up inputs.
struct Entry {
  std::string file;
  Runnable runnable;
  Session session;
  std::vector<Tensor> inputs;
};

/// "NAME:DIMS" for every input whose first extent is open: the batch.
Result<std::vector<std::string>> batch_shapes(const std::string& file, int64_t batch) {
  auto model = load_model(file);
  if (!model.ok()) return model.status();
  std::vector<std::string> shapes;
  for (const ValueInfo& input : model->inputs()) {
    if (input.shape.empty() || input.shape[0] >= 0) continue;
    Shape shape = input.shape;
    shape[0] = batch;
    shapes.push_back(input.name + ":" + quern::to_string(shape));
  }
  if (!shapes.empty() || batch == 1) return shapes;
  return usage(fmt::format("--batch {}: the inputs of '{}' have a fixed first extent", batch, file));
}

Result<Entry> open_entry(const Voice& voice, const BenchOptions& options, const std::string& file) {
  ModelOptions model{file, options.shapes, {}};
  if (options.batch > 0) {
    auto shapes = batch_shapes(file, options.batch);
    if (!shapes.ok()) return shapes.status();
    model.shapes.insert(model.shapes.end(), shapes->begin(), shapes->end());
  }
  const std::vector<std::string> none;
  auto runnable = make_runnable(voice, {model, none, options.machine, false, true});
  if (!runnable.ok()) return runnable.status();
  auto session = Session::create(runnable->compiled, {options.machine.threads, options.machine.isa, false});
  if (!session.ok()) return session.status();
  Entry entry{file, *std::move(runnable), *std::move(session), {}};
  for (size_t i = 0; i < entry.session.inputs().size(); ++i) {
    auto tensor = random_input(entry.session.inputs()[i], options.seed + i);
    if (!tensor.ok()) return tensor.status();
    entry.inputs.push_back(*std::move(tensor));
  }
  return entry;
}

Result<std::vector<Times>> time_all(const Voice& voice, const BenchOptions& options, std::vector<Entry>& entries) {
  std::vector<std::function<Status()>> runs;
  for (Entry& entry : entries) {
    runs.emplace_back([&entry] {
      auto outputs = entry.session.run(entry.inputs);
      return outputs.ok() ? Status() : outputs.status();
    });
  }
  Progress progress(voice, "", 0);
  TimingOptions timing{options.duration, options.repeat, options.warmup, {}};
  timing.progress = [&](double share) { progress.show("timing", share); };
  return time_in_turn(runs, timing);
}

/// The median of each operator over runs of a session that takes their times.
Result<std::vector<OperatorTime>> profile(const BenchOptions& options, const Entry& entry) {
  auto session = Session::create(entry.runnable.compiled, {options.machine.threads, options.machine.isa, true});
  if (!session.ok()) return session.status();
  std::vector<std::vector<double>> ms(session->steps().size());
  for (int run = 0; run < kProfiledRuns; ++run) {
    auto outputs = session->run(entry.inputs);
    if (!outputs.ok()) return outputs.status();
    for (size_t i = 0; i < ms.size(); ++i) ms[i].push_back(session->steps()[i].last_ms);
  }
  std::vector<OperatorTime> operators;
  for (size_t i = 0; i < ms.size(); ++i)
    operators.push_back({session->steps()[i], summarize_times(std::move(ms[i]), 0).median_ms});
  return operators;
}

Result<std::vector<BenchRow>> measure(const Voice& voice, const BenchOptions& options) {
  std::vector<Entry> entries;
  for (const std::string& file : options.models) {
    auto entry = open_entry(voice, options, file);
    if (!entry.ok()) return entry.status();
    entries.push_back(*std::move(entry));
  }
  auto times = time_all(voice, options, entries);
  if (!times.ok()) return times.status();
  std::vector<BenchRow> rows;
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    BenchRow row{entry.file,
                 entry.runnable.compiled.placement().target,
                 entry.session.threads(),
                 entry.session.isa(),
                 std::move((*times)[i]),
                 {}};
    if (options.profile || !options.trace.empty()) {
      auto operators = profile(options, entry);
      if (!operators.ok()) return operators.status();
      row.operators = *std::move(operators);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<int> bench(const Voice& voice, const BenchOptions& options) {
  if (options.machine.isa == "list") return list_isas(voice);
  if (options.models.empty()) return usage("MODEL is required; see quern bench --help");
  if (!options.trace.empty() && options.models.size() > 1) return usage("--trace shows one model; give one");
  const auto rows = measure(voice, options);
  if (!rows.ok()) return rows.status();
  say(voice, bench_text(*rows, options.profile));
  if (!options.trace.empty()) {
    if (const Status written = write_file(options.trace, trace_of(rows->front())); !written.ok()) return written;
    say(voice, fmt::format("trace: {} (open it in ui.perfetto.dev or chrome://tracing)\n", options.trace));
  }
  if (const Status given = give_json(voice, bench_json(*rows)); !given.ok()) return given;
  return static_cast<int>(kDone);
}

}  // namespace

Action add_bench(CLI::App& app) {
  auto options = std::make_shared<BenchOptions>();
  BenchOptions& o = *options;
  app.add_option("MODEL", o.models, "models or packages; several run in turn and are held against the first");
  app.add_option("--shape", o.shapes, "fix the shape of an input, for example images:1x3x224x224 (repeat)")
      ->type_name("NAME:DIMS")
      ->allow_extra_args(false);
  o.machine.add_to(app);
  app.add_option("--duration", o.duration, "seconds to go on, all models together")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  app.add_option("--repeat", o.repeat, "runs of each model instead of a duration")->check(CLI::Range(1, 1000000));
  app.add_option("--warmup", o.warmup, "runs that do not count (default: found from the data; with --repeat 0)")
      ->check(CLI::Range(0, 1000000));
  app.add_option("--batch", o.batch, "the first extent of inputs that leave it open")->check(CLI::Range(1, 4096));
  app.add_option("--seed", o.seed, "of the made-up inputs")->capture_default_str();
  app.add_flag("--profile", o.profile, "time of every operator");
  app.add_option("--trace", o.trace, "write the operators of a run as Chrome's trace JSON")->type_name("FILE");
  return [options](const Voice& voice) { return bench(voice, *options); };
}

}  // namespace quern::cli
