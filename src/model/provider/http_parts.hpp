#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "model/provider/adapter.hpp"

// What the adapters of several protocols share in requests and in answers that failed.
namespace atelier::model {

// Replaces the header of that name, or adds it.
void set_header(WireRequest& request, std::string_view name, std::string_view value);
// The operator's own, which win over ours.
void set_operator_headers(WireRequest& request, const Target& target);

// Where nothing but the status is known.
Fault::Kind kind_of_status(int status) noexcept;
// Whether the body is to be read as JSON: the type says so, or no type is given. Proxies answer with pages.
bool has_json(const HttpHead& head, std::string_view body);
// A fault of an answer that is not in the protocol's form: a proxy's page, plain text, nothing.
Fault fault_of_page(const HttpHead& head, std::string_view body);
Fault broken_answer(std::string message);
// A provider's own words, cut to 2,000 bytes.
std::string cut_words(std::string_view words);
bool has_any_of(std::string_view text, std::initializer_list<std::string_view> words);  // in any case of ASCII letters

// base64 of RFC 4648 section 4, padded or not; nullopt where it is not.
std::optional<std::string> decode_base64(std::string_view text);
// By the first bytes of an image's base64; "" where unknown.
std::string_view image_type_of(std::string_view base64);
// As it says itself, else by its first bytes; "" where unknown.
std::string media_type_of(const Media& media);

}  // namespace atelier::model
