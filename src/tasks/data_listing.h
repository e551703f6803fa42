// What samples a path holds, found without reading them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "quern/status.h"

namespace quern {

/// Where one sample is.
struct DataItem {
  std::string name;
  std::string archive;                                          ///< the tar it is in, else empty
  int64_t ordinal = 0;                                          ///< which entry of the tar
  std::vector<std::pair<std::string, std::string>> parts = {};  ///< input name and file, of a sample outside a tar
};

struct DataListing {
  std::vector<DataItem> items;
  std::vector<std::string> notes;
};

/// Appends the samples of a folder, tar, list file, picture or array file. Errors: see DataSet::open.
Status list_data(const std::string& path, DataListing& listing);

}  // namespace quern
