#pragma once

namespace atelier::app {

// Documented in docs/command-line.md.
enum ExitCode : int {
  kSuccess = 0,
  kFailure = 1,        // the work could not be done; the message says why
  kUsage = 2,          // the command line or a setting is wrong
  kBadInput = 3,       // the story or a file it names is wrong; nothing was written
  kUnavailable = 4,    // a server, worker or disk is not there or full: try again later
  kNotMet = 5,         // an audit was made, and an objective is not met
  kInterrupted = 130,  // Ctrl-C; nothing half-written is left
};

}  // namespace atelier::app
