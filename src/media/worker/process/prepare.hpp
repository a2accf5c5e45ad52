#pragma once

#include "base/error.hpp"

namespace atelier::media::process {

// The worker's first act, before any library starts: makes this process its own session, bound to its parent's life,
// without descriptors, environment, signal handlers or a name that others could use. Nothing of it needs a privilege.
struct Preparation {
  int socket_fd = -1;         // kept open; -1: none (a self-test)
  int parent_pid = 0;         // stops at once if this parent is gone already; 0: not checked
  bool keeps_stdout = false;  // for answers on a terminal; stderr is kept always
};
Result<> prepare_process(const Preparation& preparation);

}  // namespace atelier::media::process
