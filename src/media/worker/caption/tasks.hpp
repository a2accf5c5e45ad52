#pragma once

#include <span>

#include "media/worker/caption/fonts.hpp"
#include "media/worker/task.hpp"

namespace atelier::media::caption {

// `timeline` and `captions`: cues from spoken words, and cues as subtitle files.
std::span<const TaskType> caption_tasks();

// The fonts every caption task and renderer of this process uses. Call use_fonts() once at start, before the sandbox
// closes and before the first task; `fonts` must stay alive as long as tasks run.
void use_fonts(const Fonts& fonts);
// Null until use_fonts() was called.
const Fonts* process_fonts() noexcept;

}  // namespace atelier::media::caption
