// What the system says of the machine and of this process.
#include <sched.h>
#include <sys/resource.h>

#include <fstream>
#include <thread>

#include "quern/measure.h"

namespace quern {

MachineInfo machine_info() {
  MachineInfo machine{"an unnamed processor", static_cast<int>(std::thread::hardware_concurrency())};
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) machine.cores = CPU_COUNT(&allowed);
  std::ifstream about("/proc/cpuinfo");
  for (std::string line; std::getline(about, line);) {
    const size_t colon = line.find(": ");
    if (!line.starts_with("model name") || colon == std::string::npos) continue;
    machine.cpu = line.substr(colon + 2);
    break;
  }
  return machine;
}

int64_t peak_rss_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

}  // namespace quern
