#include "progress.h"

#include <unistd.h>

#include <cstdio>

namespace quern::cli {

namespace {

constexpr std::chrono::milliseconds kBetween{200};

}  // namespace

Progress::Progress(const Voice& voice, std::string what, int64_t all)
    : what_(std::move(what)), all_(all), on_(!voice.quiet && ::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (drawn_) fmt::print(stderr, "\r\033[K");
}

void Progress::show(int64_t done) {
  draw(fmt::format("{} of {} {}", done, all_, what_));
}

void Progress::show(const std::string& what, double share) {
  draw(fmt::format("{} {:.0f} %", what, 100 * share));
}

void Progress::draw(const std::string& line) {
  const auto now = std::chrono::steady_clock::now();
  if (!on_ || now - last_ < kBetween) return;
  last_ = now;
  drawn_ = true;
  fmt::print(stderr, "\r{}\033[K", line);
  std::fflush(stderr);
}

}  // namespace quern::cli
