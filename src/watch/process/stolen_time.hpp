#pragma once

#include <chrono>
#include <iosfwd>
#include <mutex>
#include <vector>

namespace atelier::watch {

// For how long each processor of a virtual machine was taken from it, by its number, since it booted: proc_stat(5),
// the column "steal", in `tick`s. Empty where it is not of that form.
std::vector<std::chrono::nanoseconds> read_stolen(std::istream& proc_stat, std::chrono::nanoseconds tick);

// Whether a thread that was late was without a processor though the system thought that it ran: the machine's host gave
// it to another guest. Thread-safe.
class StolenTime {
 public:
  // To be called often: what is told reaches back to the last note but one.
  void note();
  // Of the processor that this thread is on, lately. 0 where nobody noted, or the system does not say.
  std::chrono::nanoseconds lately() const;

 private:
  using PerProcessor = std::vector<std::chrono::nanoseconds>;
  mutable std::mutex mutex_;
  PerProcessor before_, last_;
};

}  // namespace atelier::watch
