#include "model/call/openai_media.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/async.hpp"
#include "base/hash.hpp"
#include "model/loose_json.hpp"
#include "model/provider/form_data.hpp"

namespace atelier::model {
namespace {

using Role = MediaInput::Role;

// Of all results together: they are held until the last byte went out.
constexpr std::size_t kHeldBytesMax = 64 << 20;

std::unexpected<Error> refuse(std::string_view field, std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message),
              {.reason = "request_invalid", .where = fmt::format("/{}", field)});
}

// The fields of a request, whether it came as JSON or as a form: texts as texts, numbers as numbers.
Result<json::Object> fields_of(const EndpointBody& body, std::vector<FormPart>& files) {
  if (!is_form(body.content_type)) {
    auto value = json::parse(body.bytes);
    if (!value) return error_of(value);
    if (!value->is_object()) return refuse("", "the body must be a JSON object");
    return std::move(value->get_object());
  }
  auto parts = read_form(body.bytes, body.content_type);
  if (!parts) return error_of(parts);
  json::Object fields;
  for (const FormPart& part : *parts) {
    if (!part.filename.empty())
      files.push_back(part);
    else
      fields[part.name] = part.content;
  }
  return fields;
}

Result<> take_number(json::Object& fields, std::string_view name, std::optional<double>& to) {
  const json::Value* value = fields.if_contains(name);
  if (value == nullptr || value->is_null()) return {};
  if (value->is_number()) {
    to = value->to_number<double>();
  } else {
    const std::string_view text = loose::view_of(*value);
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc() || end != text.data() + text.size())
      return refuse(name, "must be a number");
    to = number;
  }
  fields.erase(name);
  return {};
}

Result<> take_text(json::Object& fields, std::string_view name, std::string& to) {
  const json::Value* value = fields.if_contains(name);
  if (value == nullptr || value->is_null()) return {};
  if (!value->is_string()) return refuse(name, "must be a text");
  to = std::string(value->get_string());
  fields.erase(name);
  return {};
}

Result<> take_size(json::Object& fields, MediaRequest& request) {
  std::string size;
  if (auto taken = take_text(fields, "size", size); !taken) return taken;
  if (size.empty() || size == "auto") return {};
  const std::size_t cross = size.find('x');
  const auto number = [](std::string_view digits) {
    std::int32_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() && value > 0 && value <= 16'384 ? value : 0;
  };
  if (cross != std::string::npos) {
    request.width = number(std::string_view(size).substr(0, cross));
    request.height = number(std::string_view(size).substr(cross + 1));
  }
  if (request.width == 0 || request.height == 0) return refuse("size", "must be as \"1024x1024\", or \"auto\"");
  return {};
}

MediaInput input_of(const FormPart& part, Role role) {
  MediaInput input{.role = role, .media_type = std::string(part.content_type), .name = std::string(part.filename)};
  if (input.media_type.empty()) input.media_type = "application/octet-stream";
  input.size_bytes = part.content.size();
  input.bytes = std::string(part.content);
  return input;
}

// Fields that say nothing to other providers.
void drop_own(json::Object& fields) {
  for (const std::string_view name : {"model", "user", "moderation", "background", "response_format", "stream_format",
                                      "timestamp_granularities[]", "include[]", "partial_images", "output_compression"})
    fields.erase(name);
}

Result<> read_pictures(json::Object& fields, const std::vector<FormPart>& files, MediaRequest& request) {
  request.kind = MediaKind::image;
  std::optional<double> count, seed;
  for (auto taken :
       {take_text(fields, "prompt", request.prompt), take_text(fields, "negative_prompt", request.negative),
        take_text(fields, "quality", request.quality), take_text(fields, "output_format", request.format),
        take_number(fields, "n", count), take_number(fields, "seed", seed), take_size(fields, request)})
    if (!taken) return taken;
  if (request.quality == "auto" || request.quality == "standard") request.quality.clear();
  if (count && (*count < 1 || *count > 10 || *count != std::floor(*count))) return refuse("n", "must be from 1 to 10");
  request.count = static_cast<std::int32_t>(count.value_or(1));
  if (seed) request.seed = static_cast<std::int64_t>(*seed);
  for (const FormPart& file : files) {
    if (file.name == "image" || file.name == "image[]")
      request.inputs.push_back(input_of(file, Role::reference));
    else if (file.name == "mask")
      request.inputs.push_back(input_of(file, Role::mask));
    else
      return refuse(file.name, "this file is not known here: image, image[] and mask are");
  }
  return {};
}

Result<> read_speech(json::Object& fields, MediaRequest& request) {
  request.kind = MediaKind::speech;
  if (json::Value* voice = fields.if_contains("voice"); voice != nullptr && voice->is_object())
    *voice = loose::text_at(voice->get_object(), "id");
  for (auto taken : {take_text(fields, "input", request.prompt), take_text(fields, "voice", request.voice),
                     take_text(fields, "response_format", request.format), take_number(fields, "speed", request.speed)})
    if (!taken) return taken;
  return {};
}

Result<> read_recording(Endpoint endpoint, json::Object& fields, const std::vector<FormPart>& files,
                        AskedMedia& asked) {
  asked.request.kind = MediaKind::transcription;
  asked.response_format = "json";
  for (auto taken :
       {take_text(fields, "prompt", asked.request.prompt), take_text(fields, "language", asked.request.language),
        take_text(fields, "response_format", asked.response_format)})
    if (!taken) return taken;
  if (endpoint == Endpoint::translations) return refuse("model", "this provider translates nothing");
  for (const std::string_view known : {"json", "text", "srt", "verbose_json", "vtt"})
    if (asked.response_format == known) {
      for (const FormPart& file : files) {
        if (file.name != "file") return refuse(file.name, "the recording is called \"file\"");
        asked.request.inputs.push_back(input_of(file, Role::recording));
      }
      if (asked.request.inputs.empty()) return refuse("file", "there is no recording");
      fields.erase("temperature");
      return {};
    }
  return refuse("response_format", "must be json, text, srt, verbose_json or vtt");
}

// Results and inputs in memory.
class MemoryBook final : public MediaBook {
 public:
  MemoryBook(std::vector<MediaInput> inputs, store::BlobStore& blobs) : inputs_(std::move(inputs)), blobs_(blobs) {}
  // Nobody comes back to it after a crash.
  Task<Result<>> intends(MediaPlace) override { co_return Result<>{}; }
  Task<Result<>> withdraws() override { co_return Result<>{}; }
  Task<Result<>> submitted(MediaPlace) override { co_return Result<>{}; }
  Task<Result<std::string>> read_input(std::size_t index) override { co_return inputs_.at(index).bytes; }
  Task<Result<>> store(std::size_t index, std::string told_type, MediaSource* source) override {
    std::string bytes;
    for (;;) {
      auto piece = co_await source->next();
      if (!piece) co_return error_of(piece);
      if (!*piece) break;
      bytes += **piece;
      if (held_ + bytes.size() > kHeldBytesMax)
        co_return fail(ErrorCode::too_large, fmt::format("the result has more than {} bytes", kHeldBytesMax),
                       {.reason = "result_too_large", .where = {}});
    }
    if (!may_be_file(bytes) || bytes.empty())
      co_return fail(ErrorCode::unavailable, "the provider sent a message where a file was asked for",
                     {.reason = "result_wrong_type", .where = {}});
    put(index, std::move(bytes), std::move(told_type));
    co_return Result<>{};
  }
  Task<Result<>> take(std::size_t index, store::WrittenBlob blob) override {
    auto bytes = co_await blobs_.read(blob.digest, kHeldBytesMax);
    if (!bytes) co_return error_of(bytes);
    put(index, std::move(*bytes), {});
    co_return Result<>{};
  }
  void tell(const MediaPending&) override {}

  struct Held {
    std::string bytes, type;
  };
  std::vector<Held>& results() noexcept { return results_; }

 private:
  void put(std::size_t index, std::string bytes, std::string type) {
    held_ += bytes.size();
    if (results_.size() <= index) results_.resize(index + 1);
    results_[index] = {.bytes = std::move(bytes), .type = std::move(type)};
  }
  const std::vector<MediaInput> inputs_;
  store::BlobStore& blobs_;
  std::vector<Held> results_;
  std::size_t held_ = 0;
};

// "00:01:02,345"; VTT has a dot.
std::string stamp(double seconds, char dot) {
  const auto all = static_cast<std::int64_t>(std::llround(std::clamp(seconds, 0.0, 1e7) * 1000));
  return fmt::format("{:02}:{:02}:{:02}{}{:03}", all / 3'600'000, all / 60'000 % 60, all / 1000 % 60, dot, all % 1000);
}

double seconds_at(const json::Object& item, std::string_view name) {
  const json::Value* value = item.if_contains(name);
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

std::string subtitles(const json::Object& text, bool is_vtt) {
  std::string out = is_vtt ? "WEBVTT\n\n" : "";
  const json::Array* parts = loose::array_at(text, "segments");
  if (parts == nullptr || parts->empty()) parts = loose::array_at(text, "words");
  std::size_t number = 0;
  if (parts != nullptr)
    for (const json::Value& one : *parts) {
      if (!one.is_object()) continue;
      const json::Object& part = one.get_object();
      if (!is_vtt) out += fmt::format("{}\n", ++number);
      const char dot = is_vtt ? '.' : ',';
      out += fmt::format("{} --> {}\n{}\n\n", stamp(seconds_at(part, "start"), dot),
                         stamp(seconds_at(part, "end"), dot), loose::view_at(part, "text"));
    }
  return out;
}

// Ours as OpenAI's: words have "word", segments an id.
json::Object verbose(const json::Object& text) {
  json::Object out{{"task", "transcribe"}, {"text", loose::text_at(text, "text")}};
  out["language"] = loose::text_at(text, "language");
  out["duration"] = seconds_at(text, "duration");
  if (const json::Array* words = loose::array_at(text, "words")) {
    json::Array told;
    for (const json::Value& one : *words)
      if (one.is_object())
        told.push_back(json::Object{{"word", loose::text_at(one.get_object(), "text")},
                                    {"start", seconds_at(one.get_object(), "start")},
                                    {"end", seconds_at(one.get_object(), "end")}});
    out["words"] = std::move(told);
  }
  if (const json::Array* parts = loose::array_at(text, "segments")) {
    json::Array told;
    for (const json::Value& one : *parts)
      if (one.is_object())
        told.push_back(json::Object{{"id", told.size()},
                                    {"text", loose::text_at(one.get_object(), "text")},
                                    {"start", seconds_at(one.get_object(), "start")},
                                    {"end", seconds_at(one.get_object(), "end")}});
    out["segments"] = std::move(told);
  }
  return out;
}

ToldMedia told_transcription(const json::Object& text, std::string_view format) {
  if (format == "text")
    return {.body = loose::text_at(text, "text") + "\n", .content_type = "text/plain; charset=utf-8", .candidate = {}};
  if (format == "srt" || format == "vtt")
    return {.body = subtitles(text, format == "vtt"),
            .content_type = format == "vtt" ? "text/vtt" : "application/x-subrip",
            .candidate = {}};
  json::Object body = format == "verbose_json" ? verbose(text) : json::Object{{"text", loose::text_at(text, "text")}};
  return {.body = json::write(json::Value(std::move(body))), .content_type = "application/json", .candidate = {}};
}

}  // namespace

Result<AskedMedia> read_openai_media(Endpoint endpoint, const EndpointBody& body) {
  std::vector<FormPart> files;
  auto fields = fields_of(body, files);
  if (!fields) return error_of(fields);
  if (const json::Value* stream = fields->if_contains("stream");
      stream != nullptr && (*stream == json::Value(true) || *stream == json::Value("true")))
    return refuse("stream", "this provider's results come whole");
  fields->erase("stream");
  AskedMedia asked;
  Result<> read;
  if (endpoint == Endpoint::image_generations || endpoint == Endpoint::image_edits)
    read = read_pictures(*fields, files, asked.request);
  else if (endpoint == Endpoint::speech)
    read = read_speech(*fields, asked.request);
  else
    read = read_recording(endpoint, *fields, files, asked);
  if (!read) return error_of(read);
  drop_own(*fields);
  asked.request.options = std::move(*fields);
  asked.request.partials = 0;  // the answer is whole: nobody would see them
  return asked;
}

namespace {

// What a field of ours is called there.
std::string_view openai_name(Endpoint endpoint, std::string_view field) {
  const bool is_speech = endpoint == Endpoint::speech;
  if (field == "/format") return is_speech ? "/response_format" : "/output_format";
  if (field == "/prompt" && is_speech) return "/input";
  if (field == "/negative") return "/negative_prompt";
  if (field == "/count") return "/n";
  if (field == "/width" || field == "/height" || field == "/ratio") return "/size";
  if (field == "/inputs") return endpoint == Endpoint::transcriptions ? "/file" : "/image";
  return field.starts_with("/options/") ? field.substr(8) : field;
}

}  // namespace

Task<Result<ToldMedia>> answer_openai_media(MediaGateway* gateway, store::BlobStore* blobs, Endpoint endpoint,
                                            AskedMedia asked, MediaCall call) {
  MemoryBook book(asked.request.inputs, *blobs);
  call.request = std::move(asked.request);
  auto made = co_await gateway->make(std::move(call), &book, std::nullopt);
  if (!made) {
    Error error = made.error();
    error.where = openai_name(endpoint, error.where);
    co_return std::unexpected(std::move(error));
  }
  ToldMedia told;
  if (endpoint == Endpoint::transcriptions) {
    told = told_transcription(made->done.text, asked.response_format);
  } else if (endpoint == Endpoint::speech) {
    auto& first = book.results().at(0);
    told.content_type = first.type.empty() ? made->done.files.at(0).media_type : first.type;
    told.body = std::move(first.bytes);
  } else {
    json::Array data;
    for (auto& one : book.results()) data.push_back(json::Object{{"b64_json", base64(std::exchange(one.bytes, {}))}});
    json::Object body{{"created", static_cast<std::int64_t>(std::time(nullptr))}, {"data", std::move(data)}};
    told.body = json::write(json::Value(std::move(body)));
    told.content_type = "application/json";
  }
  told.candidate = std::move(made->candidate);
  co_return told;
}

}  // namespace atelier::model
