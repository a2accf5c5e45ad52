#pragma once

#include <string>
#include <string_view>

#include "net/message.hpp"
#include "store/blob_store.hpp"

namespace atelier::api {

// Content-Disposition of a download of that name.
std::string attachment_named(std::string_view name);
// Content-Disposition of what is shown, and has that name where it is saved.
std::string inline_named(std::string_view name);

// Content-Security-Policy of what users and providers bring: shown, never run.
inline constexpr std::string_view kFileContentPolicy = "sandbox; default-src 'none'; media-src 'self'; img-src 'self'";

// A blob as an answer, with Range and conditional requests; its digest is its ETag. With a name it is a download.
net::Response file_response(store::OpenBlob blob, std::string media_type, std::string download_name);

}  // namespace atelier::api
