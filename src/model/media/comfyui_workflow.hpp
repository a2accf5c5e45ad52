#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model/media/request.hpp"

// Workflows of ComfyUI in its API's form: an object of nodes by their ids, each {"class_type", "inputs"}.
namespace atelier::model {

// The model's name that stands for "whatever the workflow of the options loads".
inline constexpr std::string_view kComfyWorkflowModel = "workflow";

struct ComfyFilling {
  std::string_view model;                 // a checkpoint, or kComfyWorkflowModel
  std::span<const std::string> uploaded;  // the server's names of the request's inputs, in their order
  std::int64_t seed = 0;                  // where the request has none
  std::string prefix = {};                // of the files' names
};

// The workflow of `options.workflow`, with what the request says put where it says "{{prompt}}", "{{width}}" and so
// on; a text that is nothing but one such place becomes a number where that is one. "{{steps|20}}" has a default, and
// the other options fill places of their names. Without a workflow a plain one: from words, or from a picture, by one
// checkpoint. invalid_argument names the field that the workflow has no place for, or the place that nothing fills.
Result<json::Object> comfy_workflow(const MediaRequest& request, const ComfyFilling& filling);

}  // namespace atelier::model
