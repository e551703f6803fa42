// One reader for every verb that goes through data.
#include <optional>
#include <random>

#include "base/error.h"
#include "quern/data.h"
#include "quern/file.h"
#include "tasks/data_kind.h"
#include "tasks/data_listing.h"
#include "tasks/tar_stream.h"

namespace quern {

namespace {

/// Room for the largest tensor and a header.
constexpr int64_t kMaxPartBytes = Tensor::kMaxBytes + 65536;

Error with_file(Error error, const std::string& path) {
  error.file = path;
  return error;
}

Status read_part(const std::string& input, const std::string& path, Sample& sample) {
  QUERN_TRY(const std::vector<std::byte> bytes, read_file(path, kMaxPartBytes));
  const Status read = decode_parts(bytes, tell_kind(bytes, path), input, path, sample);
  return read.ok() ? read : with_file(read.error(), path);
}

}  // namespace

/// Knuth's selection sampling (The Art of Computer Programming, 3.4.2 S), with integers alone so that it is the same
/// everywhere.
std::vector<int64_t> select_samples(int64_t available, const DataOptions& options) {
  const bool all = options.samples <= 0 || options.samples >= available;
  const auto wanted = static_cast<uint64_t>(all ? available : options.samples);
  std::mt19937_64 random(options.seed);
  std::vector<int64_t> taken;
  for (int64_t i = 0; i < available; ++i) {
    if (all || random() % static_cast<uint64_t>(available - i) < wanted - taken.size()) taken.push_back(i);
  }
  return taken;
}

struct DataSet::State {
  std::vector<DataItem> items;
  int64_t available = 0;
  std::vector<std::string> notes;
  std::string open_path;  ///< of the archive that stands open
  std::optional<TarStream> open_tar;

  Status read_entry(const DataItem& item, Sample& sample);
};

/// Goes on from where the archive stands; from its start when the entry lies behind.
Status DataSet::State::read_entry(const DataItem& item, Sample& sample) {
  if (open_path != item.archive || !open_tar || open_tar->at() >= item.ordinal) {
    QUERN_TRY(open_tar, TarStream::open(item.archive));
    open_path = item.archive;
  }
  TarEntry entry;
  while (open_tar->at() < item.ordinal) {
    QUERN_TRY(const bool more, open_tar->next(entry));
    if (!more) break;
  }
  const std::string from = item.archive + ":" + item.name;
  if (open_tar->at() != item.ordinal || entry.name != item.name) {
    return with_file(fail(ErrorCode::io, "'{}' changed while it was read", item.archive), item.archive);
  }
  QUERN_TRY(const std::vector<std::byte> bytes, open_tar->read(kMaxPartBytes + 1));
  if (static_cast<int64_t>(bytes.size()) > kMaxPartBytes) {
    return with_file(fail(ErrorCode::out_of_memory, "'{}' has more than {} bytes", from, kMaxPartBytes), item.archive);
  }
  const Status read = decode_parts(bytes, tell_kind(bytes, item.name), "", from, sample);
  return read.ok() ? read : with_file(read.error(), item.archive);
}

DataSet::DataSet(std::unique_ptr<State> state) : state_(std::move(state)) {}
DataSet::~DataSet() = default;
DataSet::DataSet(DataSet&&) noexcept = default;
DataSet& DataSet::operator=(DataSet&&) noexcept = default;

Result<DataSet> DataSet::open(const std::vector<std::string>& paths, const DataOptions& options) {
  if (paths.empty()) return fail(ErrorCode::invalid_argument, "no data was given");
  DataListing listing;
  for (const std::string& path : paths) QUERN_CHECK(list_data(path, listing));
  auto state = std::make_unique<State>();
  state->available = static_cast<int64_t>(listing.items.size());
  state->notes = std::move(listing.notes);
  if (options.samples > state->available) {
    state->notes.push_back(
        fmt::format("{} samples were asked for, but there are {}; all were taken", options.samples, state->available));
  }
  for (const int64_t i : select_samples(state->available, options))
    state->items.push_back(std::move(listing.items[static_cast<size_t>(i)]));
  return DataSet(std::move(state));
}

int64_t DataSet::size() const {
  return static_cast<int64_t>(state_->items.size());
}

int64_t DataSet::available() const {
  return state_->available;
}

const std::string& DataSet::name(int64_t i) const {
  return state_->items[static_cast<size_t>(i)].name;
}

const std::vector<std::string>& DataSet::notes() const {
  return state_->notes;
}

Result<Sample> DataSet::read(int64_t i) {
  const DataItem& item = state_->items[static_cast<size_t>(i)];
  Sample sample{item.name, {}};
  if (!item.archive.empty()) QUERN_CHECK(state_->read_entry(item, sample));
  for (const auto& [input, path] : item.parts) QUERN_CHECK(read_part(input, path, sample));
  return sample;
}

}  // namespace quern
