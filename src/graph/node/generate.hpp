#pragma once

#include <string>
#include <vector>

#include "graph/node.hpp"
#include "model/media/request.hpp"

namespace atelier::graph {

// Steps that make pictures, sound and clips through the gateway, one type for each kind ("generate.image"...). The
// first result comes out of the port that is called as what it is (image, audio, video, text), the others of "image2"
// and so on; "facts" says what was used and, where the step keeps its results, which assets they are.
//
// What is done at a provider is written down in media_jobs under a key of the owner, the parameters and the inputs:
// before it is asked, and again with the job's name. A step that finds such a row goes on where it was left.
std::vector<const NodeType*> generate_node_types();

// The parameters of such a step.
struct GenerateParameters {
  model::MediaRequest request;
  std::string model;  // or a route
  // Makes this step's work its own: without it, equal steps of an owner are one work.
  std::string nonce = {};
  // Results become assets of the library; otherwise they are the run's alone.
  bool keeps = false;
  // The assets that the inputs are, in their order, for the lineage; empty texts where they are none.
  std::vector<std::string> sources = {};
  // The access key whose limits and allowance hold; nil: none.
  KeyId key = {};
};
json::Value to_json(const GenerateParameters& parameters);
Result<GenerateParameters> generate_parameters_from_json(const json::Value& value);

std::string generate_type_name(model::MediaKind kind);
// The port of an input's role: "reference", "mask", "first_frame", "last_frame", "recording".
std::string_view generate_port(model::MediaInput::Role role) noexcept;
// The key of media_jobs.
std::string media_job_key(UserId owner, const json::Value& parameters,
                          const std::map<std::string, std::vector<PortValue>, std::less<>>& inputs);

}  // namespace atelier::graph
