#pragma once

#include <string>

#include "model/call/media_gateway.hpp"
#include "model/provider/endpoint.hpp"
#include "store/blob_store.hpp"

// OpenAI's media endpoints for models whose providers speak otherwise: what is asked is read into the canonical form,
// and what was made is told as OpenAI tells it. Providers that speak OpenAI's form are relayed to instead
// (endpoint_call.cpp).
namespace atelier::model {

// What a program asked for. Errors (invalid_argument) name the field.
struct AskedMedia {
  MediaRequest request;              // its inputs with their bytes
  std::string response_format = {};  // of a transcription: json, text, srt, verbose_json, vtt
};
Result<AskedMedia> read_openai_media(Endpoint endpoint, const EndpointBody& body);

struct ToldMedia {
  std::string body, content_type;
  std::string candidate;
};
// Makes it now, in memory: nothing is kept, and nothing goes on once the caller is gone. On the loop of the gateway's
// schedule. `blobs` is where this machine's own workers write.
Task<Result<ToldMedia>> answer_openai_media(MediaGateway* gateway, store::BlobStore* blobs, Endpoint endpoint,
                                            AskedMedia asked, MediaCall call);

}  // namespace atelier::model
