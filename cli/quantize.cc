// quern quantize MODEL -o OUT: calibrate, make integers, write, and say what it cost.
#include <chrono>

#include "calibration.h"
#include "quantize_options.h"
#include "quantize_output.h"
#include "quern/file.h"
#include "verbs.h"

namespace quern::cli {

namespace {

Result<int> quantize_model(const QuantizeWords& words, const Voice& voice) {
  const auto start = std::chrono::steady_clock::now();
  auto options = quantize_options(words);
  if (!options.ok()) return options.status();
  auto loaded = load(words.model, voice);
  if (!loaded.ok()) return loaded.status();
  auto model = take_batch_of_one(*loaded, voice);
  if (!model.ok()) return model.status();
  auto record = record_of(words);
  if (!record.ok()) return record.status();
  auto set = CalibrationSet::open({words.data, {words.samples, words.seed}, *std::move(record)}, *model, voice);
  if (!set.ok()) return set.status();
  auto result = quantize(*model, set->source(), *options);
  if (!result.ok()) return result.status();
  if (const Status saved = save_model(result->model, words.out); !saved.ok()) return saved;
  auto file = read_file(words.out);
  if (!file.ok()) return file.status();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const QuantizedFile written{words.model.file, words.out, *file, seconds};
  say(voice, text_of(*result, written));
  if (const Status given = give_json(voice, json_of(*result, written)); !given.ok()) return given;
  return static_cast<int>(kDone);
}

}  // namespace

Action add_quantize(CLI::App& app) {
  auto words = std::make_shared<QuantizeWords>();
  add_options(app, *words);
  return [words](const Voice& voice) { return quantize_model(*words, voice); };
}

}  // namespace quern::cli
