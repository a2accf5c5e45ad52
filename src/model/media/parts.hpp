#pragma once

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

std::string data_url(const MediaInput& input);
std::string size_text(const MediaRequest& request);  // "1024x768"; empty where there is none

// Whether an address has the same scheme, host and port as the provider's own: only there may its key go.
bool is_same_origin(std::string_view url, std::string_view other);

// Of a whole answer: its object, or why it is none.
std::expected<json::Object, Fault> read_json_answer(const MediaAdapter& adapter, const HttpHead& head,
                                                    std::string_view body);

}  // namespace atelier::model
