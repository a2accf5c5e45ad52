#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/double/message.hpp"
#include "tests/double/persona.hpp"

namespace atelier::doubles {

using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC: comparable with other processes of the machine

// One request as the double saw it, and what became of it.
struct Seen {
  std::uint64_t number = 0;        // from 1
  std::uint64_t connection = 0;    // from 1: tells whether one was used again
  std::optional<Persona> persona;  // nullopt: nobody serves that path
  std::string method, target, path;
  Fields fields;
  std::string body;                                        // of a form: its fields and files as JSON, without bytes
  std::string model;                                       // as it came, with its faults
  std::string faults;                                      // all that applied, by suffix and by rule
  std::string key;                                         // as it was given, valid or not
  int status = 0;                                          // 0: nothing was answered yet
  Clock::time_point received_at;                           // all of it
  std::optional<Clock::time_point> answered_at = {};       // the first byte was with the kernel
  std::optional<Clock::time_point> ended_at = {};          // the last byte was, or the connection is gone
  std::optional<Clock::time_point> client_closed_at = {};  // the end of its connection was seen before the answer's
  std::uint64_t sent_bytes = 0;
  bool is_success = false;  // a whole, good answer went out
};

// How often the requests that bear a marker, "[marker x]" anywhere in the body, came and got a whole, good answer.
struct MarkerCount {
  std::uint64_t received = 0, answered = 0;
};

struct Stats {
  std::uint64_t requests = 0;  // and those of load mode
  std::uint64_t successes = 0;
  std::uint64_t in_flight = 0, in_flight_max = 0;  // requests between their last byte and the end of their answer
  std::uint64_t connections = 0, connections_open = 0, connections_max = 0;
};

// What the double saw. Written by its loop, read by anyone.
class Journal {
 public:
  explicit Journal(std::size_t seen_max) : seen_max_(seen_max) {}

  std::uint64_t begin(Seen seen);  // its number
  void change(std::uint64_t number, const std::function<void(Seen&)>& how);
  // The end of one begun. With number 0, of one that is only counted.
  void end(std::uint64_t number, bool is_success, std::uint64_t sent_bytes);
  void count_unseen();  // a request of load mode
  std::uint64_t connection_opened();
  void connection_closed();

  std::vector<Seen> all() const;
  std::vector<Seen> since(std::uint64_t number) const;
  std::optional<Seen> find(std::uint64_t number) const;
  std::map<std::string, MarkerCount> markers() const;
  Stats stats() const;
  void forget();  // all requests and markers; high-water marks begin anew, numbers go on

  // Waits until `is_so`, which is asked with the journal locked at every change.
  bool wait(const std::function<bool(const std::deque<Seen>&)>& is_so, std::chrono::milliseconds timeout) const;

 private:
  Seen* at(std::uint64_t number);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::size_t seen_max_;
  std::deque<Seen> seen_;  // the oldest are dropped
  std::uint64_t next_number_ = 1;
  std::map<std::string, MarkerCount> markers_;
  std::map<std::uint64_t, std::string> open_markers_;  // of requests that have not ended
  Stats stats_;
};

}  // namespace atelier::doubles
