#include "compare_data.h"

#include <algorithm>

#include "inputs.h"

namespace quern::cli {

namespace {

constexpr int64_t kDefaultSamples = 32;
constexpr int64_t kDefaultRandom = 4;

Error usage(std::string sentence) {
  return {ErrorCode::invalid_argument, std::move(sentence)};
}

/// All --input files as the parts of one sample.
Result<Sample> sample_of(const std::vector<std::string>& words, const Model& model) {
  Sample all;
  for (const std::string& word : words) {
    const NamedInput named = parse_input(word, model.inputs());
    auto set = DataSet::open({named.file});
    if (!set.ok()) return set.status();
    auto sample = set->read(0);
    if (!sample.ok()) return sample.status();
    for (SamplePart& part : sample->parts) {
      if (!named.name.empty()) part.input = named.name;
      all.parts.push_back(std::move(part));
    }
    all.name += (all.name.empty() ? "" : ", ") + named.file;
  }
  return all;
}

bool has_picture(const Sample& sample) {
  return std::ranges::any_of(sample.parts,
                             [](const SamplePart& part) { return std::holds_alternative<Picture>(part.content); });
}

}  // namespace

Result<CompareSamples> CompareSamples::open(const CompareSource& source, const Model& reference, const Voice& voice) {
  const int kinds = (source.data.empty() ? 0 : 1) + (source.inputs.empty() ? 0 : 1) + (source.random ? 1 : 0);
  if (kinds != 1) return usage("nothing to compare on: give one of --data PATH, --input FILE and --random SEED");
  CompareSamples samples;
  samples.inputs_ = reference.inputs();
  samples.random_ = source.random;
  if (source.random) {
    samples.size_ = source.samples > 0 ? source.samples : kDefaultRandom;
  } else if (!source.inputs.empty()) {
    auto sample = sample_of(source.inputs, reference);
    if (!sample.ok()) return sample.status();
    samples.pictures_ = has_picture(*sample);
    samples.fixed_ = *std::move(sample);
    samples.size_ = 1;
  } else {
    auto set = DataSet::open(source.data, {source.samples > 0 ? source.samples : kDefaultSamples, source.seed});
    if (!set.ok()) return set.status();
    if (source.samples > 0 || set->available() != set->size()) {
      for (const std::string& sentence : set->notes()) note(voice, sentence);
    }
    if (source.samples == 0 && set->available() > set->size())
      note(voice, fmt::format("{} of {} samples are compared; --samples takes more", set->size(), set->available()));
    samples.size_ = set->size();
    samples.set_ = *std::move(set);
    auto first = samples.set_->read(0);
    if (!first.ok()) return first.status();
    samples.pictures_ = has_picture(*first);
  }
  return samples;
}

Result<CompareSamples> CompareSamples::held_out(const std::vector<std::string>& data, const DataOptions& selection,
                                                int64_t most, const Voice& voice) {
  CompareSamples samples;
  auto set = DataSet::open(data);
  if (!set.ok()) return set.status();
  const std::vector<int64_t> taken = select_samples(set->size(), selection);
  std::vector<int64_t> left;
  for (int64_t i = 0; i < set->size(); ++i) {
    if (!std::ranges::binary_search(taken, i)) left.push_back(i);
  }
  if (left.empty()) {
    note(voice,
         "--report: calibration took all samples, so the report is of samples that it has seen; --samples N keeps "
         "the others for the report");
    left = taken;
    samples.seen_ = true;
  }
  samples.set_ = *std::move(set);
  if (const Status chosen = samples.choose(left, most, voice); !chosen.ok()) return chosen;
  return samples;
}

/// Broken samples are left out, as calibration leaves them out.
Status CompareSamples::choose(const std::vector<int64_t>& from, int64_t most, const Voice& voice) {
  const auto all = static_cast<int64_t>(from.size());
  const int64_t wanted = std::min(all, most);
  Status broken;
  for (int64_t i = 0; i < wanted; ++i) {
    const int64_t index = from[static_cast<size_t>(i * all / wanted)];
    auto sample = set_->read(index);
    if (sample.ok()) {
      chosen_.push_back(index);
      pictures_ = has_picture(*sample);
    } else if (sample.error().code == ErrorCode::invalid_file) {
      broken = sample.status();
      note(voice, fmt::format("--report: left out: {}", sample.error().message));
    } else {
      return sample.status();
    }
  }
  size_ = static_cast<int64_t>(chosen_.size());
  return size_ > 0 ? Status() : broken;
}

int64_t CompareSamples::size() const {
  return size_;
}

Result<Sample> CompareSamples::random_sample(int64_t index) const {
  Sample sample;
  sample.name = fmt::format("random {}", *random_ + static_cast<uint64_t>(index));
  for (size_t i = 0; i < inputs_.size(); ++i) {
    auto tensor = random_input(inputs_[i], *random_ + 1000 * static_cast<uint64_t>(index) + i);
    if (!tensor.ok()) return tensor.status();
    sample.parts.push_back({inputs_[i].name, sample.name, *std::move(tensor)});
  }
  return sample;
}

Result<Sample> CompareSamples::read(int64_t index) {
  if (set_) return set_->read(chosen_.empty() ? index : chosen_[static_cast<size_t>(index)]);
  if (fixed_) return *fixed_;
  return random_sample(index);
}

}  // namespace quern::cli
