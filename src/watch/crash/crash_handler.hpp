#pragma once

#include <string>

namespace atelier::watch {

// From now on a signal that ends this process by a fault (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT) first writes a
// report into the folder ("crash-<process id>.report"), and then does what it always did: the core is dumped as the
// system says. What is in the report: crash_report.hpp. Only calls that are safe in a signal's handler are made, and
// what needs more is prepared here. Called once, from the main thread, before loops and workers begin to matter.
//
// The handler of a thread needs a stack of its own where the thread's is used up: the caller's has one from here on,
// others' where they call cover_this_thread().
void install_crash_handler(const std::string& folder);
void cover_this_thread();

}  // namespace atelier::watch
