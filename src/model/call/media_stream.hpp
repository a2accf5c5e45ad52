#pragma once

#include <expected>

#include "model/call/media_gateway.hpp"

namespace atelier::model {

// Reads the answer to a submission that comes as server-sent events: pictures as far as they are go to the book, those
// that are done are what comes back. An answer that breaks off before all of them came is the fault that a whole one
// would be; one that ends well with fewer is taken as it is.
struct MediaStream {
  UpstreamAnswer& answer;
  const MediaAdapter& adapter;
  const MediaRequest& request;
  MediaBook& book;
  std::size_t done_bytes_max;  // of all pictures that are done together
};
// `stream` and what it refers to must last until the end.
Task<std::expected<MediaDone, Fault>> read_media_stream(MediaStream* stream);

}  // namespace atelier::model
