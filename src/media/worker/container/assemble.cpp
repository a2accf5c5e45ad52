#include "media/worker/container/assemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "media/protocol/catalog.hpp"
#include "media/protocol/limits.hpp"
#include "media/worker/container/film_muxer.hpp"
#include "media/worker/container/limits.hpp"
#include "media/worker/container/segment_reader.hpp"
#include "media/worker/container/soundtrack_reader.hpp"

namespace atelier::media::container {
namespace {

struct Parameters {
  FilmFormat film;
  std::int64_t segment_count = 0;
};

Result<Parameters> read_parameters(const json::Value& value) {
  json::ObjectReader reader(value);
  Parameters parameters;
  FilmFormat& film = parameters.film;
  film.width = static_cast<int>(reader.required_integer("width", 16, kSideMax));
  film.height = static_cast<int>(reader.required_integer("height", 16, kSideMax));
  film.fps = static_cast<int>(reader.required_integer("fps", 1, 240));
  film.frame_count = reader.required_integer("frame_count", 1, kDurationMsMax / 1'000 * 240);
  film.title = reader.required_string("title", {.bytes_max = 1'024});
  parameters.segment_count = reader.required_integer("segment_count", 1, static_cast<std::int64_t>(kFilesMax) - 2);
  const auto rates = frame_rates();
  if (std::find(rates.begin(), rates.end(), film.fps) == rates.end())
    reader.complain("fps", "is no frame rate that is made here");
  if (auto done = reader.finish(); !done) return error_of(done);
  return parameters;
}

// Half a second of one track, then of the other: a player that reads on finds both close by.
class Interleaver {
 public:
  Interleaver(FilmMuxer& muxer, SoundtrackReader& sound, const FilmFormat& film)
      : muxer_(muxer),
        sound_(sound),
        group_frames_(std::max(1, film.fps / 2)),
        frame_samples_(samples_per_frame(film.fps)) {}

  Result<> add(AVPacket& packet, std::int64_t pts_frame) {
    if (auto done = muxer_.write_video(packet, pts_frame); !done) return done;
    if (++written_frames_ % group_frames_ != 0) return {};
    return add_sound_until(written_frames_ * frame_samples_);
  }

  // Every packet that starts before this sample.
  Result<> add_sound_until(std::int64_t end_sample) {
    while (sound_.next_sample() < end_sample) {
      const auto packet = sound_.next();
      if (!packet) return error_of(packet);
      if (*packet == nullptr) return {};  // how long it must be is checked at the end
      if (auto done = muxer_.write_sound(**packet, sound_.next_sample() - kSamplesPerPacket); !done) return done;
    }
    return {};
  }

 private:
  FilmMuxer& muxer_;
  SoundtrackReader& sound_;
  std::int64_t group_frames_;
  std::int64_t frame_samples_;
  std::int64_t written_frames_ = 0;
};

}  // namespace

Result<json::Value> assemble(TaskContext& context) {
  const auto parameters = read_parameters(context.parameters());
  if (!parameters) return error_of(parameters);
  const FilmFormat& film = parameters->film;
  const int output = context.output("video");
  if (output < 0) return fail(ErrorCode::invalid_argument, "no output called \"video\" was given");

  auto sound = SoundtrackReader::open(context.input("soundtrack"));
  if (!sound) return error_of(sound);
  auto segment = SegmentReader::open(context.input("segment0"), "segment0", film);
  if (!segment) return error_of(segment);
  auto muxer = FilmMuxer::open(output, film, segment->codec(), sound->codec());
  if (!muxer) return error_of(muxer);
  const std::string parameter_sets(segment->parameter_sets());

  Interleaver interleaver(*muxer, *sound, film);
  std::int64_t first_frame = 0;
  for (std::int64_t index = 0; index < parameters->segment_count; ++index) {
    if (index > 0) {
      const std::string name = "segment" + std::to_string(index);
      segment = SegmentReader::open(context.input(name), name, film);
      if (!segment) return error_of(segment);
      if (segment->parameter_sets() != parameter_sets)
        return fail(ErrorCode::conflict, name + " was encoded with other parameter sets than segment0: render it again",
                    {"segment_mismatch", name});
    }
    for (;;) {
      const auto packet = segment->next();
      if (!packet) return error_of(packet);
      if (*packet == nullptr) break;
      if (auto done = interleaver.add(**packet, first_frame + segment->frame_of_last()); !done) return error_of(done);
      if (!context.progress(first_frame + segment->frame_count(), film.frame_count))
        return fail(ErrorCode::cancelled, "assembling was cancelled");
    }
    first_frame += segment->frame_count();
  }
  if (first_frame != film.frame_count)
    return fail(ErrorCode::invalid_argument,
                fmt::format("the segments have {} frames together; frame_count is {}", first_frame, film.frame_count),
                {"frame_count_mismatch", "/frame_count"});
  const std::int64_t sample_count = film.frame_count * samples_per_frame(film.fps);
  if (auto done = interleaver.add_sound_until(sample_count); !done) return error_of(done);
  if (sound->next_sample() + kSamplesPerPacket <= sample_count)
    return fail(ErrorCode::invalid_argument,
                fmt::format("the soundtrack has {} samples; {} frames need {}", sound->next_sample(), film.frame_count,
                            sample_count),
                {"soundtrack_too_short", "soundtrack"});
  if (auto done = muxer->finish(); !done) return error_of(done);
  return json::Value{{"frame_count", film.frame_count}, {"duration_ms", film.frame_count * 1'000 / film.fps}};
}

}  // namespace atelier::media::container
