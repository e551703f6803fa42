// quern: one binary, verbs, long options. What it prints and returns is a contract: docs/cli.md.
#include <algorithm>
#include <csignal>
#include <map>

#include "nearest.h"
#include "verbs.h"

namespace quern::cli {
namespace {

struct VerbRow {
  const char* name;
  const char* about;
  const char* examples;
  Action (*add)(CLI::App& app);
};

constexpr VerbRow kVerbs[] = {
    {"inspect", "what a model is: inputs, outputs, operators, quantization, placement",
     "  quern inspect model.tflite --ops\n  quern inspect model.onnx --graph text --shape images:1x3x320x320\n",
     add_inspect},
    {"run", "run a model on pictures or arrays",
     "  quern run model.tflite picture.jpg --task classify --labels labels.txt\n"
     "  quern run model.onnx --input images=x.npy --output-dir out\n",
     add_run},
    {"quantize", "make an 8-bit model from a float one and samples",
     "  quern quantize model.onnx -o int8.onnx --data calibration.tar --task classify\n"
     "  quern quantize model.onnx -o int8.onnx --data arrays/ --calibration mse --methods bias-correct\n",
     add_quantize},
    {"build", "compile a model for a target into one file that a board runs",
     "  quern build int8.onnx -o model.quern --task classify --labels labels.txt\n"
     "  quern run model.quern picture.jpg\n",
     add_build},
    {"compare", "how far a model is from another, where it begins, why, and what would mend it",
     "  quern compare float.onnx int8.onnx --data pictures --task classify\n"
     "  quern compare float.onnx int8.onnx --input x.npy --layers --min-cosine 0.98\n",
     add_compare},
    {"eval", "accuracy on labelled pictures: top-1 and top-5, or average precision",
     "  quern eval model.onnx --data pictures --labels truth.txt --task classify\n"
     "  quern eval model.onnx --data val2017 --labels instances_val2017.json --task nanodet_plus\n",
     add_eval},
    {"bench", "how long a run takes: median with its interval, percentiles, operators; several models in turn",
     "  quern bench int8.onnx float.onnx --threads 1\n  quern bench model.quern --profile\n", add_bench},
    {"tasks", "what the numbers of a model can mean", "  quern tasks\n  quern tasks nanodet --json\n", add_tasks},
    {"targets", "where models can run, and what this machine has",
     "  quern targets\n  quern targets sim:ax620 --vnpu 111\n", add_targets},
    {"demo", "the whole journey on the model and pictures that ship with Quern", "  quern demo --out demo-out\n",
     add_demo},
};

/// Options whose value may be left out; written with their meaning so that they never eat the next word.
constexpr std::pair<const char*, const char*> kBareOptions[] = {{"--json", "--json=-"},
                                                                {"--require-npu", "--require-npu=100"}};

std::vector<std::string> normalized(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  for (std::string& word : words) {
    for (const auto& [bare, full] : kBareOptions) {
      if (word == bare) word = full;
    }
  }
  return words;
}

/// --json is looked for before parsing, so that a usage error is JSON too.
Voice early_voice(const std::vector<std::string>& words) {
  Voice voice;
  voice.json = std::find(words.begin(), words.end(), "--json=-") != words.end();
  return voice;
}

void add_voice(CLI::App& app, Voice& voice, std::string& json) {
  app.add_option("--json", json, "one JSON object on stdout; =FILE writes it to a file beside the human text")
      ->type_name("[=FILE]");
  app.add_flag("-q,--quiet", voice.quiet, "say nothing but errors");
  app.add_flag("-v,--verbose", voice.verbose, "say more");
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// " , did you mean X" when some known word is near.
std::string suggestion(const std::string& wish, const std::vector<std::string>& known) {
  const std::string near = nearest(wish, known);
  return near.empty() ? "" : fmt::format(", did you mean '{}'", near);
}

/// The first word that looks like an option and is none of `app`'s.
std::string unknown_option(const CLI::App& app, const std::vector<std::string>& words) {
  const std::vector<std::string> known = option_names(app);
  for (const std::string& word : words) {
    const std::string name = word.substr(0, word.find('='));
    if (name.starts_with("--") && std::find(known.begin(), known.end(), name) == known.end()) return name;
  }
  return "";
}

/// One sentence for CLI11's complaint, with the nearest spelling for an unknown option or verb.
std::string complaint(const CLI::ParseError& error, const CLI::App& app, const std::vector<std::string>& words) {
  const auto verbs = app.get_subcommands();
  if (verbs.empty() && !words.empty() && !words[0].starts_with("-")) {
    std::vector<std::string> known;
    for (const VerbRow& verb : kVerbs) known.emplace_back(verb.name);
    return fmt::format("there is no verb '{}'{}; see quern --help", words[0], suggestion(words[0], known));
  }
  const CLI::App& where = verbs.empty() ? app : *verbs.front();
  const std::string help = verbs.empty() ? "quern --help" : "quern " + where.get_name() + " --help";
  if (const std::string name = unknown_option(where, words); !name.empty()) {
    return fmt::format("there is no option '{}'{}; see {}", name, suggestion(name, option_names(where)), help);
  }
  return fmt::format("{}; see {}", error.what(), help);
}

int parse_and_act(const std::vector<std::string>& words) {
  CLI::App app{"Quern takes a trained vision model to an int8 NPU and proves that it still works.", "quern"};
  app.set_version_flag("--version", "quern " QUERN_VERSION);
  app.require_subcommand(1);
  Voice voice = early_voice(words);
  std::string json;
  std::map<std::string, Action> actions;
  for (const VerbRow& row : kVerbs) {
    CLI::App* verb = app.add_subcommand(row.name, row.about);
    verb->footer(std::string("Examples:\n") + row.examples);
    add_voice(*verb, voice, json);
    actions[row.name] = row.add(*verb);
  }
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::Success& answer) {
    return app.exit(answer);
  } catch (const CLI::ParseError& error) {
    return give_error(voice, {ErrorCode::invalid_argument, complaint(error, app, words)});
  }
  voice.json = json == "-";
  voice.json_file = voice.json ? "" : json;
  const Result<int> done = actions[app.get_subcommands().front()->get_name()](voice);
  return done.ok() ? *done : give_error(voice, done.error());
}

}  // namespace
}  // namespace quern::cli

int main(int argc, char** argv) {
  using quern::ErrorCode;
  std::signal(SIGPIPE, SIG_IGN);  // a closed pager is a write error, not a death
  const auto words = quern::cli::normalized(argc, argv);
  const auto report = [&](ErrorCode code, const std::string& sentence) {
    return quern::cli::give_error(quern::cli::early_voice(words), {code, sentence});
  };
  try {
    return quern::cli::parse_and_act(words);
  } catch (const std::bad_alloc&) {
    return report(ErrorCode::out_of_memory, "this machine has no memory left for that; try smaller input shapes");
  } catch (const std::exception& bug) {
    return report(ErrorCode::internal,
                  fmt::format("a bug in Quern: {}; please report it with the command", bug.what()));
  }
}
