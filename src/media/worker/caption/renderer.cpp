#include "media/worker/caption/renderer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "media/worker/caption/canvas.hpp"
#include "media/worker/caption/emoji.hpp"
#include "media/worker/caption/font_set.hpp"
#include "media/worker/caption/layout.hpp"
#include "media/worker/caption/libass.hpp"

namespace atelier::media::caption {
namespace {

constexpr double kEnterSeconds = 0.1;  // as a page rises into place
constexpr double kEnterOpacity = 0.35;

// Which picture a frame shows: the page, the word lit on it, and how far it has come in.
struct Moment {
  std::size_t cue = 0;
  std::optional<std::size_t> lit_word;
  std::int64_t entering = -1;  // frames since the start, while it comes in

  bool operator==(const Moment&) const = default;
};

PixelRect rect_of(const ASS_Image& image) { return {image.dst_x, image.dst_y, image.w, image.h}; }

class LibassRenderer final : public Renderer {
 public:
  LibassRenderer(Scene scene, const Style& style, const Fonts& fonts)
      : scene_(std::move(scene)),
        style_(style),
        format_(format_of(scene_.width, scene_.height)),
        fonts_(fonts),
        typesetter_(fonts, scene_.language),
        emoji_(fonts) {}

  Result<> start() {
    AssPainter::Setup setup{
        ass_header(style_, "", scene_.width, scene_.height), scene_.width, scene_.height, {kLatinFont}};
    for (const Cue& cue : scene_.cues) {
      pages_.push_back(place(cue, style_, format_, typesetter_));
      for (const PlacedLine& line : pages_.back().lines)
        for (const PlacedWord& word : line.words)
          for (const TextRun& run : word.set->runs) setup.fonts.insert(run.font);
    }
    auto painter = AssPainter::make(setup, fonts_);
    if (!painter) return error_of(painter);
    painter_ = std::move(*painter);
    return {};
  }

  View render(std::int64_t frame) override {
    const auto moment = moment_at(frame);
    if (generation_ != 0 && moment == shown_) return {current_, generation_};
    ++generation_;
    shown_ = moment;
    current_ = moment ? &draw(*moment) : &empty_;
    return {current_, generation_};
  }

 private:
  std::optional<Moment> moment_at(std::int64_t frame) const {
    auto after = std::ranges::upper_bound(scene_.cues, frame, {}, &Cue::start_frame);
    if (after == scene_.cues.begin()) return std::nullopt;
    const Cue& cue = *--after;
    if (frame >= cue.end_frame) return std::nullopt;
    Moment moment{static_cast<std::size_t>(after - scene_.cues.begin()), {}, -1};
    if (style_.highlights_words) moment.lit_word = spoken_word(cue, frame);
    if (frame - cue.start_frame < enter_frames()) moment.entering = frame - cue.start_frame;
    return moment;
  }

  std::int64_t enter_frames() const { return std::max<std::int64_t>(1, std::llround(kEnterSeconds * scene_.fps)); }

  const Overlay& draw(const Moment& moment) {
    Moment settled = moment;
    settled.entering = -1;
    if (drawn_ != settled) {
      paint(settled);
      drawn_ = settled;
    }
    if (moment.entering < 0) return page_;
    const double left = 1 - static_cast<double>(moment.entering + 1) / static_cast<double>(enter_frames() + 1);
    const double remaining = left * left * left;
    const int rows = 2 * static_cast<int>(std::lround(remaining * style_.rise * pages_[moment.cue].em_px / 2));
    fade(page_, rows, static_cast<int>(std::lround(255 * (1 - remaining * (1 - kEnterOpacity)))), entering_);
    return entering_;
  }

  void paint(const Moment& moment) {
    Palette palette(Palette::Purpose::drawing);
    const auto events = page_events(pages_[moment.cue], style_, fonts_, {.lit_word = moment.lit_word}, palette);
    const ASS_Image* images = painter_->paint(events);
    PixelRect around;
    for (const ASS_Image* image = images; image; image = image->next) around = unite(around, rect_of(*image));
    Canvas canvas(widen_to_even(intersect(around, area())));
    for (const ASS_Image* image = images; image;) image = paint_group(image, palette, canvas);
    canvas.finish(page_);
  }

  // The format's box in whole even pixels: whatever happens, nothing is drawn outside.
  PixelRect area() const {
    const auto even = [](double value) { return 2 * static_cast<int>(std::ceil(value / 2)); };
    const auto even_below = [](double value) { return 2 * static_cast<int>(std::floor(value / 2)); };
    const int x = even(format_.box.left), y = even(format_.box.top);
    return {x, y, even_below(format_.box.right) - x, even_below(format_.box.bottom) - y};
  }

  // Paints the images that share a paint, and returns the first that does not.
  const ASS_Image* paint_group(const ASS_Image* first, const Palette& palette, Canvas& canvas) {
    const Palette::Paint* paint = palette.find(first->color);
    std::vector<Coverage> shapes;
    const ASS_Image* image = first;
    for (; image && image->color == first->color; image = image->next)
      shapes.push_back({rect_of(*image), image->bitmap, image->stride});
    if (!paint || paint->is_hidden) return image;
    if (!paint->emoji_glyph) {
      canvas.paint(shapes, paint->colour, paint->opacity);
      return image;
    }
    for (const Coverage& slot : shapes)
      if (const Picture* picture = emoji_.picture(*paint->emoji_glyph, paint->emoji_width, paint->emoji_height))
        canvas.paint(*picture, slot.place.x, slot.place.y, paint->opacity);
    return image;
  }

  const Scene scene_;
  const Style& style_;
  const Format format_;
  const Fonts& fonts_;
  Typesetter typesetter_;  // pages_ point into it
  Emoji emoji_;
  std::vector<PlacedPage> pages_;  // one per cue
  std::unique_ptr<AssPainter> painter_;

  std::uint64_t generation_ = 0;
  std::optional<Moment> shown_;  // by the last render()
  std::optional<Moment> drawn_;  // what page_ holds
  const Overlay* current_ = nullptr;
  const Overlay empty_;
  Overlay page_;
  Overlay entering_;
};

Result<> check(const Scene& scene) {
  constexpr int kSideMin = 64, kSideMax = 8192;
  for (const int side : {scene.width, scene.height})
    if (side < kSideMin || side > kSideMax || side % 2 != 0)
      return fail(ErrorCode::invalid_argument,
                  fmt::format("captions need an even size of {} to {} pixels a side, not {}x{}", kSideMin, kSideMax,
                              scene.width, scene.height));
  if (scene.fps < 1 || scene.fps > 240)
    return fail(ErrorCode::invalid_argument, fmt::format("captions need 1 to 240 frames a second, not {}", scene.fps));
  std::int64_t end = 0;
  for (const Cue& cue : scene.cues) {
    if (cue.start_frame < end || cue.end_frame <= cue.start_frame)
      return fail(ErrorCode::invalid_argument,
                  fmt::format("the caption from frame {} to {} is out of order", cue.start_frame, cue.end_frame));
    end = cue.end_frame;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Renderer>> Renderer::make(Scene scene, const Fonts& fonts) {
  const Style* style = find_style(scene.style);
  if (!style) return fail(ErrorCode::invalid_argument, fmt::format("there is no caption style '{}'", scene.style));
  if (auto checked = check(scene); !checked) return error_of(checked);
  auto renderer = std::make_unique<LibassRenderer>(std::move(scene), *style, fonts);
  if (auto started = renderer->start(); !started) return error_of(started);
  return std::unique_ptr<Renderer>(std::move(renderer));
}

}  // namespace atelier::media::caption
