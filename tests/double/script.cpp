#include "tests/double/script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/json.hpp"
#include "tests/double/talk.hpp"

namespace atelier::doubles {
namespace {

using std::chrono::milliseconds;

// With any of these, what the client gets is no whole and good answer.
constexpr std::string_view kBreaking[] = {
    "cut-before-head", "cut-in-head",    "cut-before-first",  "cut-after-start", "cut-mid",
    "cut-in-event",    "cut-before-end", "half-open",         "half-open-mid",   "bad-head",
    "bad-chunk",       "error-first",    "error-after-start", "error-mid",       "empty",
    "empty-text",      "no-finish",      "as-html",           "redirect",        "malformed",
    "second-start"};

std::string html_page(int status) {
  return fmt::format(
      "<!doctype html>\n<html><head><title>{0} {1}</title></head><body><h1>{0} {1}</h1><p>The double's proxy says "
      "so.</p></body></html>\n",
      status, reason_phrase(status));
}

std::string http_date(std::int64_t seconds_ahead) {
  const std::time_t when = std::time(nullptr) + seconds_ahead;
  std::tm parts{};
  ::gmtime_r(&when, &parts);
  char text[64];
  const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

void add_retry_after(Answer& answer, const Faults& faults) {
  if (faults.has("retry-after")) answer.fields.emplace_back("retry-after", std::string(faults.text("retry-after")));
  if (faults.has("retry-after-ms"))
    answer.fields.emplace_back("retry-after-ms", std::string(faults.text("retry-after-ms")));
  if (faults.has("retry-after-date"))
    answer.fields.emplace_back("retry-after", http_date(faults.number("retry-after-date", 0)));
}

void become_page(Answer& answer, int status) {
  answer.status = status;
  answer.content_type = "text/html; charset=utf-8";
  answer.body = html_page(status);
  answer.framing = Framing::whole;
  answer.pieces.clear();
}

// The ids that tell one answer from another, wherever a protocol has them.
void change_ids(json::Value& value) {
  auto* object = value.if_object();
  if (!object) return;
  for (const std::string_view name : {"id", "responseId"})
    if (auto* id = object->if_contains(name); id && id->is_string()) *id = "other-" + std::string(id->as_string());
  for (const std::string_view name : {"message", "response"})
    if (auto* inner = object->if_contains(name)) change_ids(*inner);
}

class Writer {
 public:
  Writer(Answer answer, const Faults& faults, const ScriptFor& request)
      : answer_(std::move(answer)), faults_(faults), request_(request) {}

  Script write() {
    change_answer();
    script_.status = answer_.status;
    script_.is_success = answer_.status < 300 && std::none_of(
                                                     std::begin(kBreaking), std::end(kBreaking),
                                                     [&](std::string_view name) { return faults_.has(name); });
    const bool until_close = faults_.has("until-close") || (request_.is_http10 && answer_.is_streamed());
    const bool ends_early_clean = std::any_of(std::begin(kBreaking), std::end(kBreaking),
                                              [&](std::string_view name) { return faults_.text(name) == "clean"; });
    is_chunked_ = !until_close && (answer_.is_streamed() || faults_.has("chunked") || ends_early_clean);
    script_.closes =
        until_close || !request_.keeps_alive || faults_.has("close-after") || faults_.has("close-silently") ||
        answer_.told_size_bytes.has_value();
    write_before_head();
    if (!has_ended_) write_head();
    if (!has_ended_ && request_.has_body) {
      if (answer_.is_streamed())
        write_pieces();
      else
        write_body();
    }
    if (!has_ended_ && request_.has_body && is_chunked_) add_raw("0\r\n\r\n");
    flush();
    return std::move(script_);
  }

 private:
  void change_answer() {
    if (faults_.has("html")) become_page(answer_, answer_.status);
    if (faults_.has("as-html")) become_page(answer_, 200);
    if (faults_.has("redirect")) {
      become_page(answer_, static_cast<int>(faults_.number("redirect", 302)));
      answer_.fields.emplace_back("location", request_.target);
    }
    if (answer_.status >= 400) add_retry_after(answer_, faults_);
    if (faults_.has("empty")) {
      answer_.body.clear();
      answer_.pieces.clear();
    }
    const std::string_view type = faults_.text("type");
    if (type == "json") answer_.content_type = "application/json";
    if (type == "html") answer_.content_type = "text/html";
    if (type == "text") answer_.content_type = "text/plain";
    if (type == "none") answer_.content_type.clear();
    if (faults_.has("leading-blank")) answer_.body = "\n \n\n" + answer_.body;
    if (faults_.has("malformed") && !answer_.is_streamed()) answer_.body = "{\"choices\": [{\"mess";
    if (answer_.is_streamed()) change_pieces();
  }

  // Where the faults in mid-stream strike: the index of the piece before which they do.
  std::size_t middle() const {
    const auto& pieces = answer_.pieces;
    const auto tokens = static_cast<std::size_t>(
        std::count_if(pieces.begin(), pieces.end(), [](const Piece& piece) { return piece.kind == PieceKind::token; }));
    const auto wish =
        static_cast<std::size_t>(faults_.number("at", static_cast<std::int64_t>(std::max<std::size_t>(tokens / 2, 1))));
    std::size_t seen = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (pieces[i].kind != PieceKind::token && pieces[i].kind != PieceKind::start) return i;
      if (pieces[i].kind == PieceKind::token && seen++ == wish) return i;
    }
    return pieces.size();
  }

  std::size_t first_token() const { return index_of_not(PieceKind::start); }
  std::size_t index_of_not(PieceKind kind) const {
    const auto found = std::find_if(answer_.pieces.begin(), answer_.pieces.end(),
                                    [&](const Piece& piece) { return piece.kind != kind; });
    return static_cast<std::size_t>(found - answer_.pieces.begin());
  }
  std::size_t after_tokens() const {
    const auto found = std::find_if(answer_.pieces.begin(), answer_.pieces.end(), [](const Piece& piece) {
      return piece.kind != PieceKind::token && piece.kind != PieceKind::start;
    });
    return static_cast<std::size_t>(found - answer_.pieces.begin());
  }

  void change_pieces() {
    auto& pieces = answer_.pieces;
    const auto at = [&](std::size_t index) { return pieces.begin() + static_cast<std::ptrdiff_t>(index); };
    const std::vector<Piece> opening(pieces.begin(), at(first_token()));
    const std::size_t mid = middle();
    if (faults_.has("error-mid")) {
      pieces.erase(at(mid), pieces.end());
      pieces.insert(pieces.end(), answer_.error_pieces.begin(), answer_.error_pieces.end());
    }
    if (faults_.has("error-after-start")) {
      pieces = opening;
      pieces.insert(pieces.end(), answer_.error_pieces.begin(), answer_.error_pieces.end());
    }
    if (faults_.has("error-first")) pieces = answer_.error_pieces;
    if (faults_.has("malformed"))
      pieces.insert(at(std::min(mid, pieces.size())), {PieceKind::token, "{\"this\": [\"is no JSON"});
    if (faults_.has("second-start")) {
      std::vector<Piece> other = opening;
      for (Piece& piece : other) {
        json::Value data = json::parse(piece.data).value_or(json::Value());
        change_ids(data);
        if (answer_.framing != Framing::bytes) piece.data = json::write(data);
      }
      pieces.insert(at(mid), other.begin(), other.end());
    }
    if (faults_.has("duplicate-start") && !opening.empty()) pieces.insert(pieces.begin(), opening.front());
    if (faults_.has("no-done")) std::erase_if(pieces, [](const Piece& piece) { return piece.kind == PieceKind::end; });
    if (faults_.has("no-finish"))
      std::erase_if(pieces, [](const Piece& piece) { return piece.kind == PieceKind::finish; });
  }

  void write_before_head() {
    if (faults_.has("half-open")) return end(Step::Kind::half_open);
    if (faults_.has("silence")) wait("silence");
    if (!answer_.is_streamed() && faults_.has("slow-first")) wait("slow-first");
    if (has_ended_) return;
    if (faults_.has("cut-before-head")) return cut("cut-before-head");
    if (faults_.has("bad-head")) {
      add_raw("SSH-2.0-double\r\n");
      return end(Step::Kind::fin);
    }
    if (faults_.has("interim"))
      add_raw("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n");
    flush();
  }

  void write_head() {
    std::string head = fmt::format("HTTP/1.1 {} {}\r\n", answer_.status, reason_phrase(answer_.status));
    const auto field = [&](std::string_view name, std::string_view value) {
      head.append(name).append(": ").append(value).append("\r\n");
    };
    if (!answer_.content_type.empty()) field("content-type", answer_.content_type);
    if (answer_.is_streamed()) field("cache-control", "no-cache");
    for (const auto& [name, value] : answer_.fields) field(name, value);
    if (is_chunked_)
      field("transfer-encoding", "chunked");
    else if (!answer_.is_streamed() && !faults_.has("until-close"))
      field("content-length", fmt::format("{}", answer_.told_size_bytes.value_or(answer_.body.size())));
    if (script_.closes && !faults_.has("close-silently")) field("connection", "close");
    head += "\r\n";
    if (faults_.has("cut-in-head")) {
      add_raw(head.substr(0, head.size() / 2));
      return cut("cut-in-head");
    }
    add_raw(std::move(head));
    // A whole answer goes out in one piece, as servers send it, unless something comes between.
    if (answer_.is_streamed() && !request_.joins_sends) flush();
    if (faults_.has("silence-head")) {
      flush();
      wait("silence-head");
    }
    if (!has_ended_ && faults_.has("cut-before-first")) {
      flush();
      cut("cut-before-first");
    }
  }

  void write_body() {
    const std::string& body = answer_.body;
    const std::size_t half =
        faults_.has("at") ? std::min(body.size(), static_cast<std::size_t>(faults_.number("at", 0))) : body.size() / 2;
    add_body(body.substr(0, half));
    strike_middle();
    for (const std::string_view name : {"cut-after-start", "cut-in-event", "cut-before-end"})
      if (!has_ended_ && faults_.has(name)) cut(name);
    if (!has_ended_) add_body(body.substr(half));
  }

  void strike_middle() {
    for (const std::string_view name : {"hold-mid", "stall-mid", "half-open-mid", "bad-chunk", "cut-mid"})
      if (faults_.has(name)) flush();
    if (faults_.has("hold-mid")) script_.steps.push_back({.kind = Step::Kind::hold});
    if (faults_.has("stall-mid")) wait("stall-mid");
    if (!has_ended_ && faults_.has("half-open-mid")) end(Step::Kind::half_open);
    if (!has_ended_ && faults_.has("bad-chunk")) {
      add_raw("xyz\r\n");
      end(Step::Kind::fin);
    }
    if (!has_ended_ && faults_.has("cut-mid")) cut("cut-mid");
  }

  void write_pieces() {
    const std::size_t first = first_token(), mid = middle(), last = after_tokens();
    if (!answer_.comment.empty()) add_event(": " + answer_.comment + "\n\n", PieceKind::start);
    bool had_token = false;
    for (std::size_t i = 0; i < answer_.pieces.size() && !has_ended_; ++i) {
      const Piece& piece = answer_.pieces[i];
      if (i == first && faults_.has("cut-after-start")) return cut("cut-after-start");
      if (i == first && faults_.has("slow-first")) wait("slow-first");
      if (i == mid) strike_middle();
      if (has_ended_) return;
      if (i == mid && faults_.has("cut-in-event")) {
        const std::string event = framed(piece, i);
        add_event(event.substr(0, event.size() / 2), piece.kind);
        return cut("cut-in-event");
      }
      if (i == last && faults_.has("slow-end")) wait("slow-end");
      if (i == last && faults_.has("cut-before-end")) return cut("cut-before-end");
      if (faults_.has("comments") && answer_.framing != Framing::bytes) add_event(comment(), PieceKind::start);
      if (piece.kind == PieceKind::token && std::exchange(had_token, true) && faults_.has("token-gap"))
        wait("token-gap");
      add_event(framed(piece, i), piece.kind);
    }
    // What is made of tokens alone ends with them.
    if (last == answer_.pieces.size() && !has_ended_) {
      if (faults_.has("slow-end")) wait("slow-end");
      if (!has_ended_ && faults_.has("cut-before-end")) return cut("cut-before-end");
    }
    // A sound has no word for an error: it breaks off.
    if (answer_.framing == Framing::bytes && !has_ended_ && stream_problem(faults_)) return end(Step::Kind::fin);
    if (answer_.framing == Framing::json_array && !has_ended_ && !faults_.has("empty"))
      add_event(answer_.pieces.empty() ? "[]" : "]", PieceKind::end);
  }

  std::string_view line_end() const {
    if (faults_.has("cr")) return "\r";
    return answer_.has_crlf || faults_.has("crlf") ? "\r\n" : "\n";
  }

  std::string comment() const {
    if (answer_.framing != Framing::sse) return "\n";
    return fmt::format(": {}{}{}", faults_.text("comments", "keep-alive"), line_end(), line_end());
  }

  std::string framed(const Piece& piece, std::size_t index) const {
    const std::string_view eol = line_end();
    switch (answer_.framing) {
      case Framing::sse:
        return fmt::format("{}data: {}{}{}", piece.event.empty() ? "" : fmt::format("event: {}{}", piece.event, eol),
                           piece.data, eol, eol);
      case Framing::ndjson:
        return piece.data + "\n";
      case Framing::json_array:
        return (index == 0 ? "[" : ",\n") + piece.data;
      case Framing::bytes:
      case Framing::whole:
        break;
    }
    return piece.data;
  }

  // Body bytes that belong to one event: one chunk, one send.
  void add_event(const std::string& bytes, PieceKind kind) {
    const bool joins = request_.joins_sends && kind != PieceKind::token;
    if (!joins) flush();
    if (kind == PieceKind::token && request_.joins_sends) flush();
    add_body(bytes);
    if (kind == PieceKind::token) {
      Step& step = pending_step();
      step.is_token = true;
      step.repeats = answer_.is_endless;
      if (const std::size_t at = step.bytes.find(kStampPlace); at != std::string::npos)
        step.stamp_at = static_cast<std::uint32_t>(at);
    }
    if (!joins) flush();
  }

  void add_body(const std::string& bytes) {
    if (bytes.empty()) return;
    if (!is_chunked_) return add_raw(bytes);
    if (!faults_.has("bytewise")) return add_raw(fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes));
    std::string chunks;
    for (const char c : bytes) chunks.append("1\r\n").append(1, c).append("\r\n");
    add_raw(std::move(chunks));
  }

  Step& pending_step() {
    if (!has_pending_) script_.steps.push_back({.is_bytewise = faults_.has("bytewise")});
    has_pending_ = true;
    return script_.steps.back();
  }
  void add_raw(std::string bytes) {
    Step& step = pending_step();
    if (step.bytes.empty())
      step.bytes = std::move(bytes);
    else
      step.bytes += bytes;
  }
  void flush() { has_pending_ = false; }

  void wait(std::string_view name) {
    flush();
    const bool is_for_ever = faults_.text(name).empty();
    const std::int64_t length_ms = faults_.number(name, 0);
    if (!is_for_ever && length_ms == 0) return;
    script_.steps.push_back({.kind = Step::Kind::wait, .length = milliseconds(length_ms)});
    has_ended_ = is_for_ever;
  }

  void cut(std::string_view name) {
    const std::string_view how = faults_.text(name, "fin");
    if (how == "clean") {
      if (is_chunked_) add_raw("0\r\n\r\n");
      flush();
      has_ended_ = true;
      return;
    }
    end(how == "rst" ? Step::Kind::reset : Step::Kind::fin);
  }

  void end(Step::Kind kind) {
    flush();
    script_.steps.push_back({.kind = kind});
    has_ended_ = true;
  }

  Answer answer_;
  const Faults& faults_;
  const ScriptFor& request_;
  Script script_;
  bool is_chunked_ = false, has_ended_ = false, has_pending_ = false;
};

}  // namespace

Script make_script(Answer answer, const Faults& faults, const ScriptFor& request) {
  return Writer(std::move(answer), faults, request).write();
}

}  // namespace atelier::doubles
