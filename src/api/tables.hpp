#pragma once

#include <span>

#include "api/route.hpp"

namespace atelier::api {

// One table per file; all_routes() puts them together.
std::span<const Route> session_routes();
std::span<const Route> own_account_routes();
std::span<const Route> people_routes();
std::span<const Route> invitation_routes();
std::span<const Route> batch_routes();
std::span<const Route> production_routes();
std::span<const Route> thread_routes();
std::span<const Route> message_routes();
std::span<const Route> tool_routes();
std::span<const Route> prompt_routes();
std::span<const Route> thread_exchange_routes();
std::span<const Route> thread_search_routes();
std::span<const Route> ai_sdk_routes();
std::span<const Route> run_routes();
std::span<const Route> generation_routes();
std::span<const Route> voice_routes();
std::span<const Route> asset_routes();
std::span<const Route> asset_shelf_routes();
std::span<const Route> asset_archive_routes();
std::span<const Route> upload_routes();
std::span<const Route> event_routes();
std::span<const Route> operator_routes();
std::span<const Route> key_routes();
std::span<const Route> webhook_endpoint_routes();
std::span<const Route> webhook_routes();
std::span<const Route> manual_routes();
std::span<const Route> model_routes();
std::span<const Route> provider_routes();
std::span<const Route> model_route_routes();
std::span<const Route> call_routes();
std::span<const Route> performance_routes();
std::span<const Route> objective_routes();
std::span<const Route> error_routes();
std::span<const Route> alert_routes();
std::span<const Route> trace_routes();
std::span<const Route> performance_now_routes();
std::span<const Route> v1_chat_routes();
std::span<const Route> v1_response_routes();
std::span<const Route> v1_endpoint_routes();
std::span<const Route> v1_media_routes();
std::span<const Route> v1_model_routes();

// The event stream of the caller, of those topics alone (comma-separated; "": all), from the cursor the request names.
net::Response event_stream(const Services& services, const net::Request& request, std::string topics);

// What the media workers' sandbox lacks on this machine, for status and doctor.
json::Value media_status(const Services& services);

// components/schemas of the OpenAPI document.
json::Value schemas();
// Those of generations, and of the overview of performance, among them.
json::Value generation_schemas();
json::Value objective_schemas();
json::Value performance_schemas();
json::Value error_schemas();
json::Value alert_schemas();

}  // namespace atelier::api
