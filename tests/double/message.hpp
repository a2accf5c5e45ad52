#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"

namespace atelier::doubles {

// Field names as they came or go; looked up without case.
using Fields = std::vector<std::pair<std::string, std::string>>;
std::optional<std::string_view> find_field(const Fields& fields, std::string_view name);

struct Request {
  std::string method;
  std::string target;  // as received
  std::string path;    // decoded, without the provider's prefix
  std::string query;   // raw
  Fields fields;
  std::string body;
  std::uint64_t number = 0;  // counts from 1 over the double's life; ids in answers are made of it

  std::optional<std::string_view> field(std::string_view name) const { return find_field(fields, name); }
  std::optional<std::string> query_value(std::string_view name) const;  // decoded
};

// Percent escapes undone; those that are none stay as they are.
std::string unescape(std::string_view text);

// How the pieces of a streamed answer are put into bytes: `bytes` as they are, each a chunk.
enum class Framing : std::uint8_t { whole, sse, ndjson, json_array, bytes };

// What a piece of a stream is for, so that faults know where to strike.
enum class PieceKind : std::uint8_t {
  start,   // before anything is said: role chunk, message_start, response.created
  token,   // says something
  finish,  // tells why it ended
  usage,   // only tells usage
  end,     // "[DONE]", message_stop
};

struct Piece {
  PieceKind kind = PieceKind::token;
  std::string data = {};   // JSON text, or "[DONE]", or bytes of a sound
  std::string event = {};  // SSE's event name; empty: none
};

// A status other than 200, in words that each provider has a shape for.
struct Problem {
  int status = 400;
  std::string message;
  std::string type = {};  // empty: the provider's usual one for this status
  std::string code = {};
  std::string param = {};
  json::Object details = {};  // further fields of the shape that has them (llama.cpp's n_ctx, Gemini's RetryInfo)
};

// How a provider writes its errors.
enum class ErrorShape : std::uint8_t {
  openai,         // {"error":{"message","type","param","code"}}
  openrouter,     // {"error":{"code":402,"message","metadata"}}
  numeric,        // {"error":{"code":400,"message","type"}}: llama.cpp, vLLM
  mistral,        // {"object":"error","message","type","param","code":"3000"}
  xai,            // {"code":"...","error":"text"}
  gemini_openai,  // [{"error":{"code","message","status"}}]
  anthropic,      // {"type":"error","error":{"type","message"},"request_id"}
  gemini,         // {"error":{"code","message","status","details"}}
  ollama,         // {"error":"text"}; Runway too
  detail,         // {"detail":"text"}: Replicate, fal, Luma, Black Forest Labs
  stability,      // {"id","name","errors":["text"]}
  elevenlabs,     // {"detail":{"status","message"}}, or {"detail":[{"loc","msg","type"}]} of a field
  comfyui,        // {"error":{"type","message","details"},"node_errors":{}}
  kokoro,         // {"detail":{"error","message","type"}}
};

struct Answer {
  int status = 200;
  Fields fields = {};
  std::string content_type = "application/json";
  Framing framing = Framing::whole;
  std::string body = {};                            // of a whole answer
  std::vector<Piece> pieces = {};                   // of a streamed one
  std::vector<Piece> error_pieces = {};             // what this protocol sends when it fails in a stream
  bool has_crlf = false;                            // SSE lines end so
  std::string comment = {};                         // before the first event
  bool is_endless = false;                          // its pieces' last is sent again and again
  std::optional<std::size_t> told_size_bytes = {};  // of a whole one whose body is shorter, and then breaks off

  bool is_streamed() const noexcept { return framing != Framing::whole; }
};

Answer error_answer(ErrorShape shape, const Problem& problem, std::uint64_t request_number);
// The body of such an answer, which is also what a failing stream says.
json::Value error_body(ErrorShape shape, const Problem& problem, std::uint64_t request_number);
Answer json_answer(const json::Value& value);
std::string_view reason_phrase(int status) noexcept;

}  // namespace atelier::doubles
