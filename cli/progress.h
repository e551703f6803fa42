// A line that counts or says how much is done, on a terminal only.
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
  /// `what` is done to `share` of 1.
  void show(const std::string& what, double share);

 private:
  void draw(const std::string& line);

  std::string what_;
  int64_t all_;
  bool on_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace quern::cli
