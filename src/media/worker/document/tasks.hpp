#pragma once

#include <span>
#include <string>

#include "base/error.hpp"
#include "media/worker/task.hpp"

// What is taken out of documents people give.
namespace atelier::media::document {

std::span<const TaskType> document_tasks();

// Loads what poppler would look for by name later, when no file can be opened any more. Once, before the first task.
Result<> start_document_libraries();

// What it reads by name all the same: the tables of East Asian character sets, where they are installed.
std::span<const std::string> document_read_only_paths();

}  // namespace atelier::media::document
