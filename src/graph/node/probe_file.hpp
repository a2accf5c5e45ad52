#pragma once

#include <string>

#include "base/hash.hpp"
#include "base/task.hpp"
#include "graph/node/services.hpp"

namespace atelier::graph {

// Whether a worker's task on a file will fail in the same way however often it is tried: what is wrong with the file,
// or that reading it takes a worker with it.
bool is_files_fault(const Error& error);
// Why, of an error that is, in words that follow the file's name: "it takes more than 1024 MiB to be read".
std::string files_fault_words(const Error& error, std::uint64_t memory_bytes_max);

// What a worker finds a stored file to be: media/worker/container/probe.cpp has the fields. `name` is for messages.
// Whatever the file does to the worker, its fault is an error of the file: invalid_argument or too_large, with a reason
// that begins with media_, or is file_too_complex (of its time and memory) or file_unreadable (a worker died of it,
// twice).
Task<Result<json::Value>> probe_file(NodeServices* services, Digest digest, std::string name);

// Whether a picture decodes to its end, of which probe_file reads only the head. The errors are probe_file's.
Task<Result<>> check_picture(NodeServices* services, Digest digest, std::string name);

}  // namespace atelier::graph
