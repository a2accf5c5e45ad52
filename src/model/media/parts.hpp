#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/media/adapter.hpp"

// What the media adapters of several providers share.
namespace atelier::model {

// POST of this object with `Authorization: <scheme> <key>` where there is a key, and the operator's headers. `path`
// begins with a slash and follows the base URL; an absolute URL stands for itself.
WireRequest post_json(const Target& target, std::string_view path, json::Object body,
                      std::string_view scheme = "Bearer");
WireRequest get_from(const Target& target, std::string_view path, std::string_view scheme = "Bearer");
std::string url_at(const Target& target, std::string_view path);

// A body of multipart/form-data being written (RFC 7578).
class FormWriter {
 public:
  FormWriter();
  void field(std::string_view name, std::string_view value);
  void file(std::string_view name, const MediaInput& input);
  // The whole, as a POST.
  WireRequest post(const Target& target, std::string_view path, std::string_view scheme = "Bearer");

 private:
  const std::string boundary_;
  std::string body_;
};

// Puts the provider's own fields beside ours. invalid_argument names one that we write ourselves ("/options/size").
Result<> put_options(json::Object& body, const json::Object& options);
// The same for a form: texts, numbers and booleans alone.
Result<> put_options(FormWriter& form, const json::Object& options, std::initializer_list<std::string_view> ours);

// Without a fraction where it has none: providers whose field is an integer refuse 5.0.
json::Value number_of(double number);

std::string data_url(const MediaInput& input);
std::string size_text(const MediaRequest& request);  // "1024x768"; empty where there is none

// Whether an address has the same scheme, host and port as the provider's own: only there may its key go.
bool is_same_origin(std::string_view url, std::string_view other);

// A header other than Authorization, for providers whose key goes there. The operator's own of that name wins.
void put_key(WireRequest& request, const Target& target, std::string_view name);

// What a link of an answer leads to: an address, or the bytes of a "data:" one. nullopt for anything else.
std::optional<MediaFile> file_at(std::string_view link);

// What a provider says went wrong, wherever it says it: "detail" (a text, or a list of fields in FastAPI's form),
// "message", "error", "title". Cut to 2,000 bytes; empty where it says nothing.
std::string told_words(const json::Object& answer);
// A fault by its status with those words, and the time to wait, of an answer with an error status.
Fault fault_by_status(const HttpHead& head, std::string_view body);

// Of work that is over and has nothing in it that was asked for: it may be charged all the same.
Fault broken_result(std::string message);

// Of clips whose provider tells no lengths: as long as was asked for, or as it makes them where nothing is said.
Usage usage_of_clips(const MediaRequest& request, const MediaDone& done, double seconds_usual);

// Whether it can stand in a URL's path as it is: segments of letters, digits and "._~-", none of them dots alone.
bool is_plain_path(std::string_view path) noexcept;

// Of a whole answer: its object, or why it is none.
std::expected<json::Object, Fault> read_json_answer(const MediaAdapter& adapter, const HttpHead& head,
                                                    std::string_view body);

}  // namespace atelier::model
