#pragma once

#include <string>

#include "net/message.hpp"
#include "store/blob_store.hpp"

namespace atelier::api {

// A blob as an answer, with Range and conditional requests; its digest is its ETag. With a name it is a download.
net::Response file_response(store::OpenBlob blob, std::string media_type, std::string download_name);

}  // namespace atelier::api
