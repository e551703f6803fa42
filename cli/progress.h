// A line that counts, on a terminal only.
#pragma once

#include <chrono>
#include <string>

#include "output.h"

namespace quern::cli {

class Progress {
 public:
  /// `what` is counted: "pictures".
  Progress(const Voice& voice, std::string what, int64_t all);
  /// Wipes the line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(int64_t done);

 private:
  std::string what_;
  int64_t all_;
  bool on_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace quern::cli
