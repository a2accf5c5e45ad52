#pragma once

#include <map>
#include <string>

#include "model/provider/form_data.hpp"
#include "tests/model/media_asking.hpp"

// What media adapters say in forms, and what they make of whole answers.
namespace atelier::model::testing {

// The fields and files of a form, by their names. Names that come twice fail the test.
inline std::map<std::string, std::string> form_of(const WireRequest& request) {
  std::map<std::string, std::string> fields;
  auto parts = read_form(request.body, header_of(request, "content-type"));
  EXPECT_TRUE(parts) << request.body;
  if (!parts) return fields;
  for (const FormPart& part : *parts)
    EXPECT_TRUE(fields.emplace(part.name, part.content).second) << part.name << " comes twice";
  return fields;
}

inline MediaDone expect_done(std::expected<MediaSubmitted, Fault> submitted) {
  EXPECT_TRUE(submitted) << (submitted ? "" : submitted.error().message);
  MediaDone* done = submitted ? std::get_if<MediaDone>(&*submitted) : nullptr;
  EXPECT_TRUE(done) << "nothing is done";
  return done ? std::move(*done) : MediaDone();
}

inline Fault expect_fault(std::expected<MediaSubmitted, Fault> submitted) {
  EXPECT_FALSE(submitted);
  return submitted ? Fault() : std::move(submitted.error());
}

inline MediaInput recording_of(std::string bytes = "RIFF") {
  return {.role = MediaInput::Role::recording,
          .media_type = "audio/wav",
          .name = "a.wav",
          .size_bytes = bytes.size(),
          .bytes = std::move(bytes)};
}

inline HttpHead head_with(int status, std::string type, std::vector<std::pair<std::string, std::string>> more = {}) {
  more.emplace_back("content-type", std::move(type));
  return {.status = status, .headers = std::move(more)};
}

}  // namespace atelier::model::testing
