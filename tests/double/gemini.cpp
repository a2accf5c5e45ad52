#include "tests/double/gemini.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "tests/double/seal.hpp"

namespace atelier::doubles {
namespace {

constexpr std::size_t kDimensions = 256;

std::string_view finish_reason(Finish finish) {
  switch (finish) {
    case Finish::length:
      return "MAX_TOKENS";
    case Finish::content_filter:
      return "SAFETY";
    default:
      return "STOP";
  }
}

class Writer {
 public:
  Writer(const Call& call, const GeminiAsk& ask) : call_(call), ask_(ask) {
    for (int i = 0; i < ask.count; ++i) said_.push_back(say(ask.wish, call.faults, i));
    usage_wish_ = call.faults.text("usage");
  }

  Answer whole() const {
    json::Array candidates;
    for (std::size_t i = 0; i < said_.size(); ++i) {
      json::Array parts;
      const Said& said = said_[i];
      if (ask_.shows_thoughts && !said.reasoning.empty())
        parts.push_back({{"text", said.whole_reasoning()}, {"thought", true}});
      if (!said.text.empty()) {
        json::Object part{{"text", said.whole_text()}};
        if (signs_text(said)) part["thoughtSignature"] = text_signature();
        parts.push_back(std::move(part));
      }
      for (auto& part : call_parts(said, i)) parts.push_back(std::move(part));
      candidates.push_back(candidate(i, std::move(parts), true));
    }
    return json_answer(response(std::move(candidates), true, said_.front().tokens.output));
  }

  Answer stream() const {
    Answer answer;
    const bool is_sse = call_.request.query_value("alt") == "sse";
    answer.framing = is_sse ? Framing::sse : Framing::json_array;
    answer.content_type = is_sse ? "text/event-stream" : "application/json; charset=UTF-8";
    answer.has_crlf = is_sse;
    std::vector<std::vector<Piece>> lanes;
    for (std::size_t i = 0; i < said_.size(); ++i) lanes.push_back(pieces(i));
    append_in_turns(answer.pieces, std::move(lanes));
    if (const auto problem = stream_problem(call_.faults))
      answer.error_pieces.push_back(
          {PieceKind::end, json::write(error_body(ErrorShape::gemini, *problem, call_.request.number))});
    return answer;
  }

 private:
  // Where there were thoughts and no calls, the end of the text is signed.
  bool signs_text(const Said& said) const {
    return has_signatures(call_.model) && !said.reasoning.empty() && said.calls.empty();
  }
  std::string text_signature() const {
    return seal_within(kTextSeal, fmt::format("{}:{}", call_.model, call_.request.number));
  }

  json::Array call_parts(const Said& said, std::size_t choice) const {
    json::Array parts;
    for (std::size_t i = 0; i < said.calls.size(); ++i) {
      const ToolCall& made = said.calls[i];
      const json::Value arguments = json::parse(made.arguments).value_or(json::Object());
      json::Object function{{"name", made.name}};
      if (has_signatures(call_.model))
        function["id"] = fmt::format("fn-{}", call_.request.number * 1'000 + choice * 100 + i);
      if (!arguments.is_object() || !arguments.as_object().empty()) function["args"] = arguments;
      json::Object part{{"functionCall", std::move(function)}};
      if (i == 0 && has_signatures(call_.model))
        part["thoughtSignature"] = call_signature(call_.model, made.name, arguments);
      parts.push_back(std::move(part));
    }
    return parts;
  }

  json::Object candidate(std::size_t index, json::Array parts, bool is_last) const {
    json::Object content;
    if (!parts.empty()) content["parts"] = std::move(parts);
    content["role"] = "model";
    json::Object candidate{{"content", std::move(content)}};
    if (is_last && !call_.faults.has("no-finish")) {
      candidate["finishReason"] = finish_reason(said_[index].finish);
      if (said_[index].finish == Finish::tool_calls) candidate["finishMessage"] = "Model generated function call(s).";
    }
    candidate["index"] = index;
    return candidate;
  }

  json::Object response(json::Array candidates, bool is_last, std::int64_t output_so_far) const {
    json::Object body{{"candidates", std::move(candidates)}};
    if (usage_wish_ != "none" && (usage_wish_ != "trailing" || is_last)) body["usageMetadata"] = usage(output_so_far);
    body["modelVersion"] = call_.model;
    body["responseId"] = fmt::format("r{}", call_.request.number);
    return body;
  }

  json::Object usage(std::int64_t output) const {
    const Tokens& tokens = said_.front().tokens;
    json::Object usage{{"promptTokenCount", tokens.input}};
    if (output > 0) usage["candidatesTokenCount"] = output;
    if (tokens.reasoning > 0) usage["thoughtsTokenCount"] = tokens.reasoning;
    usage["totalTokenCount"] = tokens.input + output + tokens.reasoning;
    if (tokens.cached_read > 0) usage["cachedContentTokenCount"] = tokens.cached_read;
    usage["promptTokensDetails"] = json::Array{{{"modality", "TEXT"}, {"tokenCount", tokens.input}}};
    return usage;
  }

  Piece piece(PieceKind kind, std::size_t choice, json::Array parts, std::int64_t output) const {
    const bool is_last = kind == PieceKind::finish;
    return {kind, json::write(response(json::Array{candidate(choice, std::move(parts), is_last)}, is_last, output))};
  }

  std::vector<Piece> pieces(std::size_t choice) const {
    const Said& said = said_[choice];
    std::vector<Piece> out;
    std::int64_t output = 0;
    if (ask_.shows_thoughts)
      for (const std::string& token : said.reasoning)
        out.push_back(piece(PieceKind::token, choice, json::Array{{{"text", token}, {"thought", true}}}, 0));
    for (const std::string& token : said.text)
      out.push_back(piece(PieceKind::token, choice, json::Array{{{"text", token}}}, ++output));
    if (!said.calls.empty())
      out.push_back(piece(PieceKind::token, choice, call_parts(said, choice), said.tokens.output));
    json::Object last{{"text", ""}};
    if (signs_text(said)) last["thoughtSignature"] = text_signature();
    out.push_back(piece(PieceKind::finish, choice, json::Array{std::move(last)}, said.tokens.output));
    return out;
  }

  const Call& call_;
  const GeminiAsk& ask_;
  std::vector<Said> said_;
  std::string_view usage_wish_;
};

Answer blocked_prompt(const Call& call) {
  return json_answer({{"promptFeedback", {{"blockReason", "SAFETY"}, {"safetyRatings", json::Array()}}},
                      {"usageMetadata", {{"promptTokenCount", 1}, {"totalTokenCount", 1}}},
                      {"modelVersion", call.model}});
}

Answer generate(const Call& call, bool is_streamed) {
  const auto ask = read_generate(call);
  if (!ask) return refuse(call, ask.error());
  if (const auto problem = refusal_of(call, ask->wish, ask->is_prefilled)) return refuse(call, *problem);
  const Writer writer(call, *ask);
  const bool streams = is_streamed && !call.faults.has("as-json");
  if (!call.faults.has("filter-prompt")) return streams ? writer.stream() : writer.whole();
  Answer blocked = blocked_prompt(call);
  if (!streams) return blocked;
  Answer answer = writer.stream();
  answer.pieces = {{PieceKind::finish, blocked.body}};
  return answer;
}

std::string text_of_content(Reader& holder, Checks& checks) {
  std::string text;
  const auto* content = holder.require("content") ? holder.object_at("content") : nullptr;
  if (!content) return text;
  Reader reader(*content, holder.path_to("content"), checks);
  const auto* parts = reader.required_array("parts");
  for (std::size_t i = 0; parts && i < parts->size(); ++i) {
    Reader part((*parts)[i], checks.element(reader.path_to("parts"), i), checks);
    text += part.required_text("text");
  }
  return text;
}

json::Object embed(Reader& request, Checks& checks) {
  const std::string text = text_of_content(request, checks);
  const auto dimensions =
      static_cast<std::size_t>(request.integer("outputDimensionality", 1, 4096).value_or(kDimensions));
  request.ignore({"model", "taskType", "title"});
  request.refuse_others();
  json::Array values;
  for (const float value : embedding_of(text, dimensions)) values.push_back(static_cast<double>(value));
  return {{"values", std::move(values)}};
}

json::Object model_object(std::string_view id) {
  const bool embeds = id.find("embedding") != std::string_view::npos;
  return {{"name", fmt::format("models/{}", id)},
          {"version", "001"},
          {"displayName", fmt::format("Double {}", id)},
          {"description", "A model of the provider double"},
          {"inputTokenLimit", 1'048'576},
          {"outputTokenLimit", 65'536},
          {"supportedGenerationMethods",
           embeds ? json::Array{"embedContent"} : json::Array{"generateContent", "countTokens"}},
          {"temperature", 1},
          {"maxTemperature", 2},
          {"topP", 0.95},
          {"topK", 64},
          {"thinking", !embeds}};
}

}  // namespace

Answer answer_generate_content(const Call& call) {
  if (makes_pictures(call.model)) return answer_gemini_pictures(call);
  return generate(call, false);
}
Answer answer_stream_generate_content(const Call& call) { return generate(call, true); }

Answer answer_gemini_count_tokens(const Call& call) {
  // The contents stand alone, or within the request they belong to.
  json::Object body = call.body;
  if (const auto* inner = body.if_contains("generateContentRequest"); inner && inner->is_object())
    body = json::Object(inner->as_object());
  const Call counted{.request = call.request,
                     .dialect = call.dialect,
                     .faults = call.faults,
                     .state = call.state,
                     .errors = call.errors,
                     .body = std::move(body),
                     .model = call.model,
                     .captured = call.captured};
  const auto ask = read_generate(counted);
  if (!ask) return refuse(call, ask.error());
  return json_answer(
      {{"totalTokens", ask->wish.input_tokens},
       {"promptTokensDetails", json::Array{{{"modality", "TEXT"}, {"tokenCount", ask->wish.input_tokens}}}}});
}

Answer answer_embed_content(const Call& call) {
  Checks checks(kGeminiWords, true);
  Reader body(call.body, "", checks);
  json::Object embedding = embed(body, checks);
  if (!checks.is_fine()) return refuse(call, *checks.first());
  return json_answer({{"embedding", std::move(embedding)}});
}

Answer answer_batch_embed_contents(const Call& call) {
  Checks checks(kGeminiWords, true);
  Reader body(call.body, "", checks);
  json::Array embeddings;
  const auto* requests = body.required_array("requests");
  for (std::size_t i = 0; requests && i < requests->size(); ++i) {
    Reader request((*requests)[i], checks.element("requests", i), checks);
    request.required_text("model");
    embeddings.push_back(embed(request, checks));
  }
  if (!checks.is_fine()) return refuse(call, *checks.first());
  return json_answer({{"embeddings", std::move(embeddings)}});
}

Answer answer_gemini_models(const Call& call) {
  const auto& models = call.state.models;
  const auto size = static_cast<std::size_t>(
      std::clamp(std::atoi(call.request.query_value("pageSize").value_or("50").c_str()), 1, 1000));
  const auto begin = std::min(
      models.size(),
      static_cast<std::size_t>(std::max(0, std::atoi(call.request.query_value("pageToken").value_or("0").c_str()))));
  const std::size_t end = std::min(models.size(), begin + size);
  json::Array list;
  for (std::size_t i = begin; i < end; ++i) list.push_back(model_object(models[i]));
  json::Object body{{"models", std::move(list)}};
  if (end < models.size()) body["nextPageToken"] = fmt::format("{}", end);
  return json_answer(body);
}

Answer answer_gemini_model(const Call& call) {
  const auto& models = call.state.models;
  if (std::find(models.begin(), models.end(), call.captured) == models.end())
    return refuse(call, {.status = 404, .message = fmt::format("models/{} is not found.", call.captured)});
  return json_answer(model_object(call.captured));
}

}  // namespace atelier::doubles
