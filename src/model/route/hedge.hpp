#pragma once

#include <chrono>

#include "model/route/candidate.hpp"

// A hedge: where the first attempt of a call is slow, a second one begins beside it at another candidate, and whichever
// has something to show first answers. These are its rules; call/hedge.hpp does it.
namespace atelier::model {

// How long the first attempt may show nothing: the time in which nineteen of twenty of this candidate's streams had
// begun, or its whole answers had come; a fixed one until enough of them are known; and never so short that a hiccup
// would do.
std::chrono::milliseconds hedge_after(const Candidate& first, bool is_streamed);

// Whether `second` may be asked beside `first` for its price: twice the first's at most. One whose price nobody knows
// may only stand beside one of which nobody knows it either; one that is free may always.
bool is_affordable_beside(const Candidate& first, const Candidate& second, const Prices* prices);

}  // namespace atelier::model
