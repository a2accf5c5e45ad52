#include "model/provider/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string/predicate.hpp>
#include <charconv>
#include <cmath>
#include <utility>

#include "model/loose_json.hpp"
#include "model/provider/anthropic_parts.hpp"
#include "model/provider/form_data.hpp"
#include "model/provider/http_parts.hpp"
#include "model/provider/json_patch.hpp"
#include "model/provider/openai_fault.hpp"
#include "model/provider/openai_usage.hpp"
#include "model/provider/openai_wire.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kModelBytesMax = 512;
constexpr std::string_view kModerationModel = "omni-moderation-latest";  // what OpenAI takes where none is named
constexpr std::chrono::minutes kMediaPatience{10};                       // large pictures are minutes in the making
constexpr std::int64_t kSecondsMax = 1'000'000;
constexpr std::size_t kImagesMax = 64;
constexpr std::int64_t kTokensOfImage = 4160;       // of high quality, 1024x1024
constexpr std::size_t kSoundBytesPerSecond = 4000;  // 32 kbit/s: speech is rarely kept smaller

struct Place {
  std::string_view name;
  std::string_view path;
  std::string_view answer;  // the member that a whole answer must have; empty: none
  bool is_media = false;
};

const Place& place_of(Endpoint endpoint) noexcept {
  static constexpr std::array<Place, 8> kPlaces = {{
      {"embeddings", "/embeddings", "data"},
      {"moderations", "/moderations", "results"},
      {"count_tokens", "/messages/count_tokens", "input_tokens"},
      {"image generation", "/images/generations", "data", true},
      {"image editing", "/images/edits", "data", true},
      {"speech", "/audio/speech", "", true},
      {"transcription", "/audio/transcriptions", "text", true},
      {"translation", "/audio/translations", "text", true},
  }};
  return kPlaces[static_cast<std::size_t>(endpoint)];
}

bool speaks_openai(Protocol protocol) noexcept {
  return protocol == Protocol::openai_chat || protocol == Protocol::openai_responses;
}

// Where Gemini and Ollama, too, understand OpenAI's form of embeddings.
std::string embeddings_root(Protocol protocol, const std::string& base_url) {
  std::string_view base = base_url;
  if (protocol == Protocol::gemini)
    return fmt::format("{}{}/openai", base,
                       base.find("/v1", base.rfind('/')) == std::string_view::npos ? "/v1beta" : "");
  if (base.ends_with("/api")) base.remove_suffix(4);
  return fmt::format("{}/v1", base);
}

Result<std::string> refuse_model() {
  return fail(ErrorCode::invalid_argument, "\"model\" must be a text of 1 to 512 bytes",
              {.reason = "request_invalid", .where = "/model"});
}

// `body` with another model's name.
Result<std::string> with_model(Endpoint endpoint, const EndpointBody& body, std::string_view model) {
  if (!is_form(body.content_type)) {
    auto named = set_member(body.bytes, "model", json::write(json::Value(model)));
    if (!named || endpoint != Endpoint::image_generations || !model.starts_with("gpt-image")) return named;
    // What these answer anyway, and refuse to be asked for. Clients that know models by OpenAI's names alone ask them
    // for it under any other.
    const auto form = find_member(*named, "response_format");
    return form && *form == "\"b64_json\"" ? remove_member(*named, "response_format") : std::move(named);
  }
  auto parts = read_form(body.bytes, body.content_type);
  if (!parts) return error_of(parts);
  auto named = find_part(*parts, "model");
  if (!named) return error_of(named);
  return *named ? replace_content(body.bytes, **named, model) : refuse_model();
}

bool makes_images(Endpoint endpoint) noexcept {
  return endpoint == Endpoint::image_generations || endpoint == Endpoint::image_edits;
}

// The usage of media: tokens in their kinds, or seconds.
Usage media_usage(Endpoint endpoint, std::string_view text, const Quirks& quirks) {
  const auto told = json::parse(text);
  if (!told || !told->is_object()) return {};
  const json::Object& object = told->get_object();
  if (loose::view_at(object, "type") == "duration")
    return {.audio_seconds = std::clamp<std::int64_t>(loose::integer_at(object, "seconds"), 0, kSecondsMax)};
  Usage usage = openai::read_usage(object, quirks);
  // Where the kinds are not told, what comes out is what was asked for.
  if (makes_images(endpoint) && usage.output_image == 0) usage.output_image = std::exchange(usage.output, 0);
  if (endpoint == Endpoint::speech && usage.output_audio == 0) usage.output_audio = std::exchange(usage.output, 0);
  return usage;
}

}  // namespace

std::string_view to_string(Endpoint endpoint) noexcept { return place_of(endpoint).name; }
bool is_media(Endpoint endpoint) noexcept { return place_of(endpoint).is_media; }

bool serves(Protocol protocol, Endpoint endpoint) noexcept {
  if (endpoint == Endpoint::count_tokens) return protocol == Protocol::anthropic;
  if (endpoint == Endpoint::embeddings && (protocol == Protocol::gemini || protocol == Protocol::ollama)) return true;
  return speaks_openai(protocol);
}

Result<std::string> asked_model(Endpoint endpoint, const EndpointBody& body) {
  if (is_form(body.content_type)) {
    auto parts = read_form(body.bytes, body.content_type);
    if (!parts) return error_of(parts);
    auto part = find_part(*parts, "model");
    if (!part) return error_of(part);
    if (!*part || (*part)->content.empty() || (*part)->content.size() > kModelBytesMax) return refuse_model();
    return std::string((*part)->content);
  }
  auto member = find_member(body.bytes, "model");
  if (!member) return error_of(member);
  if (!*member && endpoint == Endpoint::moderations) return std::string(kModerationModel);
  const auto name = *member ? json::parse(**member) : Result<json::Value>(json::Value());
  if (!name || !name->is_string() || name->get_string().empty() || name->get_string().size() > kModelBytesMax)
    return refuse_model();
  return std::string(name->get_string());
}

Result<WireRequest> endpoint_request(Endpoint endpoint, const EndpointBody& body, Protocol protocol,
                                     const Target& target) {
  Target place = target;
  if (endpoint == Endpoint::embeddings && (protocol == Protocol::gemini || protocol == Protocol::ollama)) {
    place.base_url = embeddings_root(protocol, target.base_url);
    place.quirks.key_header.clear();
  }
  auto named = with_model(endpoint, body, target.model);
  if (!named) return error_of(named);
  const std::string_view path = place_of(endpoint).path;
  if (endpoint == Endpoint::count_tokens) {
    WireRequest request = anthropic::post(place, path);
    request.body = std::move(*named);
    return request;
  }
  WireRequest request = openai::post(place, path, std::move(*named), openai::Streamed::no);
  if (is_media(endpoint)) {
    set_header(request, "content-type", body.content_type);
    set_header(request, "accept", "*/*");
    request.first_byte_at_least = kMediaPatience;
  }
  return request;
}

Usage asked_usage(Endpoint endpoint, const EndpointBody& body) {
  if (endpoint != Endpoint::speech) return {};
  const auto member = find_member(body.bytes, "input");
  const auto text = member && *member ? json::parse(**member) : Result<json::Value>(json::Value());
  if (!text || !text->is_string()) return {};
  const std::string_view said = text->get_string();
  // Of UTF-8 every byte but those that go on with a character.
  return {.characters = std::ranges::count_if(said, [](char byte) { return (byte & 0xC0) != 0x80; })};
}

Usage media_at_most(Endpoint endpoint, const EndpointBody& body) {
  if (endpoint == Endpoint::speech) return asked_usage(endpoint, body);
  if (!makes_images(endpoint))
    return {.audio_seconds = static_cast<std::int64_t>(body.bytes.size() / kSoundBytesPerSecond) + 1};
  std::int64_t count = 1;
  std::string_view told;
  if (is_form(body.content_type)) {
    const auto parts = read_form(body.bytes, body.content_type);
    const auto part = parts ? find_part(*parts, "n") : Result<const FormPart*>(nullptr);
    if (part && *part) told = (*part)->content;
  } else if (const auto member = find_member(body.bytes, "n"); member && *member) {
    told = **member;
  }
  std::from_chars(told.data(), told.data() + told.size(), count);
  count = std::clamp<std::int64_t>(count, 1, kImagesMax);
  return {.output_image = count * kTokensOfImage, .images = count};
}

AnswerForm answer_form(Endpoint endpoint, const HttpHead& head) {
  const std::string_view type = head.find("content-type").value_or("");
  if (head.status >= 400 || !is_media(endpoint)) return AnswerForm::json;
  if (type.starts_with("text/event-stream")) return AnswerForm::events;
  // Servers give pictures in JSON many names of types. Sound is no text; what was heard is.
  if (makes_images(endpoint) || type.starts_with("application/json")) return AnswerForm::json;
  if (endpoint == Endpoint::speech && type.starts_with("text/")) return AnswerForm::json;
  return AnswerForm::file;
}

bool may_be_file(std::string_view first) noexcept {
  const std::size_t at = first.find_first_not_of(" \t\r\n");
  if (at == std::string_view::npos) return true;
  const std::string_view begin = first.substr(at, 9);
  return !boost::algorithm::istarts_with(begin, "<!doctype") && !boost::algorithm::istarts_with(begin, "<html");
}

std::expected<Usage, Fault> read_endpoint_answer(Endpoint endpoint, const HttpHead& head, std::string_view body,
                                                 Protocol protocol, const Quirks& quirks) {
  const Place& place = place_of(endpoint);
  if (!place.is_media && endpoint != Endpoint::count_tokens)
    return openai::glance(head.status, body, place.answer, quirks);
  if (head.status >= 400) return std::unexpected(adapter_for(protocol).read_fault(head, body));
  const std::array<std::string_view, 4> names = {"error", place.answer, "usage", "duration"};
  std::array<std::optional<std::string_view>, 4> values;
  if (auto found = find_members(body, names, values); !found)
    return std::unexpected(broken_answer("the answer is no whole JSON object"));
  const auto& [error, answer, usage, duration] = values;
  if (error && *error != "null") return std::unexpected(adapter_for(protocol).read_fault(head, body));
  if (!place.answer.empty() && !answer)
    return std::unexpected(broken_answer(fmt::format("the answer has no {}", place.answer)));
  if (endpoint == Endpoint::count_tokens) return Usage();  // counting costs nothing
  Usage used = usage ? media_usage(endpoint, *usage, quirks) : Usage();
  if (makes_images(endpoint)) {
    const auto images = elements_of(*answer, kImagesMax);
    used.images = images ? static_cast<std::int64_t>(images->size()) : 0;
  } else if (used.is_nothing() && duration) {
    const auto seconds = json::parse(*duration);
    if (seconds && seconds->is_number())
      used.audio_seconds =
          static_cast<std::int64_t>(std::clamp(std::ceil(seconds->to_number<double>()), 0.0, double{kSecondsMax}));
  }
  return used;
}

EndpointEvent read_endpoint_event(Endpoint endpoint, std::string_view type, std::string_view data,
                                  const Quirks& quirks) {
  const std::array<std::string_view, 3> names = {"error", "type", "usage"};
  std::array<std::optional<std::string_view>, 3> values;
  if (!data.starts_with('{') || !find_members(data, names, values)) return {};
  const auto& [error, said, usage] = values;
  EndpointEvent event;
  if ((error && *error != "null") || type == "error" || (said && *said == "\"error\""))
    event.fault = openai::read_fault(HttpHead{.status = 200, .headers = {}}, data);
  if (usage && *usage != "null") event.usage = media_usage(endpoint, *usage, quirks);
  if (!said) return event;
  event.is_typed =
      said->starts_with("\"image_") || said->starts_with("\"speech.") || said->starts_with("\"transcript.");
  event.is_terminal = said->ends_with(".completed\"") || said->ends_with(".done\"");
  if (makes_images(endpoint) && event.is_terminal) {  // one picture an event, whole at last
    if (!event.usage) event.usage.emplace();
    event.usage->images = 1;
  }
  return event;
}

}  // namespace atelier::model
