#include "media/protocol/message.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <limits>

#include "base/json.hpp"
#include "base/text.hpp"
#include "media/protocol/limits.hpp"

namespace atelier::media {
namespace {

constexpr std::int64_t kInt64Max = std::numeric_limits<std::int64_t>::max();
constexpr json::Limits kLimits{.depth_max = 6, .values_max = 1'000, .key_bytes_max = 64};

// JSON integers are signed; ids count up from 1, so nothing is lost.
std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::uint64_t id_of(json::ObjectReader& reader) {
  return static_cast<std::uint64_t>(reader.required_integer("id", 1, kInt64Max));
}

json::Object write(const Start& start) {
  json::Object object{
      {"kind", "start"}, {"id", number(start.id)}, {"type", start.type}, {"file_count", start.file_count}};
  if (!start.traceparent.empty()) object["traceparent"] = start.traceparent;
  return object;
}

json::Object write(const Files& files) {
  json::Array inputs_and_outputs;
  for (const Files::File& file : files.files)
    inputs_and_outputs.push_back({{"use", file.use == FileUse::input ? "input" : "output"}, {"name", file.name}});
  return {{"kind", "files"}, {"id", number(files.id)}, {"files", std::move(inputs_and_outputs)}};
}

json::Object write(const Cancel& cancel) { return {{"kind", "cancel"}, {"id", number(cancel.id)}}; }
json::Object write(const Quit&) { return {{"kind", "quit"}}; }

json::Object write(const Hello& hello) {
  json::Array tasks;
  for (const TaskDescription& task : hello.tasks)
    tasks.push_back({{"name", task.name}, {"version", task.version}, {"unit", task.unit}});
  json::Array missing(hello.sandbox.missing.begin(), hello.sandbox.missing.end());
  return {{"kind", "hello"},
          {"protocol", hello.protocol},
          {"tasks", std::move(tasks)},
          {"sandbox",
           {{"landlock_abi", hello.sandbox.landlock_abi},
            {"seccomp", hello.sandbox.has_seccomp},
            {"rlimits", hello.sandbox.has_rlimits},
            {"no_new_privs", hello.sandbox.has_no_new_privs},
            {"missing", std::move(missing)}}},
          {"fonts_digest", hello.fonts_digest},
          {"fonts_missing", printable(hello.fonts_missing, kErrorTextBytesMax)}};
}

json::Object write(const Heartbeat& beat) {
  return {{"kind", "heartbeat"},
          {"id", number(beat.id)},
          {"done", beat.done},
          {"total", beat.total},
          {"cpu_ms", beat.cpu_ms}};
}

json::Object write(const Finished& finished) {
  json::Object object{{"kind", "finished"}, {"id", number(finished.id)}};
  json::Array phases;
  for (const Phase& phase : finished.phases)
    phases.push_back(
        {{"name", phase.name}, {"span", phase.span}, {"began_us", phase.began_us}, {"ended_us", phase.ended_us}});
  if (!phases.empty()) object["phases"] = std::move(phases);
  if (!finished.error) {
    object["result_size_bytes"] = finished.result_size_bytes;
    return object;
  }
  const Error& error = *finished.error;
  object["error"] = {{"code", to_string(error.code)},
                     {"reason", truncate_utf8(printable(error.reason, 64), 64)},
                     {"where", truncate_utf8(printable(error.where, 256), 256)},
                     {"message", printable(error.message, kErrorTextBytesMax)}};
  return object;
}

Result<ControlMessage> read_start(json::ObjectReader& reader) {
  Start start;
  start.id = id_of(reader);
  start.type = reader.required_string("type", {.bytes_min = 1, .bytes_max = kTaskNameBytesMax});
  start.file_count = static_cast<std::uint32_t>(reader.required_integer("file_count", 0, kFilesMax));
  start.traceparent = reader.optional_string("traceparent", {.bytes_max = 64}).value_or("");
  if (auto done = reader.finish(); !done) return error_of(done);
  return start;
}

Result<ControlMessage> read_files(json::ObjectReader& reader) {
  Files files;
  files.id = id_of(reader);
  const json::Array* list = reader.required_array("files", kFilesPerPacketMax);
  if (auto done = reader.finish(); !done) return error_of(done);
  for (const json::Value& item : *list) {
    json::ObjectReader file(item, "/files");
    const auto use = file.optional_choice("use", {"input", "output"});
    std::string name = file.required_string("name", {.bytes_min = 1, .bytes_max = kFileNameBytesMax});
    if (!use) file.complain("use", "is missing");
    if (auto done = file.finish(); !done) return error_of(done);
    files.files.push_back({*use == "input" ? FileUse::input : FileUse::output, std::move(name)});
  }
  return files;
}

Result<SandboxReport> read_sandbox(const json::Value& value) {
  json::ObjectReader reader(value, "/sandbox");
  SandboxReport report;
  report.landlock_abi = static_cast<int>(reader.required_integer("landlock_abi", 0, 1'000));
  report.has_seccomp = reader.optional_bool("seccomp").value_or(false);
  report.has_rlimits = reader.optional_bool("rlimits").value_or(false);
  report.has_no_new_privs = reader.optional_bool("no_new_privs").value_or(false);
  const json::Array* missing = reader.required_array("missing", 16);
  if (auto done = reader.finish(); !done) return error_of(done);
  for (const json::Value& item : *missing) {
    if (!item.is_string()) return fail(ErrorCode::invalid_argument, "/sandbox/missing must hold strings");
    report.missing.push_back(printable(std::string_view(item.get_string())));
  }
  return report;
}

Result<WorkerMessage> read_hello(json::ObjectReader& reader) {
  Hello hello;
  hello.protocol = static_cast<std::uint32_t>(reader.required_integer("protocol", 0, 1'000'000));
  const json::Array* tasks = reader.required_array("tasks", kTasksMax);
  const json::Value* sandbox = reader.required_value("sandbox");
  hello.fonts_digest = printable(reader.required_string("fonts_digest", {.bytes_max = 128}));
  hello.fonts_missing =
      printable(reader.required_string("fonts_missing", {.bytes_max = 4 * kErrorTextBytesMax}), kErrorTextBytesMax);
  if (auto done = reader.finish(); !done) return error_of(done);
  for (const json::Value& item : *tasks) {
    json::ObjectReader task(item, "/tasks");
    TaskDescription description;
    description.name = task.required_string("name", {.bytes_min = 1, .bytes_max = kTaskNameBytesMax});
    description.version = static_cast<std::uint32_t>(task.required_integer("version", 0, 1'000'000'000));
    description.unit = task.required_string("unit", {.bytes_max = kTaskNameBytesMax});
    if (auto done = task.finish(); !done) return error_of(done);
    hello.tasks.push_back(std::move(description));
  }
  auto report = read_sandbox(*sandbox);
  if (!report) return error_of(report);
  hello.sandbox = *std::move(report);
  return hello;
}

Result<WorkerMessage> read_heartbeat(json::ObjectReader& reader) {
  Heartbeat beat;
  beat.id = id_of(reader);
  beat.done = reader.required_integer("done", 0, kInt64Max);
  beat.total = reader.required_integer("total", 0, kInt64Max);
  beat.cpu_ms = reader.required_integer("cpu_ms", 0, kInt64Max);
  if (auto done = reader.finish(); !done) return error_of(done);
  return beat;
}

Result<Error> read_error(const json::Value& value) {
  json::ObjectReader reader(value, "/error");
  const auto code = parse_error_code(reader.required_string("code", {.bytes_max = 64}));
  Error error;
  error.reason = printable(reader.required_string("reason", {.bytes_max = 64}));
  error.where = printable(reader.required_string("where", {.bytes_max = 256}));
  error.message =
      printable(reader.required_string("message", {.bytes_max = 4 * kErrorTextBytesMax}), kErrorTextBytesMax);
  if (!code) reader.complain("code", "is no known error code");
  if (auto done = reader.finish(); !done) return error_of(done);
  error.code = *code;
  return error;
}

Result<std::vector<Phase>> read_phases(const json::Array& list) {
  std::vector<Phase> phases;
  for (const json::Value& item : list) {
    json::ObjectReader reader(item, "/phases");
    Phase phase;
    phase.name = printable(reader.required_string("name", {.bytes_min = 1, .bytes_max = kTaskNameBytesMax}));
    phase.span = reader.required_string("span", {.bytes_min = 16, .bytes_max = 16});
    phase.began_us = reader.required_integer("began_us", 0, kInt64Max);
    phase.ended_us = reader.required_integer("ended_us", phase.began_us, kInt64Max);
    if (auto done = reader.finish(); !done) return error_of(done);
    phases.push_back(std::move(phase));
  }
  return phases;
}

Result<WorkerMessage> read_finished(json::ObjectReader& reader) {
  Finished finished;
  finished.id = static_cast<std::uint64_t>(reader.required_integer("id", 0, kInt64Max));
  const json::Value* error = reader.optional_value("error");
  const auto size = reader.optional_integer("result_size_bytes", 1, kJsonBytesMax);
  const json::Array* phases = reader.optional_array("phases", kPhasesMax);
  if ((error != nullptr) == size.has_value()) reader.complain("error", "or result_size_bytes must be there, not both");
  if (auto done = reader.finish(); !done) return error_of(done);
  if (phases != nullptr) {
    auto read = read_phases(*phases);
    if (!read) return error_of(read);
    finished.phases = *std::move(read);
  }
  if (error != nullptr) {
    auto read = read_error(*error);
    if (!read) return error_of(read);
    finished.error = *std::move(read);
  } else {
    finished.result_size_bytes = static_cast<std::uint64_t>(*size);
  }
  return finished;
}

Result<json::Value> parse(std::string_view text) {
  if (text.size() > kPacketBytesMax)
    return fail(ErrorCode::too_large, "a packet of the media protocol is longer than it may be");
  return json::parse(text, kLimits);
}

std::unexpected<Error> unknown_kind(std::string_view kind) {
  return fail(ErrorCode::invalid_argument, "unknown kind of message in the media protocol: " + printable(kind, 64));
}

}  // namespace

std::string write_message(const ControlMessage& message) {
  return json::write(std::visit([](const auto& known) { return write(known); }, message));
}

std::string write_message(const WorkerMessage& message) {
  return json::write(std::visit([](const auto& known) { return write(known); }, message));
}

Result<ControlMessage> parse_control_message(std::string_view text) {
  const auto value = parse(text);
  if (!value) return error_of(value);
  json::ObjectReader reader(*value);
  const std::string kind = reader.required_string("kind", {.bytes_max = 64});
  if (kind == "start") return read_start(reader);
  if (kind == "files") return read_files(reader);
  if (kind == "cancel") {
    const Cancel cancel{id_of(reader)};
    if (auto done = reader.finish(); !done) return error_of(done);
    return cancel;
  }
  if (kind == "quit") {
    if (auto done = reader.finish(); !done) return error_of(done);
    return Quit{};
  }
  return unknown_kind(kind);
}

Result<WorkerMessage> parse_worker_message(std::string_view text) {
  const auto value = parse(text);
  if (!value) return error_of(value);
  json::ObjectReader reader(*value);
  const std::string kind = reader.required_string("kind", {.bytes_max = 64});
  if (kind == "hello") return read_hello(reader);
  if (kind == "heartbeat") return read_heartbeat(reader);
  if (kind == "finished") return read_finished(reader);
  return unknown_kind(kind);
}

}  // namespace atelier::media
